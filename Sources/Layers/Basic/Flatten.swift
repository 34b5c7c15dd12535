import FoveaGraphs

/// Puts all axes after the batch into one: [N, C, H, W] → [N, C·H·W].
public struct Flatten: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Flatten.self, ["axis": .int(1)]) }
  public var description: String { "Flatten()" }
}

/// In training, sets each element to zero with probability `rate` and scales the others by 1/(1 − rate);
/// in evaluation hands its input on (Srivastava et al. 2014).
public struct Dropout: Layer, CustomStringConvertible {
  let rate: Double

  public init(_ rate: Double = 0.5) { self.rate = rate }

  public var description: String { typed("Dropout", "\(rate)") }

  public func declare(_ x: Symbol) -> Symbol {
    guard rate >= 0, rate < 1 else {
      x.reject("a rate of \(rate) drops everything or is no probability", mend: "use a rate from 0 to below 1")
      return x
    }
    return x.applying(Op.Dropout.self, ["ratio": .float(rate)], pathAttribute: "stream")
  }
}

/// In training, sets a whole example to zero with probability `rate` and scales the others by 1/(1 − rate); in
/// evaluation hands its input on (Huang et al. 2016, stochastic depth).
///
/// At the end of a residual block's branch it leaves the block out for that example.
///
/// ```swift
/// Add { Sequential { Conv2D(64, kernel: 3, padding: .same); StochasticDepth(0.1) }; Identity() }
/// ```
public struct StochasticDepth: Layer, CustomStringConvertible {
  let rate: Double

  public init(_ rate: Double) { self.rate = rate }

  public var description: String { typed("StochasticDepth", "\(rate)") }

  public func declare(_ x: Symbol) -> Symbol {
    guard rate >= 0, rate < 1 else {
      x.reject("a rate of \(rate) drops everything or is no probability", mend: "use a rate from 0 to below 1")
      return x
    }
    return x.applying(
      Op.Dropout.self, ["ratio": .float(rate), "drawn_axes": .int(1)], pathAttribute: "stream")
  }
}
