import FoveaGraphs

/// A stack of causal convolutions of dilation 1, 2, 4 …, for forecasting: no output sees what comes later
/// (van den Oord et al. 2016, figures 3 and 4).
///
/// [N, C, L] → [N, outputs, L], of signals of any length; output t is computed from inputs up to t. Kernels are 2
/// wide, so 8 layers see 256 inputs; with 32 channels they have 50,273 parameters for one input and one output.
/// Each layer gates, tanh·σ, is added to its input, and gives a part of the sum from which the outputs are made.
///
/// ```swift
/// let model = try Model(input: [1, 256]) { Causal1D(outputs: 1) }      // outputs shifted by one are a forecast
/// ```
public struct Causal1D: Layer, CustomStringConvertible {
  let channels: Int
  let layers: Int
  let outputs: Int

  /// - Parameters:
  ///   - layers: at least 1 and at most 24; layer i, from 0, has dilation 2ⁱ.
  ///   - outputs: numbers that are forecast at each time.
  public init(channels: Int = 32, layers: Int = 8, outputs: Int) {
    self.channels = channels
    self.layers = layers
    self.outputs = outputs
  }

  public var description: String {
    typed(
      "Causal1D", argument("channels", channels, default: 32), argument("layers", layers, default: 8),
      "outputs: \(outputs)")
  }

  public func declare(_ x: Symbol) -> Symbol {
    guard (1...24).contains(layers) else {
      x.reject("\(layers) layers", mend: "give 1 to 24: dilations double from layer to layer")
      return x.poisoned([x.shape[0], outputs, x.shape[2]])
    }
    var y = Conv1D(channels, kernel: 1).named("start")(x)
    var sum: Symbol?
    for index in 0..<layers {
      func conv(_ name: String) -> ModifiedLayer {
        Conv1D(channels, kernel: 2, padding: .causal, dilation: 1 << index).named("layer\(index).\(name)")
      }
      let gated = Tanh()(conv("filter")(y)) * Sigmoid()(conv("gate")(y))
      let part = Conv1D(channels, kernel: 1).named("layer\(index).skip")(gated)
      sum = sum.map { $0 + part } ?? part
      // Nothing comes behind the last layer that would add it to its input.
      if index + 1 < layers { y = y + Conv1D(channels, kernel: 1).named("layer\(index).residual")(gated) }
    }
    let hidden = ReLU()(Conv1D(channels, kernel: 1).named("end1")(ReLU()(sum ?? y)))
    return Conv1D(outputs, kernel: 1).named("end2")(hidden)
  }
}
