import FoveaGraphs

/// A pooling along any number of axes.
struct Pooling: Sendable, CustomStringConvertible {
  /// `MaxPool` or `AveragePool`.
  let family: String
  let axes: Int
  let size: any PerAxis
  let stride: (any PerAxis)?
  let padding: Padding
  let ceilMode: Bool
  /// Arguments that only one family has, as typed.
  var more: [String?] = []

  var description: String {
    let arguments = [
      size.typed, stride.map { "stride: \($0.typed)" }, argument("padding", padding, default: .valid),
      argument("ceilMode", ceilMode, default: false),
    ]
    return "\(family)\(axes)D(" + (arguments + more).compactMap { $0 }.joined(separator: ", ") + ")"
  }

  func declare(_ x: Symbol, _ op: any Operator.Type, _ further: Attributes = [:]) -> Symbol {
    let fits = x.checkedRank(
      axes + 2, layout: layoutName(axes: axes),
      mend: x.mend(forAxes: family, or: "pool before Flatten(), or reshape the input"))
    let window = Window(x, axes: axes, kernel: size, stride: stride ?? size, padding: padding)
    guard fits, let window else {
      let lead = fits ? [x.shape[0], x.channels] : [nil, nil]
      return x.poisoned(lead + [Int?](repeating: nil, count: axes))
    }
    var attributes = window.attributes
    attributes["kernel_shape"] = .ints(window.kernel)
    if ceilMode { attributes["ceil_mode"] = .int(1) }
    for (name, value) in further.entries { attributes[name] = value }
    return x.applying(op, attributes)
  }
}
