import FoveaGraphs

/// A fully connected layer: every output is a weighted sum of all inputs, plus a bias.
///
/// [N, inputs] → [N, units]; weight [units, inputs], bias [units]. The number of inputs is inferred.
///
/// ```swift
/// Flatten()
/// Dense(10)
/// ```
public struct Dense: Layer, CustomStringConvertible {
  let units: Int
  let bias: Bool
  /// How the parameters start, where a network does not leave it to the scheme.
  var starts = Starts()

  public init(_ units: Int, bias: Bool = true) {
    self.units = units
    self.bias = bias
  }

  public var description: String { typed("Dense", "\(units)", argument("bias", bias, default: true)) }

  public func declare(_ x: Symbol) -> Symbol {
    let fits = x.checkedRank(2, layout: "N×features", mend: "put Flatten() before the layer")
    let outputs = x.checked("units", units, atLeast: 1)
    let inputs = fits ? x.shape[1] : nil
    let fan = Initializer.fan(nil, fanIn: inputs ?? 1, fanOut: outputs ?? 1)
    let weight = x.parameter("weight", [outputs, inputs], role: .weight, initializer: starts.weight ?? fan)
    let shift = bias ? x.parameter("bias", [outputs], role: .bias, initializer: starts.bias ?? fan) : nil
    guard fits, outputs != nil else { return x.poisoned([x.shape[0], outputs]) }
    return x.applying(Op.Gemm.self, to: [weight, shift], ["transB": .int(1)])
  }
}
