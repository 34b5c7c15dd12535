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
    if let rank = x.rank, !(-rank..<rank).contains(axis) {
      x.reject("the input \(x.shape) has no axis \(axis)", mend: "choose one from \(-rank) to \(rank - 1)")
      return x
    }
    return x.applying(Op.Softmax.self, ["axis": .int(axis)])
  }
}
