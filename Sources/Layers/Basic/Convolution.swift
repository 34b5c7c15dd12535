import FoveaGraphs

/// A convolution along any number of axes.
struct Convolution: Sendable, CustomStringConvertible {
  /// How the parameters start, where a network does not leave it to the scheme.
  var starts = Starts()
  let axes: Int
  let channels: Int
  let kernel: any PerAxis
  let stride: any PerAxis
  let padding: Padding
  let dilation: any PerAxis
  let groups: Int
  let bias: Bool
  /// Turns the kernel around: the mathematicians' convolution.
  var flipped = false

  var description: String {
    typed(
      "Conv\(axes)D", "\(channels)", "kernel: \(kernel.typed)", argument("stride", stride, default: 1),
      argument("padding", padding, default: .valid), argument("dilation", dilation, default: 1),
      argument("groups", groups, default: 1), argument("bias", bias, default: true),
      argument("flipped", flipped, default: false))
  }

  func declare(_ x: Symbol) -> Symbol {
    let fits = x.checkedRank(
      axes + 2, layout: layoutName(axes: axes),
      mend: x.mend(forAxes: "Conv", or: "a convolution needs spatial axes: place it before Flatten() and Dense"))
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
    let weight = x.parameter("weight", [outputs, perGroup] + extents, role: .weight, initializer: starts.weight ?? fan)
    let shift = bias ? x.parameter("bias", [outputs], role: .bias, initializer: starts.bias ?? fan) : nil

    guard fits, let window, let groups, outputs != nil else {
      return x.poisoned([fits ? x.shape[0] : nil, outputs] + [Int?](repeating: nil, count: axes))
    }
    var attributes = window.attributes
    if groups != 1 { attributes["group"] = .int(groups) }
    return x.applying(Op.Conv.self, to: [flipped ? turned(weight) : weight, shift], attributes)
  }

  /// The weights with every kernel axis back to front.
  private func turned(_ weight: Symbol) -> Symbol {
    let list = [Int](repeating: -1, count: axes)
    return weight.applying(
      Op.Slice.self,
      [
        "starts": .ints(list), "ends": .ints(list.map { _ in -2 * Symbol.largestAttribute }), "steps": .ints(list),
        "axes": .ints(Array(2..<(axes + 2))),
      ])
  }

  static func product(_ a: Int, _ b: Int) -> Int {
    let (result, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? Int.max : result
  }

  private func checkedGroups(_ x: Symbol, outputs: Int?, inputs: Int?) -> Int? {
    x.checkedGroups(groups, outputs: outputs, inputs: inputs)
  }
}

/// What a batch with so many spatial axes is called in messages.
func layoutName(axes: Int) -> String { "N×C" + ["×L", "×H×W", "×D×H×W"][min(max(axes, 1), 3) - 1] }

extension Symbol {
  /// The layer of a family (`Conv`, `MaxPool`) that takes this rank, or else `other`.
  func mend(forAxes family: String, or other: String) -> String {
    guard let rank, 3...5 ~= rank else { return other }
    return "use \(family)\(rank - 2)D"
  }

  /// The number of groups when it divides both numbers of channels.
  func checkedGroups(_ groups: Int, outputs: Int?, inputs: Int?) -> Int? {
    guard let groups = checked("groups", groups, atLeast: 1) else { return nil }
    let sides = [("input", inputs), ("output", outputs)].compactMap { side, count in
      count.flatMap { $0 % groups == 0 ? nil : (side: side, count: $0) }
    }
    guard let first = sides.first else { return groups }
    reject(
      sides.map { "\($0.count) \($0.side)" }.joined(separator: " and ")
        + " channels do not split into \(groups) groups",
      mend: "choose a number of groups that divides "
        + (sides.count == 1 ? "\(first.count)" : "both numbers of channels"))
    return nil
  }
}
