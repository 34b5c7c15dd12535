import FoveaTensors

/// All geometry of a convolution or a pooling in one value, for 1 to 3 spatial axes.
///
/// Attributes are ONNX's: `strides`, `dilations`, `pads` (all begins, then all ends), `group`, and
/// `auto_pad` for the two rules that depend on the image size and therefore stay symbolic.
public struct ConvGeometry: Sendable, Equatable {
  public let kernel: [Int]
  public let strides: [Int]
  public let dilations: [Int]
  public let groups: Int
  /// Rounds the output size up (pooling only), as ONNX's `ceil_mode` does.
  public let ceil: Bool
  private let pads: [Int]
  private let autoPad: String
  /// The first attribute whose list has a wrong length.
  private let misfit: String?

  public init(_ attributes: Attributes, kernel: [Int]) {
    let axes = kernel.count
    self.kernel = kernel
    var misfit: String?
    func list(_ name: String, _ value: Int, _ count: Int) -> [Int] {
      let found = attributes.ints(name, default: [])
      if found.count == count { return found }
      if !found.isEmpty, misfit == nil {
        misfit = "\(name) \(Attribute.ints(found)) for \(axes) spatial \(axes == 1 ? "axis" : "axes")"
      }
      return [Int](repeating: value, count: count)
    }
    strides = list("strides", 1, axes)
    dilations = list("dilations", 1, axes)
    groups = attributes.int("group", default: 1)
    ceil = attributes.flag("ceil_mode")
    pads = list("pads", 0, 2 * axes)
    autoPad = attributes.string("auto_pad", default: "NOTSET")
    self.misfit = misfit
  }

  static let largest = 1 << 30

  /// True for the two rules whose padding follows the image size.
  public var dependsOnExtent: Bool { autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER" }

  /// Number of spatial axes.
  public var axes: Int { kernel.count }

  /// Inputs from the first to the last tap: dilation·(kernel − 1) + 1.
  public func span(_ axis: Int) -> Int { dilations[axis] * (kernel[axis] - 1) + 1 }

  /// Padding before and after along an axis, for an input of `extent`.
  public func padding(_ axis: Int, extent: Int) -> (before: Int, after: Int) {
    switch autoPad {
    case "SAME_UPPER", "SAME_LOWER":
      let out = (extent + strides[axis] - 1) / strides[axis]
      let total = max((out - 1) * strides[axis] + span(axis) - extent, 0)
      return autoPad == "SAME_UPPER" ? (total / 2, total - total / 2) : (total - total / 2, total / 2)
    case "VALID": return (0, 0)
    default: return (pads[axis], pads[axes + axis])
    }
  }

  /// ⌊(n + p − d(k−1) − 1) / s⌋ + 1, or nil when the kernel does not fit.
  public func outputExtent(_ axis: Int, extent: Int) -> Int? {
    let (before, after) = padding(axis, extent: extent)
    let room = extent + before + after - span(axis)
    guard room >= 0 else { return nil }
    guard ceil else { return room / strides[axis] + 1 }
    let out = (room + strides[axis] - 1) / strides[axis] + 1
    // A window that would start in the padding after the picture is dropped, as PyTorch drops it.
    return (out - 1) * strides[axis] >= extent + before ? out - 1 : out
  }

  /// What is wrong with the numbers themselves, whatever the input.
  func attributeProblem() -> (problem: String, mend: String)? {
    if let misfit { return (misfit, "give a number for each spatial axis, for pads one before and one after") }
    let rules = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]
    if !rules.contains(autoPad) { return ("auto_pad \"\(autoPad)\"", "use one of \(rules.joined(separator: ", "))") }
    for (name, list, least) in [
      ("kernel", kernel, 1), ("stride", strides, 1), ("dilation", dilations, 1), ("padding", pads, 0),
    ] {
      if let bad = list.first(where: { $0 < least }) {
        return ("\(name) \(bad) is less than \(least)", "give a \(name) of at least \(least)")
      }
      // Far above any use, and far below where sums of products overflow.
      if let bad = list.first(where: { $0 > ConvGeometry.largest }) {
        return ("\(name) \(bad) is too large", "give a \(name) of at most \(ConvGeometry.largest)")
      }
    }
    if groups < 1 { return ("\(groups) groups", "give at least 1 group") }
    return nil
  }

  /// The spatial extents of the output, nil where unknown; reports a kernel that does not fit.
  func outputExtents(_ input: PartialShape, _ query: inout ShapeQuery) -> [Int?] {
    if let (problem, mend) = attributeProblem() {
      query.reject(problem, mend: mend)
      return [Int?](repeating: nil, count: axes)
    }
    var tooSmall: [Int] = []
    let result: [Int?] = (0..<axes).map { axis in
      guard let extent = input[axis + 2] else { return nil }
      guard (0...ConvGeometry.largest).contains(extent) else {
        query.reject("an extent of \(extent)", mend: "use extents of at most \(ConvGeometry.largest)")
        return nil
      }
      if let out = outputExtent(axis, extent: extent) { return out }
      tooSmall.append(axis)
      return nil
    }
    // A square kernel that is too large for a square picture is one mistake, not two.
    if let axis = tooSmall.first, let extent = input[axis + 2] {
      let same = tooSmall.allSatisfy { kernel[$0] == kernel[axis] && input[$0 + 2] == extent }
      let names = same && tooSmall.count > 1 ? [axesName(tooSmall)] : tooSmall.map { axesName([$0]) }
      for (name, axis) in zip(names, tooSmall) { reportTooSmall(axis, name, input[axis + 2] ?? 0, &query) }
    }
    return result
  }

