import FoveaGraphs
import FoveaTensors

extension ONNXExport.Rules {
  typealias Values = [String: ONNXExport.AttributeValue]
  typealias Piece = ONNXExport.Piece
  typealias Refused = ONNXExport.Refused

  static let windows: [(String, Rule)] = [
    (
      "Conv",
      Rule("Conv", since: 11, remark: "padding by the input's size as auto_pad, or as pads where dilated") { piece in
        var values = window(piece, kernel: Array(piece.site.inputShape(1).dims.dropFirst(2)))
        values["group"] = .int(piece.attributes.int("group", default: 1))
        piece.add("Conv", piece.inputs, values)
      }
    ),
    (
      "ConvTranspose",
      Rule("ConvTranspose", since: 11, remark: "auto_pad as the pads and output_padding that it comes to") { piece in
        var values = window(piece, kernel: Array(piece.site.inputShape(1).dims.dropFirst(2)), transposed: true)
        values["group"] = .int(piece.attributes.int("group", default: 1))
        piece.add("ConvTranspose", piece.inputs, values)
      }
    ),
    (
      "MaxPool",
      Rule("MaxPool", since: 12) { piece in
        piece.add("MaxPool", [piece.input(0)], window(piece, kernel: kernel(piece), rounds: true))
      }
    ),
    (
      "MaxPoolWithIndices",
      Rule("MaxPool", "Mod", "Cast", since: 13, remark: "ONNX counts places within the whole tensor, we within a plane")
      { piece in
        let values = window(piece, kernel: kernel(piece), rounds: true)
        // Read by ONNX's own unpooling alone, they stay as it counts them.
        guard !piece.isOnlyUnpooled(1) else {
          return piece.add("MaxPool", [piece.input(0)], values, outputs: piece.outputs)
        }
        let places = piece.further("places")
        piece.add("MaxPool", [piece.input(0)], values, outputs: [piece.output(0), places])
        let inPlane = piece.step("Mod", "places-in-plane", [places, plane(piece, of: 0)])
        piece.step(
          "Cast", "indices", [inPlane], ["to": .int(ONNXExport.number(of: .i32))], output: piece.output(1))
      }
    ),
    (
      "MaxUnpool",
      Rule(
        "MaxUnpool", "ScatterElements", "Reshape", since: 16,
        remark: "MaxUnpool where windows do not overlap; else numbers are added up, which ONNX's own operator does not",
        write: unpool)
    ),
    (
      "AveragePool",
      Rule(
        "AveragePool", since: 11, remark: "19 with dilations",
        opset: { isDilated($0) ? 19 : ONNXExport.leastOpset },
        write: { piece in
          var values = window(piece, kernel: kernel(piece), rounds: true)
          values["count_include_pad"] = .int(piece.attributes.int("count_include_pad", default: 0))
          if !isDilated(piece.site) { values["dilations"] = nil }
          piece.add("AveragePool", [piece.input(0)], values)
        })
    ),
    (
      "LpPool",
      Rule(
        "LpPool", since: 11, remark: "18 with dilations or sizes rounded up; p must be whole",
        opset: { isDilated($0) || $0.attributes.flag("ceil_mode") ? 18 : ONNXExport.leastOpset },
        write: { piece throws(Refused) in
          var values = window(piece, kernel: kernel(piece), rounds: true)
          values["p"] = .int(try power(piece))
          if piece.opset < 18 {
            values["dilations"] = nil
            values["ceil_mode"] = nil
          }
          piece.add("LpPool", [piece.input(0)], values)
        })
    ),
    ("GlobalAveragePool", first("GlobalAveragePool", since: 1)),
    ("GlobalMaxPool", first("GlobalMaxPool", since: 1)),
    (
      "GlobalLpPool",
      Rule("GlobalLpPool", since: 2, remark: "p must be whole") { piece throws(Refused) in
        piece.add("GlobalLpPool", [piece.input(0)], ["p": .int(try power(piece))])
      }
    ),
    (
      "AdaptiveAveragePool",
      Rule(
        "GlobalAveragePool", "AveragePool", "MatMul", since: 13,
        remark: "AveragePool where the windows are equal, else products with a matrix of shares along each axis; the "
          + "input's size must not be open", write: adaptive)
    ),
    (
      "Im2Col",
      Rule("Conv", "Reshape", since: 13, remark: "kernels of one 1 each pick the numbers") { piece in
        columns(piece, "columns", last: true)
      }
    ),
    (
      "Col2Im",
      Rule("Col2Im", since: 18, opset: { _ in 18 }, write: pictures)
    ),
    (
      "LocallyConnected",
      Rule(
        "Conv", "Reshape", "Transpose", "MatMul", "Add", since: 14,
        remark: "the windows as columns, then a matrix product for each place", write: locallyConnected)
    ),
  ]

