import FoveaGraphs

/// Two-dimensional convolution (cross-correlation, as networks mean it) with an optional bias.
///
/// [N, C, H, W] → [N, channels, H′, W′]; weight [channels, C/groups, kernel…], bias [channels]. The number
/// of input channels C is inferred. LeCun et al. 1989.
///
/// ```swift
/// Conv2D(64, kernel: 5, padding: .same)
/// Conv2D(128, kernel: [1, 7], stride: 2, padding: .explicit([0, 3]), bias: false)
/// ```
public struct Conv2D: Layer, CustomStringConvertible {
  var convolution: Convolution

  /// - Parameters:
  ///   - channels: number of kernels, and of output channels.
  ///   - groups: number of groups of channels that do not see each other; the number of input channels for
  ///     a depthwise convolution.
  ///   - flipped: turns every kernel around before it slides: convolution as mathematics and signal processing
  ///     mean it. With `padding: .full` it gives every overlap: [1, 2, 3] ∗ [0, 1] = [0, 1, 2, 3].
  public init(
    _ channels: Int, kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid,
    dilation: any PerAxis = 1, groups: Int = 1, bias: Bool = true, flipped: Bool = false
  ) {
    convolution = Convolution(
      axes: 2, channels: channels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias, flipped: flipped)
  }

  public func declare(_ x: Symbol) -> Symbol { convolution.declare(x) }
  public var description: String { convolution.description }
}

/// One-dimensional convolution: [N, C, L] → [N, channels, L′], for signals.
///
/// ```swift
/// Conv1D(15, kernel: 3, stride: 2)
/// Conv1D(32, kernel: 2, padding: .causal, dilation: 4)    // van den Oord et al. 2016
/// ```
public struct Conv1D: Layer, CustomStringConvertible {
  let convolution: Convolution

  /// Takes what `Conv2D` takes, for one axis.
  public init(
    _ channels: Int, kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid,
    dilation: any PerAxis = 1, groups: Int = 1, bias: Bool = true, flipped: Bool = false
  ) {
    convolution = Convolution(
      axes: 1, channels: channels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias, flipped: flipped)
  }

  public func declare(_ x: Symbol) -> Symbol { convolution.declare(x) }
  public var description: String { convolution.description }
}

/// Three-dimensional convolution: [N, C, D, H, W] → [N, channels, D′, H′, W′], for volumes and films
/// (Tran et al. 2015).
///
/// ```swift
/// Conv3D(16, kernel: 3, padding: .same)
/// ```
public struct Conv3D: Layer, CustomStringConvertible {
  let convolution: Convolution

  /// Takes what `Conv2D` takes, for three axes.
  public init(
    _ channels: Int, kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid,
    dilation: any PerAxis = 1, groups: Int = 1, bias: Bool = true, flipped: Bool = false
  ) {
    convolution = Convolution(
      axes: 3, channels: channels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias, flipped: flipped)
  }

  public func declare(_ x: Symbol) -> Symbol { convolution.declare(x) }
  public var description: String { convolution.description }
}
