import FoveaGraphs

/// The rectifier whose negative side has a learned slope: x ≥ 0 ? x : weight·x (He et al. 2015).
///
/// [N, C, …] → the same; weight [1], or [C] with a slope per channel.
///
/// ```swift
/// PReLU()
/// PReLU(perChannel: true)
/// ```
public struct PReLU: Layer, CustomStringConvertible {
  let perChannel: Bool
  let initial: Double

  /// - Parameters:
  ///   - perChannel: whether every channel learns a slope of its own.
  ///   - initial: the slope at first.
  public init(perChannel: Bool = false, initial: Double = 0.25) {
    self.perChannel = perChannel
    self.initial = initial
  }

  public var description: String {
    typed("PReLU", argument("perChannel", perChannel, default: false), argument("initial", initial, default: 0.25))
  }

  public func declare(_ x: Symbol) -> Symbol {
    var fits = true
    if !initial.isFinite {
      x.reject("a slope of \(initial)", mend: "give a number, such as 0.25")
      fits = false
    }
    if perChannel, let rank = x.rank, rank < 2 {
      x.reject("the input \(x.shape) has no channels", mend: "give an input N×C×…, or leave perChannel out")
      fits = false
    }
    let weight = x.parameter(
      "weight", [perChannel ? x.channels : 1], role: .scale, initializer: .constant(fits ? initial : 0.25))
    return fits ? x.applying(Op.PRelu.self, to: [weight]) : x
  }
}

/// Numbers kept between two bounds, element by element.
///
/// ```swift
/// Clip(min: -1, max: 1)
/// Clip(min: 0)
/// ```
public struct Clip: Layer, CustomStringConvertible {
  let min: Double?
  let max: Double?

  /// - Parameters:
  ///   - min: the least result; nil for none.
  ///   - max: the largest result; nil for none.
  public init(min: Double? = nil, max: Double? = nil) {
    self.min = min
    self.max = max
  }

  public var description: String { typed("Clip", min.map { "min: \($0)" }, max.map { "max: \($0)" }) }

  public func declare(_ x: Symbol) -> Symbol {
    guard min ?? -.infinity <= max ?? .infinity else {
      x.reject(
        "nothing lies from \(min ?? -.infinity) to \(max ?? .infinity)", mend: "give a min of at most max")
      return x
    }
    var attributes: Attributes = [:]
    if let min { attributes["min"] = .float(min) }
    if let max { attributes["max"] = .float(max) }
    return x.applying(Op.Clip.self, attributes)
  }
}

/// The rectifier that stops at 6: min(max(x, 0), 6) (Howard et al. 2017).
public struct ReLU6: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Clip.self, ["min": .float(0), "max": .float(6)]) }
  public var description: String { "ReLU6()" }
}

/// x/6 + ½ kept between 0 and 1, which is ReLU6(x + 3)/6: MobileNetV3's gate (Howard et al. 2019).
public struct HardSigmoid: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.HardSigmoid.self, ["alpha": .float(1 / 6)]) }
  public var description: String { "HardSigmoid()" }
}

/// x·ReLU6(x + 3)/6, element by element: MobileNetV3's activation (Howard et al. 2019).
public struct HardSwish: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.HardSwish.self) }
  public var description: String { "HardSwish()" }
}

/// The numbers without their signs.
public struct Abs: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Abs.self) }
  public var description: String { "Abs()" }
}
