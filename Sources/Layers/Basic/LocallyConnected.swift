import FoveaGraphs

/// A convolution whose kernels are not shared: every place has weights and biases of its own (LeCun 1989; Taigman et
/// al. 2014).
///
/// [N, C, H, W] → [N, channels, H′, W′]; weight [H′·W′, channels, C·taps], bias [channels, H′, W′]. The weights fix
/// the size of the picture, which may not be open.
///
/// ```swift
/// LocallyConnected2D(16, kernel: 9)
/// ```
public struct LocallyConnected2D: Layer, CustomStringConvertible {
  let channels: Int
  let kernel: any PerAxis
  let stride: any PerAxis
  let padding: Padding
  let dilation: any PerAxis
  let bias: Bool

  /// Takes what `Conv2D` takes, without groups.
  public init(
    _ channels: Int, kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid,
    dilation: any PerAxis = 1, bias: Bool = true
  ) {
    self.channels = channels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.bias = bias
  }

  public var description: String {
    typed(
      "LocallyConnected2D", "\(channels)", "kernel: \(kernel.typed)", argument("stride", stride, default: 1),
      argument("padding", padding, default: .valid), argument("dilation", dilation, default: 1),
      argument("bias", bias, default: true))
  }

  public func declare(_ x: Symbol) -> Symbol {
    let fits = x.checkedRank(
      4, layout: layoutName(axes: 2), mend: "place it before Flatten() and Dense, where there are places")
    let window = Window(x, axes: 2, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    let outputs = x.checked("channels", channels, atLeast: 1)
    let isFixed = fits && x.isFixed(2, what: "weights of their own for every place")
    var attributes = window?.attributes ?? [:]
    attributes["kernel_shape"] = .ints(window?.kernel ?? [])
    let isUsable = fits && isFixed && window != nil && outputs != nil

    // The places are known only with the input's size; an unknown one was reported before.
    let places = isUsable ? Op.LocallyConnected.places(x.shape, attributes) : nil
    let taps = window.flatMap { window in
      x.channels.map { Convolution.product($0, Convolution.product(window.kernel[0], window.kernel[1])) }
    }
    let count = places.map { Convolution.product($0[0], $0[1]) }
    let fan = Initializer.fan(nil, fanIn: taps ?? 1, fanOut: outputs ?? 1)
    let weight = x.parameter("weight", [count, outputs, taps], role: .weight, initializer: fan)
    let shift =
      bias
      ? x.parameter("bias", [outputs, places?[0], places?[1]], role: .bias, initializer: fan) : nil
    guard isUsable, places != nil else {
      // The rule of its columns says what does not fit.
      if isUsable { _ = x.applying(Op.Im2Col.self, attributes) }
      return x.poisoned([fits ? x.shape[0] : nil, outputs, nil, nil])
    }
    return x.applying(Op.LocallyConnected.self, to: [weight, shift], attributes)
  }
}

extension Symbol {
  /// Reports that some of the last axes may change from run to run, where parameters need a size for good.
  func isFixed(_ axes: Int, what: String) -> Bool {
    let open = declaration.graph.shapeWithOpenSizes(value)
    guard let known = shape.dims, let found = open.dims, known.count == found.count else { return true }
    let moving = (0..<known.count).suffix(axes).filter { known[$0] != nil && found[$0] == nil }
    guard let axis = moving.first else { return true }
    reject(
      "axis \(axis) of the input \(shape) may change from run to run, but \(what) need one size",
      mend: "declare the input with a fixed size, e.g. [3, 32, 32], or pool to a fixed size before")
    return false
  }
}