  /// The same operator with the first result alone: what stands behind is for gradients.
  static func first(
    _ op: String, since: Int, remark: String = "", _ values: @escaping @Sendable (NodeSite) -> Values = { _ in [:] }
  ) -> Rule {
    Rule(op, since: since, remark: remark) { piece in
      piece.add(op, piece.inputs, values(piece.site), outputs: [piece.output(0)])
    }
  }

  static func kernel(_ piece: Piece) -> [Int] { piece.attributes.ints("kernel_shape", default: []) }

  static func isDilated(_ site: NodeSite) -> Bool {
    site.attributes.ints("dilations", default: []).contains { $0 != 1 }
  }

  /// A whole power.
  private static func power(_ piece: Piece) throws(Refused) -> Int {
    let p = piece.attributes.float("p", default: 2)
    guard let whole = Int(exactly: p) else {
      throw Refused("ONNX takes only whole powers, not p = \(p); choose a whole p, such as 2")
    }
    return whole
  }

  /// The attributes of a sliding window, all of them, whatever the node leaves to defaults.
  static func window(_ piece: Piece, kernel: [Int], rounds: Bool = false, transposed: Bool = false) -> Values {
    let geometry = ConvGeometry(piece.attributes, kernel: kernel)
    var values: Values = [
      "kernel_shape": .ints(kernel), "strides": .ints(geometry.strides), "dilations": .ints(geometry.dilations),
    ]
    if rounds { values["ceil_mode"] = .int(geometry.ceil ? 1 : 0) }
    let spatial = piece.extents(0).dropFirst(2).map { $0 }
    var pads: (before: [Int], after: [Int]) = ([], [])
    var extra = piece.attributes.ints("output_padding", default: kernel.map { _ in 0 })
    for axis in kernel.indices {
      var (before, after) = geometry.padding(axis, extent: spatial[axis] ?? 1)
      if transposed, geometry.dependsOnExtent {
        // The output has stride times the input's extent, so that the padding does not depend on it.
        let total = geometry.span(axis) - geometry.strides[axis]
        let isUpper = piece.attributes.string("auto_pad", default: "") == "SAME_UPPER"
        let small = max(total, 0) / 2
        (before, after) = isUpper ? (small, max(total, 0) - small) : (max(total, 0) - small, small)
        extra[axis] = max(-total, 0)
      }
      pads.before.append(before)
      pads.after.append(after)
    }
    if transposed { values["output_padding"] = .ints(extra) }
    // Runtimes refuse the rules by size together with dilation; where the size is known they are plain pads.
    let isOpen = spatial.contains(nil)
    if !transposed, geometry.dependsOnExtent, isOpen || geometry.dilations.allSatisfy({ $0 == 1 }) {
      values["auto_pad"] = .string(piece.attributes.string("auto_pad", default: "NOTSET"))
    } else {
      values["pads"] = .ints(pads.before + pads.after)
    }
    return values
  }

  /// How many places a plane of an operand has, as an operand.
  private static func plane(_ piece: Piece, of index: Int) -> String {
    let spatial = piece.extents(index).dropFirst(2)
    if !spatial.contains(nil) { return piece.integer("plane", spatial.reduce(1) { $0 * ($1 ?? 1) }) }
    let extents = piece.step("Shape", "extents", [piece.input(index)], ["start": .int(2)])
    return piece.step("ReduceProd", "plane", [extents], ["keepdims": .int(0)])
  }

