/// A convolution without bias, a norm, and an activation unless there is none: what the later networks of
/// torchvision are made of (its `Conv2dNormActivation`).
///
/// [N, C, H, W] → [N, channels, H/stride, W/stride]; parameters under `0` and `1`.
///
/// ```swift
/// ConvNormActivation(32, stride: 2, activation: ReLU6())
/// ConvNormActivation(16, kernel: 1)      // a linear bottleneck
/// ```
struct ConvNormActivation: Layer, CustomStringConvertible {
  let channels: Int
  let kernel: Int
  let stride: Int
  let groups: Int
  let norm: BatchNorm
  let activation: (any Layer)?

  init(
    _ channels: Int, kernel: Int = 3, stride: Int = 1, groups: Int = 1, norm: BatchNorm = BatchNorm(),
    activation: (any Layer)? = nil
  ) {
    self.channels = channels
    self.kernel = kernel
    self.stride = stride
    self.groups = groups
    self.norm = norm
    self.activation = activation
  }

  var description: String {
    typed(
      "ConvNormActivation", "\(channels)", argument("kernel", kernel, default: 3),
      argument("stride", stride, default: 1), argument("groups", groups, default: 1),
      argument("norm", norm.description, default: BatchNorm().description),
      activation.map { "activation: \(layerDescription($0))" })
  }

  var body: some Layer {
    Conv2D(channels, kernel: kernel, stride: stride, padding: .same, groups: groups, bias: false)
    norm
    if let activation { activation }
  }
}

/// A convolution without bias, a norm and ReLU under the names `conv` and `bn`: the unit of torchvision's
/// inception networks (its `BasicConv2d`).
struct ConvNormReLU: Layer, CustomStringConvertible {
  let channels: Int
  let kernel: any PerAxis
  let stride: Int
  let padding: Padding

  init(_ channels: Int, kernel: any PerAxis, stride: Int = 1, padding: Padding = .valid) {
    self.channels = channels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  var description: String {
    typed(
      "ConvNormReLU", "\(channels)", "kernel: \(kernel.typed)", argument("stride", stride, default: 1),
      argument("padding", padding, default: .valid))
  }

  var body: some Layer {
    Conv2D(channels, kernel: kernel, stride: stride, padding: padding, bias: false).named("conv")
    BatchNorm(epsilon: 0.001).named("bn")
    ReLU()
  }
}
