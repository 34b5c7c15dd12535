import FoveaGraphs

/// Transposed convolution: every input spreads a kernel over the output, `stride` apart. It is the adjoint of
/// the convolution with the same arguments and undoes its change of size, not its values
/// (Dumoulin and Visin 2016).
///
/// [N, C, H, W] → [N, channels, H′, W′] with H′ = (H − 1)·stride + dilation·(kernel − 1) + 1 + outputPadding −
/// padding; weight [C, channels/groups, kernel…], bias [channels]. C is inferred.
///
/// ```swift
/// ConvTranspose2D(64, kernel: 2, stride: 2)      // doubles the picture: Ronneberger et al. 2015
/// ConvTranspose2D(64, kernel: 3, stride: 2, padding: .same, outputPadding: 1)
/// ```
public struct ConvTranspose2D: Layer, CustomStringConvertible {
  var convolution: TransposedConvolution

  /// - Parameters:
  ///   - channels: number of output channels.
  ///   - padding: what the convolution that this one turns around would pad, so it is cut off the output.
  ///   - outputPadding: further outputs at the end of each axis, fewer than the stride: of the
  ///     sizes that the convolution would bring to the input's, the one that is meant.
  public init(
    _ channels: Int, kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid,
    outputPadding: any PerAxis = 0, dilation: any PerAxis = 1, groups: Int = 1, bias: Bool = true
  ) {
    convolution = TransposedConvolution(
      axes: 2, channels: channels, kernel: kernel, stride: stride, padding: padding, outputPadding: outputPadding,
      dilation: dilation, groups: groups, bias: bias)
  }

  public func declare(_ x: Symbol) -> Symbol { convolution.declare(x) }
  public var description: String { convolution.description }
}

/// Transposed convolution along a signal: [N, C, L] → [N, channels, L′].
///
/// ```swift
/// ConvTranspose1D(16, kernel: 4, stride: 2, padding: 1)      // L′ = 2·L
/// ```
public struct ConvTranspose1D: Layer, CustomStringConvertible {
  let convolution: TransposedConvolution

  /// Takes what `ConvTranspose2D` takes, for one axis.
  public init(
    _ channels: Int, kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid,
    outputPadding: any PerAxis = 0, dilation: any PerAxis = 1, groups: Int = 1, bias: Bool = true
  ) {
    convolution = TransposedConvolution(
      axes: 1, channels: channels, kernel: kernel, stride: stride, padding: padding, outputPadding: outputPadding,
      dilation: dilation, groups: groups, bias: bias)
  }

  public func declare(_ x: Symbol) -> Symbol { convolution.declare(x) }
  public var description: String { convolution.description }
}

/// Transposed convolution through a volume: [N, C, D, H, W] → [N, channels, D′, H′, W′].
///
/// ```swift
/// ConvTranspose3D(32, kernel: 2, stride: 2)      // Çiçek et al. 2016
/// ```
public struct ConvTranspose3D: Layer, CustomStringConvertible {
  let convolution: TransposedConvolution

  /// Takes what `ConvTranspose2D` takes, for three axes.
  public init(
    _ channels: Int, kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid,
    outputPadding: any PerAxis = 0, dilation: any PerAxis = 1, groups: Int = 1, bias: Bool = true
  ) {
    convolution = TransposedConvolution(
      axes: 3, channels: channels, kernel: kernel, stride: stride, padding: padding, outputPadding: outputPadding,
      dilation: dilation, groups: groups, bias: bias)
  }

  public func declare(_ x: Symbol) -> Symbol { convolution.declare(x) }
  public var description: String { convolution.description }
}

/// A transposed convolution along any number of axes.
struct TransposedConvolution: Sendable, CustomStringConvertible {
  let axes: Int
  let channels: Int
  let kernel: any PerAxis
  let stride: any PerAxis
  let padding: Padding
  let outputPadding: any PerAxis
  let dilation: any PerAxis
  let groups: Int
  let bias: Bool
  /// How the parameters start, where a network does not leave it to the scheme.
  var starts = Starts()

  var description: String {
    typed(
      "ConvTranspose\(axes)D", "\(channels)", "kernel: \(kernel.typed)", argument("stride", stride, default: 1),
      argument("padding", padding, default: .valid), argument("outputPadding", outputPadding, default: 0),
      argument("dilation", dilation, default: 1), argument("groups", groups, default: 1),
      argument("bias", bias, default: true))
  }

  func declare(_ x: Symbol) -> Symbol {
    let fits = x.checkedRank(
      axes + 2, layout: layoutName(axes: axes),
      mend: x.mend(
        forAxes: "ConvTranspose",
        or: "a transposed convolution needs spatial axes: put Reshape([channels, …]) before it"))
    let window = Window(x, axes: axes, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    let further = x.checked("outputPadding", outputPadding, axes: axes, atLeast: 0)
    let outputs = x.checked("channels", channels, atLeast: 1)
    let inputs = fits ? x.channels : nil
    let groups = x.checkedGroups(groups, outputs: outputs, inputs: inputs)
    let perGroup = groups.flatMap { groups in outputs.map { $0 / groups } }

    // PyTorch's fan-in of a transposed convolution: what one input reaches.
    let area = (window?.kernel ?? []).reduce(1, Convolution.product)
    let fan = Initializer.fan(
      nil, fanIn: Convolution.product(perGroup ?? 1, area), fanOut: Convolution.product(inputs ?? 1, area))
    let extents = window.map { $0.kernel.map(Optional.some) } ?? [Int?](repeating: nil, count: axes)
    let weight = x.parameter("weight", [inputs, perGroup] + extents, role: .weight, initializer: starts.weight ?? fan)
    let shift = bias ? x.parameter("bias", [outputs], role: .bias, initializer: starts.bias ?? fan) : nil

    guard fits, let window, let further, let groups, outputs != nil else {
      return x.poisoned([fits ? x.shape[0] : nil, outputs] + [Int?](repeating: nil, count: axes))
    }
    var attributes = window.attributes
    if groups != 1 { attributes["group"] = .int(groups) }
    if further.contains(where: { $0 != 0 }) { attributes["output_padding"] = .ints(further) }
    return x.applying(Op.ConvTranspose.self, to: [weight, shift], attributes)
  }
}