  // MARK: Windows as columns

  /// The windows of operand 0 as columns [N, C·taps, windows].
  @discardableResult
  private static func columns(_ piece: Piece, _ part: String, last: Bool) -> String {
    let kernel = kernel(piece)
    let channels = piece.site.inputShape(0)[1]
    let taps = kernel.reduce(1, *)
    var ones = [Float](repeating: 0, count: channels * taps * taps)
    for row in 0..<(channels * taps) { ones[row * taps + row % taps] = 1 }
    var weights = Tensor(ones)
    weights = (try? weights.reshaped(to: Shape([channels * taps, 1] + kernel))) ?? weights
    var values = window(piece, kernel: kernel)
    values["group"] = .int(channels)
    let windows = piece.step("Conv", "windows", [piece.input(0), piece.constant("taps", weights)], values)
    let shape = piece.integers("\(part)/shape", [0, channels * taps, -1])
    guard last else { return piece.step("Reshape", part, [windows, shape]) }
    piece.add("Reshape", [windows, shape])
    return piece.output()
  }

  /// Each place's own product: [places, O, C·taps] times the columns [places, C·taps, N].
  @Sendable private static func locallyConnected(_ piece: Piece) {
    let columns = columns(piece, "columns", last: false)
    let turned = piece.step("Transpose", "by-place", [columns], ["perm": .ints([2, 1, 0])])
    let products = piece.step("MatMul", "products", [piece.input(1), turned])
    let sums = piece.step("Transpose", "sums", [products], ["perm": .ints([2, 1, 0])])
    let shape = piece.integers("shape", [0] + piece.site.outputShape().dims.dropFirst())
    guard piece.site.has(2) else { return piece.add("Reshape", [sums, shape]) }
    piece.add("Add", [piece.step("Reshape", "places", [sums, shape]), piece.input(2)])
  }

  @Sendable private static func pictures(_ piece: Piece) {
    let kernel = kernel(piece)
    let spatial = Array(piece.outputExtents().dropFirst(2))
    let shape = piece.shape(
      "image_shape",
      spatial.enumerated().map { axis, extent in extent.map { .known($0) } ?? .axis(axis + 2, of: piece.input(1)) })
    let geometry = ConvGeometry(piece.attributes, kernel: kernel)
    let pads = kernel.indices.map { geometry.padding($0, extent: piece.site.outputShape()[$0 + 2]) }
    piece.add(
      "Col2Im", [piece.input(0), shape, piece.integers("block_shape", kernel)],
      [
        "dilations": .ints(geometry.dilations), "strides": .ints(geometry.strides),
        "pads": .ints(pads.map(\.before) + pads.map(\.after)),
      ])
  }

  // MARK: Pooling that ONNX has not

  /// Zeros of the right size, to which each number is added at its place.
  @Sendable private static func unpool(_ piece: Piece) {
    let spatial = Array(piece.outputExtents().dropFirst(2))
    if let pooling = piece.pooling(1) {
      let extents = piece.outputExtents().enumerated().map { axis, extent in
        extent.map { Piece.Extent.known($0) } ?? .axis(axis, of: piece.input(axis < 2 ? 0 : 2))
      }
      let geometry = ConvGeometry(pooling, kernel: pooling.ints("kernel_shape", default: []))
      let pads = geometry.kernel.indices.map { geometry.padding($0, extent: 1) }
      return piece.add(
        "MaxUnpool", [piece.input(0), piece.input(1), piece.shape("output_shape", extents)],
        [
          "kernel_shape": .ints(geometry.kernel), "strides": .ints(geometry.strides),
          "pads": .ints(pads.map(\.before) + pads.map(\.after)),
        ])
    }
    let planes = piece.step("Shape", "planes", [piece.input(0)], ["start": .int(0), "end": .int(2)])
    let room: String
    if spatial.contains(nil) {
      let extents = piece.step("Shape", "extents", [piece.input(2)], ["start": .int(2)])
      room = piece.step("ReduceProd", "plane", [extents], ["keepdims": .int(1)])
    } else {
      room = piece.integers("plane", [spatial.reduce(1) { $0 * ($1 ?? 1) }])
    }
    let shape = piece.step("Concat", "rows", [planes, room], ["axis": .int(0)])
    let zeros = piece.step("Expand", "zeros", [piece.number("zero", 0), shape])
    let rows = piece.integers("flat", [0, 0, -1])
    let places = piece.step("Cast", "whole", [piece.input(1)], ["to": .int(ONNXExport.number(of: .i64))])
    let filled = piece.step(
      "ScatterElements", "filled",
      [
        zeros, piece.step("Reshape", "places", [places, rows]),
        piece.step("Reshape", "numbers", [piece.input(0), rows]),
      ], ["axis": .int(2), "reduction": .string("add")])
    let extents = spatial.enumerated().map { axis, extent in
      extent.map { Piece.Extent.known($0) } ?? .axis(axis + 2, of: piece.input(2))
    }
    piece.add("Reshape", [filled, piece.shape("shape", [.known(0), .known(0)] + extents)])
  }

