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
  let convolution: Convolution

  /// - Parameters:
  ///   - channels: number of kernels, and of output channels.
  ///   - groups: number of groups of channels that do not see each other; the number of input channels for
  ///     a depthwise convolution.
  public init(
    _ channels: Int, kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid,
    dilation: any PerAxis = 1, groups: Int = 1, bias: Bool = true
  ) {
    convolution = Convolution(
      axes: 2, channels: channels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias)
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
    dilation: any PerAxis = 1, groups: Int = 1, bias: Bool = true
  ) {
    convolution = Convolution(
      axes: 1, channels: channels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups, bias: bias)
  }

  public func declare(_ x: Symbol) -> Symbol { convolution.declare(x) }
  public var description: String { convolution.description }
}

/// A convolution along any number of axes.
struct Convolution: Sendable, CustomStringConvertible {
  let axes: Int
  let channels: Int
  let kernel: any PerAxis
  let stride: any PerAxis
  let padding: Padding
  let dilation: any PerAxis
  let groups: Int
  let bias: Bool

  var description: String {
    typed(
      "Conv\(axes)D", "\(channels)", "kernel: \(kernel.typed)", argument("stride", stride, default: 1),
      argument("padding", padding, default: .valid), argument("dilation", dilation, default: 1),
      argument("groups", groups, default: 1), argument("bias", bias, default: true))
  }

  func declare(_ x: Symbol) -> Symbol {
    let fits = x.checkedRank(
      axes + 2, layout: axes == 1 ? "N×C×L" : "N×C×H×W",
      mend: x.rank.map { 3...4 ~= $0 } == true
        ? "use Conv\((x.rank ?? 2) - 2)D" : "a convolution needs spatial axes: place it before Flatten() and Dense")
    let window = Window(x, axes: axes, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    let outputs = x.checked("channels", channels, atLeast: 1)
    let groups = checkedGroups(x, outputs: outputs, inputs: fits ? x.channels : nil)
    let perGroup = groups.flatMap { groups in fits ? x.channels.map { $0 / groups } : nil }

    // The parameters are declared even when something does not fit, so that no path depends on a mistake.
    let taps = window?.kernel ?? []
    let area = taps.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    let fan = Initializer.fan(
      nil, fanIn: Convolution.product(perGroup ?? 1, area), fanOut: Convolution.product(outputs ?? 1, area))
    let extents = window.map { $0.kernel.map(Optional.some) } ?? [Int?](repeating: nil, count: axes)
    let weight = x.parameter("weight", [outputs, perGroup] + extents, role: .weight, initializer: fan)
    let shift = bias ? x.parameter("bias", [outputs], role: .bias, initializer: fan) : nil

    guard fits, let window, let groups, outputs != nil else {
      return x.poisoned([fits ? x.shape[0] : nil, outputs] + [Int?](repeating: nil, count: axes))
    }
    var attributes = window.attributes
    if groups != 1 { attributes["group"] = .int(groups) }
    return x.applying(Op.Conv.self, to: [weight, shift], attributes)
  }

  private static func product(_ a: Int, _ b: Int) -> Int {
    let (result, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? Int.max : result
  }

  /// The number of groups when it divides both numbers of channels.
  private func checkedGroups(_ x: Symbol, outputs: Int?, inputs: Int?) -> Int? {
    guard let groups = x.checked("groups", groups, atLeast: 1) else { return nil }
    let sides = [("input", inputs), ("output", outputs)].compactMap { side, count in
      count.flatMap { $0 % groups == 0 ? nil : (side: side, count: $0) }
    }
    guard let first = sides.first else { return groups }
    x.reject(
      sides.map { "\($0.count) \($0.side)" }.joined(separator: " and ")
        + " channels do not split into \(groups) groups",
      mend: "choose a number of groups that divides "
        + (sides.count == 1 ? "\(first.count)" : "both numbers of channels"))
    return nil
  }
}
