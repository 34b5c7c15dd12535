import FoveaGraphs

/// Local response normalization: divides every number by a power of the sum of squares of its neighbouring
/// channels, x / (k + alpha/size·Σx²)^beta (Krizhevsky et al. 2012).
///
/// [N, C, …] → the same. As in PyTorch and Caffe, alpha is divided by the number of channels summed over; the
/// paper's own alpha is not.
///
/// ```swift
/// LocalResponseNorm(5, alpha: 5e-4, k: 2)      // Krizhevsky et al. 2012: their alpha is 1e-4
/// ```
public struct LocalResponseNorm: Layer, CustomStringConvertible {
  let size: Int
  let alpha: Double
  let beta: Double
  let k: Double

  /// - Parameters:
  ///   - size: number of neighbouring channels summed over, the channel itself among them.
  ///   - alpha: weight of the mean square.
  ///   - beta: the power.
  ///   - k: added to the sum.
  public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
  }

  public var description: String {
    typed(
      "LocalResponseNorm", "\(size)", argument("alpha", alpha, default: 1e-4), argument("beta", beta, default: 0.75),
      argument("k", k, default: 1))
  }

  public func declare(_ x: Symbol) -> Symbol {
    var fits = x.checked("size", size, atLeast: 1) != nil
    for (name, value) in [("alpha", alpha), ("beta", beta), ("k", k)] where !(value >= 0 && value.isFinite) {
      x.reject("\(name) \(value)", mend: "give a number of at least 0")
      fits = false
    }
    if fits, k == 0 {
      x.reject("k 0 divides by 0 where a neighbourhood is silent", mend: "use a positive k, such as 1")
      fits = false
    }
    if let rank = x.rank, rank < 3 {
      x.reject("the input \(x.shape) has no maps", mend: "place it before Flatten()")
      fits = false
    }
    guard fits else { return x }
    return x.applying(
      Op.LRN.self, ["size": .int(size), "alpha": .float(alpha), "beta": .float(beta), "bias": .float(k)])
  }
}