  /// Means over windows that depend on both sizes.
  @Sendable private static func adaptive(_ piece: Piece) throws(Refused) {
    let wanted = piece.attributes.ints("output_size", default: [])
    if wanted.allSatisfy({ $0 == 1 }) { return piece.add("GlobalAveragePool", [piece.input(0)]) }
    let extents = piece.extents(0).dropFirst(2).compactMap { $0 }
    guard extents.count == wanted.count else {
      throw Refused("its windows depend on the input's size, which is open; fix the size, or pool to 1 place")
    }
    if extents == wanted { return piece.passOn() }
    if zip(extents, wanted).allSatisfy({ $0 % $1 == 0 }) {
      let windows = zip(extents, wanted).map { $0 / $1 }
      return piece.add(
        "AveragePool", [piece.input(0)],
        [
          "kernel_shape": .ints(windows), "strides": .ints(windows), "ceil_mode": .int(0), "count_include_pad": .int(0),
          "pads": .ints([Int](repeating: 0, count: 2 * windows.count)),
        ])
    }
    // Along the last axis from the right, along the one before from the left; a third one as rows of all the others.
    let axes = wanted.indices.reversed().filter { extents[$0] != wanted[$0] }
    var value = piece.input(0)
    for axis in axes {
      let isLast = axis == axes.last
      let letter = ["d", "h", "w"].suffix(wanted.count)[3 - wanted.count + axis]
      let shares = piece.constant(
        "\(letter)/shares", shares(from: extents[axis], to: wanted[axis], columns: axis == wanted.count - 1))
      func product(_ operands: [String]) -> String {
        if isLast, axis > wanted.count - 3 {
          piece.add("MatMul", operands)
          return piece.output()
        }
        return piece.step("MatMul", letter, operands)
      }
      if axis == wanted.count - 1 {
        value = product([value, shares])
      } else if axis == wanted.count - 2 {
        value = product([shares, value])
      } else {
        let channels = piece.site.inputShape(0)[1]
        let flat = piece.integers("d/rows/shape", [0, channels, extents[axis], -1])
        let rows = product([shares, piece.step("Reshape", "d/rows", [value, flat])])
        piece.add("Reshape", [rows, piece.integers("d/shape", [0, channels] + wanted)])
      }
    }
  }

  /// By PyTorch's rule: window i of `to` goes from ⌊i·from/to⌋ to before ⌈(i + 1)·from/to⌉.
  private static func shares(from: Int, to: Int, columns: Bool) -> Tensor {
    var values = [Double](repeating: 0, count: from * to)
    for window in 0..<to {
      let range = (window * from / to)..<(((window + 1) * from + to - 1) / to)
      for place in range { values[columns ? place * to + window : window * from + place] = 1 / Double(range.count) }
    }
    let flat = Tensor(values)
    return (try? flat.reshaped(to: columns ? [from, to] : [to, from])) ?? flat
  }
}
