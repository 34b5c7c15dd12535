import FoveaGraphs

/// The rectifier max(0, x), element by element (Nair and Hinton 2010).
public struct ReLU: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Relu.self) }
  public var description: String { "ReLU()" }
}

/// Turns scores into probabilities along an axis: exp(xᵢ) / Σ exp(xⱼ). [N, classes] → the same.
///
/// A network that is trained ends in the scores; the loss and the prediction apply softmax themselves.
public struct Softmax: Layer, CustomStringConvertible {
  let axis: Int

  /// - Parameter axis: 1, the classes or channels, unless given; negative ones count from the end.
  public init(axis: Int = 1) { self.axis = axis }

  public var description: String { typed("Softmax", argument("axis", axis, default: 1)) }

  public func declare(_ x: Symbol) -> Symbol {
    x.hasAxis(axis) ? x.applying(Op.Softmax.self, ["axis": .int(axis)]) : x
  }
}

/// The logistic function 1 / (1 + exp(−x)), element by element: gates, and probabilities of yes or no.
public struct Sigmoid: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Sigmoid.self) }
  public var description: String { "Sigmoid()" }
}

/// The hyperbolic tangent, element by element: the squashing of LeCun et al. 1998.
public struct Tanh: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Tanh.self) }
  public var description: String { "Tanh()" }
}

/// The rectifier that lets a part of the negative side through: x ≥ 0 ? x : slope·x (Maas et al. 2013).
///
/// ```swift
/// LeakyReLU(0.1)      // Redmon et al. 2015
/// ```
public struct LeakyReLU: Layer, CustomStringConvertible {
  let slope: Double

  /// - Parameter slope: of the negative side, at least 0.
  public init(_ slope: Double = 0.01) { self.slope = slope }

  public var description: String { slope == 0.01 ? "LeakyReLU()" : typed("LeakyReLU", "\(slope)") }

  public func declare(_ x: Symbol) -> Symbol {
    guard slope >= 0, slope.isFinite else {
      x.reject("a slope of \(slope)", mend: "give a number of at least 0, such as 0.01")
      return x
    }
    return x.applying(Op.LeakyRelu.self, ["alpha": .float(slope)])
  }
}

/// The logarithm of softmax along an axis, without the loss of digits of doing one after the other.
/// [N, classes] → the same.
public struct LogSoftmax: Layer, CustomStringConvertible {
  let axis: Int

  /// - Parameter axis: 1, the classes or channels, unless given; negative ones count from the end.
  public init(axis: Int = 1) { self.axis = axis }

  public var description: String { typed("LogSoftmax", argument("axis", axis, default: 1)) }

  public func declare(_ x: Symbol) -> Symbol {
    x.hasAxis(axis) ? x.applying(Op.LogSoftmax.self, ["axis": .int(axis)]) : x
  }
}

extension Symbol {
  /// Reports an axis that the shape does not have.
  fileprivate func hasAxis(_ axis: Int) -> Bool {
    guard let rank, !(-rank..<rank).contains(axis) else { return true }
    reject("the input \(shape) has no axis \(axis)", mend: "choose one from \(-rank) to \(rank - 1)")
    return false
  }
}
