/// Squeeze and excitation: every channel is scaled by a gate that sees the means of all channels
/// (Hu et al. 2017, figure 2).
///
/// [N, channels, H, W] → the same. The two 1×1 convolutions are called as torchvision calls them, `fc1` and
/// `fc2`.
///
/// ```swift
/// SqueezeExcitation(64, squeezed: 4)
/// SqueezeExcitation(72, squeezed: 24, gate: HardSigmoid())      // Howard et al. 2019
/// ```
public struct SqueezeExcitation: Layer, CustomStringConvertible {
  let channels: Int
  let squeezed: Int
  let activation: any Layer
  let gate: any Layer

  /// - Parameters:
  ///   - channels: of the input, and so of the gate.
  ///   - squeezed: numbers that the channels' means are squeezed to.
  ///   - activation: of the squeezed numbers.
  ///   - gate: brings a number to a factor between 0 and 1.
  public init(_ channels: Int, squeezed: Int, activation: any Layer = ReLU(), gate: any Layer = Sigmoid()) {
    self.channels = channels
    self.squeezed = squeezed
    self.activation = activation
    self.gate = gate
  }

  public var description: String {
    typed(
      "SqueezeExcitation", "\(channels)", "squeezed: \(squeezed)",
      argument("activation", layerDescription(activation), default: "ReLU()"),
      argument("gate", layerDescription(gate), default: "Sigmoid()"))
  }

  public var body: some Layer {
    Multiply {
      Identity()
      Sequential {
        GlobalAveragePool().named("avgpool")
        Conv2D(squeezed, kernel: 1).named("fc1")
        activation
        Conv2D(channels, kernel: 1).named("fc2")
        gate
      }
    }
  }
}
