/// The residual block whose ends are narrow and linear and whose middle is wide: a 1×1 convolution expands, a
/// depthwise one looks, a 1×1 one projects back (Sandler et al. 2018, figure 3).
///
/// [N, inputs, H, W] → [N, channels, H/stride, W/stride]. The input is added where nothing changes the shape.
/// Layers are called as in torchvision's newer networks, in a list `block`; `mobilenet_v2` calls it `conv` and does
/// without the last list within the list.
struct InvertedResidual: Layer, CustomStringConvertible {
  let inputs: Int
  let channels: Int
  let expanded: Int
  let kernel: Int
  let stride: Int
  let norm: BatchNorm
  let activation: any Layer
  /// What stands between the depthwise convolution and the projection.
  let gate: SqueezeExcitation?
  /// The probability that a training step leaves the block out for an example.
  let drop: Double
  let style: Style

  /// Whose names the layers have.
  enum Style { case block, mobileNetV2 }

  init(
    _ inputs: Int, to channels: Int, expanded: Int, kernel: Int = 3, stride: Int = 1, norm: BatchNorm = BatchNorm(),
    activation: any Layer, gate: SqueezeExcitation? = nil, drop: Double = 0, style: Style = .block
  ) {
    self.inputs = inputs
    self.channels = channels
    self.expanded = expanded
    self.kernel = kernel
    self.stride = stride
    self.norm = norm
    self.activation = activation
    self.gate = gate
    self.drop = drop
    self.style = style
  }

  var description: String {
    typed(
      "InvertedResidual", "\(inputs)", "to: \(channels)", "expanded: \(expanded)",
      argument("kernel", kernel, default: 3), argument("stride", stride, default: 1),
      argument("norm", norm.description, default: BatchNorm().description),
      "activation: \(layerDescription(activation))", gate.map { "gate: \($0)" },
      argument("drop", drop, default: 0))
  }

  var body: some Layer {
    if stride == 1 && inputs == channels {
      Add {
        if drop > 0 {
          Sequential {
            branch
            StochasticDepth(drop)
          }
        } else {
          branch
        }
        Identity()
      }
    } else {
      branch
    }
  }

  private var branch: any Layer {
    let layers = Sequential {
      if expanded != inputs { ConvNormActivation(expanded, kernel: 1, norm: norm, activation: activation) }
      ConvNormActivation(
        expanded, kernel: kernel, stride: stride, groups: expanded, norm: norm, activation: activation)
      if let gate { gate }
      switch style {
      case .block: ConvNormActivation(channels, kernel: 1, norm: norm)
      case .mobileNetV2:
        Conv2D(channels, kernel: 1, bias: false)
        norm
      }
    }
    return layers.named(style == .block ? "block" : "conv")
  }
}
