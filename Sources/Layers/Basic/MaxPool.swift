import FoveaGraphs

/// The largest element under a sliding window, channel by channel.
///
/// [N, C, H, W] → [N, C, H′, W′]. The stride is the window's size unless given.
///
/// ```swift
/// MaxPool2D(2)
/// MaxPool2D(3, stride: 2)     // overlapping: Krizhevsky et al. 2012
/// ```
public struct MaxPool2D: Layer, CustomStringConvertible {
  let size: any PerAxis
  let stride: (any PerAxis)?
  let padding: Padding

  public init(_ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid) {
    self.size = size
    self.stride = stride
    self.padding = padding
  }

  public var description: String {
    typed(
      "MaxPool2D", size.typed, stride.map { "stride: \($0.typed)" }, argument("padding", padding, default: .valid))
  }

  public func declare(_ x: Symbol) -> Symbol {
    let fits = x.checkedRank(4, layout: "N×C×H×W", mend: "pool before Flatten(), or reshape the input")
    let window = Window(x, axes: 2, kernel: size, stride: stride ?? size, padding: padding)
    guard fits, let window else {
      return x.poisoned(fits ? [x.shape[0], x.channels, nil, nil] : [nil, nil, nil, nil])
    }
    var attributes = window.attributes
    attributes["kernel_shape"] = .ints(window.kernel)
    return x.applying(Op.MaxPool.self, attributes)
  }
}
