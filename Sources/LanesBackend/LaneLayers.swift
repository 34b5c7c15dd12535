import CFoveaLanes
import FoveaGraphs
import FoveaTensors

/// Convolutions, matrix products and their gradients as sums over taps.
extension LaneCompiler {
  /// Up to so many taps stand in the table one by one; more are counted as rounds over channels.
  private static let mostTaps = 4096

  /// The tap table of [channels][taps], in rounds where it would be long.
  /// - Parameters:
  ///   - taps: (x, weight) of the first channel.
  ///   - step: (x, weight) from channel to channel.
  private func rounds(
    _ channels: Int, _ taps: [(Int, Int)], step: (Int, Int)
  ) -> (table: [Int32], rounds: Int) {
    func flat(_ count: Int) -> [Int32] {
      (0..<count).flatMap { channel in
        taps.flatMap { [Int32($0.0 + channel * step.0), Int32($0.1 + channel * step.1)] }
      }
    }
    return channels * taps.count <= 256 ? (flat(channels), 1) : (flat(1), channels)
  }

  mutating func convolution(
    _ node: Node, _ site: NodeSite, output: Value, rectified: Bool
  ) throws(LaneRefusal) {
    let geometry = Op.Conv.geometry(site, weights: 1)
    guard geometry.groups == 1 else { throw LaneRefusal("has no groups") }
    guard let x = node.inputs[0], let w = node.inputs[1] else { throw LaneRefusal("Conv without operands") }
    let (inShape, outShape) = (site.inputShape(0), site.outputShape())
    let windows = try Windows(geometry, input: inShape, output: outShape)
    let source = try surrounded(x, windows)
    let weights = try shared(w)
    let bias: Place? = if site.has(2), let own = node.inputs[2] { try shared(own) } else { nil }
    let (starts, taps) = windows.onPadded()
    let plane = windows.padded.reduce(1, *)
    let (table, count) = rounds(
      inShape[1], taps.enumerated().map { ($1 * lanes, $0) }, step: (plane * lanes, windows.taps))
    var classes = TapClasses()
    for (position, start) in starts.enumerated() {
      classes.add(table, from: start * lanes, to: position * lanes, vectors: vectors)
    }
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_TAPS, flags: rectified ? [FOVEA_LANES_WITH_RELU] : [],
        sizes: [
          outShape[1], inShape[1] * windows.taps, windows.outputPlane * lanes, count, plane * lanes, windows.taps,
        ], inputs: [source, weights, bias, nil], outputs: [make(output)],
        classes: program.append(classes, width: 2)))
  }

  /// A value with the padding that windows meet around each plane.
  private mutating func surrounded(_ value: Value, _ windows: Windows) throws(LaneRefusal) -> Place {
    guard windows.padded != windows.input else { return try place(value) }
    let inside: Int? = buffers[value]
    let key = [inside ?? -1 - value.id] + windows.padded + windows.before
    if let known = padded[key] { return .buffer(known) }
    let channels = elements(value) / windows.inputPlane
    let plane = windows.padded.reduce(1, *)
    // Its frame is written by nobody, so it stays zero.
    let made = buffer(floats: channels * plane * lanes, isKept: true)
    padded[key] = made
    let (rows, width) = (Windows.indices(Array(windows.input.dropLast())), windows.input[windows.input.count - 1])
    let steps = Windows.steps(windows.padded)
    let corner = zip(windows.before, steps).reduce(0) { $0 + $1.0 * $1.1 }
    var runs: [Int32] = []
    for channel in 0..<channels {
      for (index, row) in rows.enumerated() {
        let from = channel * windows.inputPlane + index * width
        let to = channel * plane + corner + row.indices.reduce(0) { $0 + row[$1] * steps[$1] }
        runs += [Int32(inside == nil ? from : from * lanes), Int32(to * lanes)]
      }
    }
    if let inside {
      program.operations.append(
        LaneOperation(
          kind: FOVEA_LANES_COPY, sizes: [0, runs.count / 2, width * vectors], inputs: [.buffer(inside)],
          outputs: [.buffer(made)], pixels: program.append(runs)))
    } else {
      guard isLane(value) else { throw LaneRefusal("\(graph[value].name) is made outside") }
      gather(value, runs: runs, length: width, into: .buffer(made))
    }
    return .buffer(made)
  }

  mutating func inputGradient(_ node: Node, _ site: NodeSite) throws(LaneRefusal) {
    let geometry = Op.Conv.geometry(site, weights: 1)
    guard geometry.groups == 1 else { throw LaneRefusal("has no groups") }
    guard let dy = node.inputs[0], let w = node.inputs[1] else { throw LaneRefusal("a gradient without operands") }
    let (outShape, inShape) = (site.inputShape(0), site.outputShape())
    let windows = try Windows(geometry, input: inShape, output: outShape)
    let reached = windows.reached()
    // The taps of a position are the same for all channels made; few of them stand one by one.
    let (outPlane, inChannels) = (windows.outputPlane, inShape[1])
    let lists = Set(reached.map { list in list.map { [$0.tap, $0.output - (list.first?.output ?? 0)] } })
    let isFlat = lists.reduce(0) { $0 + $1.count } * outShape[1] <= LaneCompiler.mostTaps
    let weightStep = inChannels * windows.taps
    var classes = TapClasses()
    for (position, list) in reached.enumerated() {
      let base = list.first?.output ?? 0
      var table: [Int32] = []
      for channel in 0..<(isFlat ? outShape[1] : 1) {
        for (tap, output) in list {
          table += [
            Int32((channel * outPlane + output - base) * lanes), Int32(channel * weightStep + tap),
          ]
        }
      }
      classes.add(table, from: base * lanes, to: position * lanes, vectors: vectors)
    }
    let source = try place(dy)
    let weights = try shared(w)
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_TAPS,
        sizes: [
          inChannels, windows.taps, windows.inputPlane * lanes, isFlat ? 1 : outShape[1], outPlane * lanes, weightStep,
        ], inputs: [source, weights, nil, nil], outputs: [make(node.outputs[0])],
        classes: program.append(classes, width: 2)))
  }

  mutating func weightGradient(_ node: Node, _ site: NodeSite) throws(LaneRefusal) {
    let geometry = Op.Conv.geometry(site, weights: 2)
    guard geometry.groups == 1 else { throw LaneRefusal("has no groups") }
    guard let x = node.inputs[0], let dy = node.inputs[1] else { throw LaneRefusal("a gradient without operands") }
    let (inShape, outShape) = (site.inputShape(0), site.inputShape(1))
    let windows = try Windows(geometry, input: inShape, output: outShape)
    let source = try surrounded(x, windows)
    let gradient = try place(dy)
    let (starts, taps) = windows.onPadded()
    let plane = windows.padded.reduce(1, *)
    var table: [Int32] = []
    for channel in 0..<inShape[1] { table += taps.map { Int32((channel * plane + $0) * lanes) } }
    var pixels: [Int32] = []
    for (position, start) in starts.enumerated() {
      for vector in 0..<vectors {
        pixels += [Int32(start * lanes + 16 * vector), Int32(position * lanes + 16 * vector)]
      }
    }
    let columns = inShape[1] * windows.taps
    let part = sum(node.outputs[0], rows: outShape[1], columns: columns, stride: columns)
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_WEIGHT_SUMS, flags: [FOVEA_LANES_ACCUMULATE],
        sizes: [outShape[1], windows.outputPlane * lanes, columns, pixels.count / 2], inputs: [gradient, source],
        outputs: [part], pixels: program.append(pixels), taps: program.append(table)))
    if node.outputs.count > 1 {
      sumRows(gradient, rows: outShape[1], vectors: windows.outputPlane * vectors, into: node.outputs[1])
    }
  }

  /// A new sum over examples.
  /// - Returns: where a thread's part is.
  private mutating func sum(_ value: Value, rows: Int, columns: Int, stride: Int) -> Place {
    let part = buffer(floats: rows * stride)
    sums[value] = program.sums.count
    program.sums.append(LaneSum(rows: rows, columns: columns, stride: stride, part: part))
    return .buffer(part)
  }

  private mutating func sumRows(_ source: Place, rows: Int, vectors: Int, into value: Value) {
    let part = sum(value, rows: 1, columns: rows, stride: rows)
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_ROW_SUMS, flags: [FOVEA_LANES_ACCUMULATE], sizes: [rows, vectors], inputs: [source],
        outputs: [part]))
  }

  /// The gradient of something that is added to each example.
  mutating func sumOverExamples(_ node: Node) throws(LaneRefusal) {
    guard let x = node.inputs[0] else { throw LaneRefusal("SumToShape without operands") }
    let (whole, small) = (graph.shape(x), graph.shape(node.outputs[0]))
    guard whole.rank == 2, small.count == whole[1] else { throw LaneRefusal("a sum to \(small)") }
    sumRows(try place(x), rows: small.count, vectors: vectors, into: node.outputs[0])
  }

  // MARK: Matrix products

  mutating func product(_ node: Node, _ site: NodeSite, output: Value, rectified: Bool) throws(LaneRefusal) {
    guard let a = node.inputs[0], let b = node.inputs[1] else { throw LaneRefusal("Gemm without operands") }
    let attributes = node.attributes
    guard attributes.float("alpha", default: 1) == 1, attributes.float("beta", default: 1) == 1 else {
      throw LaneRefusal("has no scaled products")
    }
    if isLane(a), isLane(b) { return try outerProduct(node, a, b, output) }
    guard isLane(a), !attributes.flag("transA") else { throw LaneRefusal("a product of parameters") }
    let (features, made) = (site.inputShape(0)[1], site.outputShape()[1])
    let isRows = attributes.flag("transB")
    let source = try place(a)
    let weights = try shared(b)
    var bias: Place?
    if site.has(2), let own = node.inputs[2] {
      guard site.inputShape(2).count == made else { throw LaneRefusal("a bias of \(site.inputShape(2))") }
      bias = try shared(own)
    }
    var table: [Int32] = []
    for feature in 0..<features { table += [Int32(feature * lanes), Int32(isRows ? feature : feature * made)] }
    var classes = TapClasses()
    classes.add(table, from: 0, to: 0, vectors: vectors)
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_TAPS, flags: rectified ? [FOVEA_LANES_WITH_RELU] : [],
        sizes: [made, isRows ? features : 1, lanes, 1, 0, 0], inputs: [source, weights, bias, nil],
        outputs: [make(output)], classes: program.append(classes, width: 2)))
  }

  /// The sum over examples of what one value's rows make with another's: [rows][columns].
  private mutating func outerProduct(_ node: Node, _ a: Value, _ b: Value, _ output: Value) throws(LaneRefusal) {
    guard node.attributes.flag("transA"), !node.attributes.flag("transB"),
      node.inputs.count < 3 || node.inputs[2] == nil
    else { throw LaneRefusal("a product of examples") }
    let (rows, columns) = (elements(a), elements(b))
    // Examples one below the other, so that vectors go along the columns and no sum runs across lanes.
    let stride = (columns + 15) / 16 * 16
    let left = try place(a)
    guard case .buffer(let right) = try place(b) else { return }
    let turned: Int
    if let known = transposed[right] {
      turned = known
    } else {
      turned = buffer(floats: lanes * stride, isKept: true)
      transposed[right] = turned
      program.operations.append(
        LaneOperation(
          kind: FOVEA_LANES_TRANSPOSE, sizes: [columns, lanes, stride], inputs: [.buffer(right)],
          outputs: [.buffer(turned)]))
    }
    var table: [Int32] = []
    for lane in 0..<lanes { table += [Int32(lane * stride), Int32(lane)] }
    var classes = TapClasses()
    classes.add(table, from: 0, to: 0, vectors: stride / 16)
    let part = sum(output, rows: rows, columns: columns, stride: stride)
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_TAPS, flags: [FOVEA_LANES_ACCUMULATE], sizes: [rows, lanes, stride, 1, 0, 0],
        inputs: [.buffer(turned), left, nil, nil], outputs: [part], classes: program.append(classes, width: 2)))
  }
}