  /// What the axes are called together.
  private func axesName(_ list: [Int]) -> String {
    let names = list.map { axis in
      axes == 1 ? "length" : axis == axes - 1 ? "width" : axis == axes - 2 ? "height" : "depth"
    }
    return names.joined(separator: " and ")
  }

  private func reportTooSmall(_ axis: Int, _ name: String, _ extent: Int, _ query: inout ShapeQuery) {
    let (before, after) = padding(axis, extent: extent)
    let spread = dilations[axis] > 1 ? " (dilated by \(dilations[axis]): \(span(axis)))" : ""
    query.reject(
      "a kernel of \(kernel[axis])\(spread) does not fit \(name) \(extent)"
        + (before + after > 0 ? " padded to \(extent + before + after)" : ""),
      mend: "use a kernel of at most \(extent + before + after), pad more, or pool less before it")
  }

  /// What an output position sees.
  public func fieldRule(_ input: Shape) -> FieldRule {
    .window(
      span: (0..<axes).map(span), stride: strides,
      padding: (0..<axes).map { padding($0, extent: input[$0 + 2]).before })
  }
}

/// The numbers a sliding-window loop needs, always as three spatial axes (outer ones of extent 1).
struct WindowLoop: Sendable {
  let batch: Int
  let inChannels: Int
  let outChannels: Int
  let groups: Int
  let input: (Int, Int, Int)
  let output: (Int, Int, Int)
  let kernel: (Int, Int, Int)
  let stride: (Int, Int, Int)
  let dilation: (Int, Int, Int)
  let pad: (Int, Int, Int)

  init(_ geometry: ConvGeometry, input x: Shape, output y: Shape) {
    func three(_ list: [Int], _ fill: Int) -> (Int, Int, Int) {
      let padded = [Int](repeating: fill, count: 3 - list.count) + list
      return (padded[0], padded[1], padded[2])
    }
    batch = x[0]
    inChannels = x[1]
    outChannels = y[1]
    groups = geometry.groups
    input = three(Array(x.dims.dropFirst(2)), 1)
    output = three(Array(y.dims.dropFirst(2)), 1)
    kernel = three(geometry.kernel, 1)
    stride = three(geometry.strides, 1)
    dilation = three(geometry.dilations, 1)
    pad = three((0..<geometry.axes).map { geometry.padding($0, extent: x[$0 + 2]).before }, 0)
  }

  var inputPlane: Int { input.0 * input.1 * input.2 }
  var outputPlane: Int { output.0 * output.1 * output.2 }
  var taps: Int { kernel.0 * kernel.1 * kernel.2 }

  /// The output positions along the last axis whose tap `k` lies inside the input.
  @inline(__always)
  func rowRange(_ k: Int) -> (first: Int, last: Int) {
    let offset = k * dilation.2 - pad.2
    // first: smallest o with o·s + offset ≥ 0; last: one past the largest o with o·s + offset < extent.
    let first = offset >= 0 ? 0 : (-offset + stride.2 - 1) / stride.2
    let room = input.2 - 1 - offset
    let last = room < 0 ? 0 : min(output.2, room / stride.2 + 1)
    return (first, last)
  }

  /// Calls `body` for every row of every (sample, output channel, input channel, tap): the tap's index in
  /// the weights, the offsets of the row's first elements in input and output, and the row's length. Along
  /// a row the input advances by `stride.2`, the output by one.
  @inline(__always)
  func forEachRow(_ body: (_ weight: Int, _ x: Int, _ y: Int, _ count: Int) -> Void) {
    let inPerGroup = inChannels / groups
    let outPerGroup = outChannels / groups
    for n in 0..<batch {
      for o in 0..<outChannels {
        let group = o / outPerGroup
        for i in 0..<inPerGroup {
          let xPlane = (n * inChannels + group * inPerGroup + i) * inputPlane
          let yPlane = (n * outChannels + o) * outputPlane
          var weight = (o * inPerGroup + i) * taps
          for kd in 0..<kernel.0 {
            for kh in 0..<kernel.1 {
              for kw in 0..<kernel.2 {
                let (first, last) = rowRange(kw)
                if first < last {
                  let xw = first * stride.2 - pad.2 + kw * dilation.2
                  for od in 0..<output.0 {
                    let xd = od * stride.0 - pad.0 + kd * dilation.0
                    if xd < 0 || xd >= input.0 { continue }
                    for oh in 0..<output.1 {
                      let xh = oh * stride.1 - pad.1 + kh * dilation.1
                      if xh < 0 || xh >= input.1 { continue }
                      body(
                        weight, xPlane + (xd * input.1 + xh) * input.2 + xw,
                        yPlane + (od * output.1 + oh) * output.2 + first, last - first)
                    }
                  }
                }
                weight += 1
              }
            }
          }
        }
      }
    }
  }
}
