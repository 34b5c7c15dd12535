import CFoveaLanes
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Turns the inference of one example after the other into a program.
///
/// With few examples vectors go along channels, 16 of them at one position, or, where a layer makes few channels
/// from a picture, along the rows of the picture. Each value knows where its elements lie, so that the next layer's
/// taps find them in either order.
struct ExampleCompiler {
  /// Where a value's elements are.
  struct Spread {
    let buffer: Int
    /// By element, in the plain order of one example: floats from the buffer's begin.
    let places: [Int32]
    /// Floats of the buffer.
    let floats: Int
    /// Rows with gaps between them, not vectors of channels.
    var rows: Rows?
  }

  /// Planes of rows.
  struct Rows {
    let plane: Int
    let stride: Int
  }

  let graph: Graph
  let examples: Int
  var program: LaneProgram
  private var values: [Value: Spread] = [:]
  private(set) var nodes: Set<Int> = []
  private(set) var ends = RegionEnds()

  init(_ graph: Graph, examples: Int, threads: Int) throws(LaneRefusal) {
    self.graph = graph
    self.examples = examples
    program = LaneProgram(lanes: 1, examples: examples, threads: min(threads, examples))
    guard graph.updates.isEmpty else { throw LaneRefusal("training with few examples") }
    for (index, node) in graph.nodes.enumerated() {
      if try take(node) { nodes.insert(index) }
    }
    for output in graph.outputs { try bringOut(output.value) }
    if examples < threads, program.operations.contains(where: { $0.flags.contains(FOVEA_LANES_SHARED) }) {
      (program.threads, program.helpers) = (1, threads)
    }
    for (index, node) in graph.nodes.enumerated() where !nodes.contains(index) {
      for value in graph.dataInputs(of: node) where values[value] != nil { throw LaneRefusal("\(node.op) reads on") }
    }
  }

  /// Threads that meet cost about as much as so many multiply-adds of vectors.
  private static let sharedWork = 2000

  /// What a sum over taps is flagged with.
  private func flags(_ rectified: Bool, _ classes: TapClasses, rows: Int) -> [fovea_lanes_flags] {
    let work = zip(classes.keys, classes.pixels).reduce(0) { $0 + $1.0.count / 2 * ($1.1.count / 2) } * rows
    return (rectified ? [FOVEA_LANES_WITH_RELU] : []) + (work > ExampleCompiler.sharedWork ? [FOVEA_LANES_SHARED] : [])
  }

  // MARK: Values

  private func isInput(_ value: Value) -> Bool {
    guard case .input = graph[value].source, graph[value].type.dtype == .f32 else { return false }
    let shape = graph.shape(value)
    return shape.rank >= 2 && shape[0] == examples
  }

  private func isOwn(_ value: Value) -> Bool { values[value] != nil || isInput(value) }

  private mutating func buffer(_ floats: Int, isKept: Bool = false) -> Int {
    program.buffers.append((floats, isKept))
    return program.buffers.count - 1
  }

  /// Vectors of channels: [channels / 16][positions][16].
  private mutating func makeVectors(_ value: Value) -> Spread {
    let shape = graph.shape(value)
    let (channels, plane) = (shape[1], shape.dims.dropFirst(2).reduce(1, *))
    let floats = (channels + 15) / 16 * 16 * plane
    var places: [Int32] = []
    for channel in 0..<channels {
      for position in 0..<plane { places.append(Int32(channel / 16 * 16 * plane + position * 16 + channel % 16)) }
    }
    let made = Spread(buffer: buffer(floats), places: places, floats: floats)
    values[value] = made
    return made
  }

  private mutating func spread(_ value: Value) throws(LaneRefusal) -> Spread {
    if let own = values[value] { return own }
    guard isInput(value) else { throw LaneRefusal("\(graph[value].name) is made outside") }
    let count = graph.shape(value).count / examples
    let made = Spread(
      buffer: buffer(count), places: (0..<count).map { Int32($0) }, floats: count)
    bringIn(value, runs: [0, 0], length: count, into: made.buffer)
    values[value] = made
    return made
  }

  private mutating func bringIn(_ value: Value, runs: [Int32], length: Int, into buffer: Int) {
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_TAKE, sizes: [graph.shape(value).count / examples, runs.count / 2, length],
        inputs: [.operand(ends.operand(value))], outputs: [.buffer(buffer)], pixels: program.append(runs)))
  }

  private mutating func bringOut(_ value: Value) throws(LaneRefusal) {
    guard let own = values[value], !isInput(value) else { return }
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_GIVE, sizes: [own.places.count], inputs: [.buffer(own.buffer)],
        outputs: [.result(ends.result(value))], pixels: program.append(own.places)))
  }

  /// A parameter as vectors of channels.
  private mutating func packed(_ value: Value, _ layout: PackedWeights) throws(LaneRefusal) -> Place {
    switch graph[value].source {
    case .parameter, .state, .constant: break
    default: throw LaneRefusal("\(graph[value].name) is not a parameter")
    }
    guard graph[value].type.dtype == .f32 else { throw LaneRefusal("\(graph[value].name) is not f32") }
    return .operand(ends.operand(value, in: layout))
  }

  // MARK: Nodes

  private mutating func take(_ node: Node) throws(LaneRefusal) -> Bool {
    guard graph.dataInputs(of: node).contains(where: isOwn) else { return false }
    let site = graph.site(node)
    if let first = site.inputs.first??.dtype, !first.isFloat { throw LaneRefusal("\(node.op) in \(first.rawValue)") }
    for type in site.inputs.compactMap({ $0 }) + site.outputs where type.dtype.isFloat && type.dtype != .f32 {
      throw LaneRefusal("\(node.op) in \(type.dtype.rawValue)")
    }
    switch node.op {
    case Op.Conv.name: try convolution(site, output: node.outputs[0], rectified: false)
    case Op.Gemm.name: try product(site, output: node.outputs[0], rectified: false)
    case Op.Fused.name:
      let (first, activation) = try FusedPair.parts(node, site, in: graph)
      let rectified = activation == Op.Relu.name
      switch first.node.op {
      case Op.Conv.name: try convolution(first, output: node.outputs[0], rectified: rectified)
      case Op.Gemm.name: try product(first, output: node.outputs[0], rectified: rectified)
      default: throw LaneRefusal("has no fused \(first.node.op)")
      }
      if !rectified { try pointwise(node, activation) }
    case Op.MaxPool.name: try maxPool(node, site)
    case Op.GlobalAveragePool.name, Op.ReduceSum.name: try wholePlanes(node)
    case Op.Flatten.name, Op.Reshape.name, Op.Squeeze.name, Op.Unsqueeze.name:
      guard let source = node.inputs[0], graph.shape(node.outputs[0])[0] == examples else {
        throw LaneRefusal("\(node.op) mixes examples")
      }
      values[node.outputs[0]] = try spread(source)
    case Op.Relu.name, Op.Sigmoid.name, Op.Tanh.name: try pointwise(node, node.op)
    default: throw LaneRefusal("has no \(node.op)")
    }
    return true
  }

  private mutating func convolution(_ site: NodeSite, output: Value, rectified: Bool) throws(LaneRefusal) {
    let geometry = Op.Conv.geometry(site, weights: 1)
    guard geometry.groups == 1 else { throw LaneRefusal("has no groups") }
    guard let x = site.node.inputs[0], let w = site.node.inputs[1] else { throw LaneRefusal("Conv without operands") }
    let windows = try Windows(geometry, input: site.inputShape(0), output: site.outputShape())
    if isInput(x), values[x] == nil, try alongRows(site, windows, x, w, output, rectified) { return }
    let source = try spread(x)
    let channels = site.inputShape(0)[1]
    let layout = PackedWeights(channels: site.outputShape()[1], taps: channels * windows.taps)
    let weights = try packed(w, layout)
    let bias = try bias(site)
    let plane = windows.inputPlane
    let reach = tapsMet(windows)
    var classes = TapClasses()
    for (position, list) in reach.enumerated() {
      let base = list.first.map { Int(source.places[$0.input]) } ?? 0
      var taps: [Int32] = []
      for channel in 0..<channels {
        for (tap, input) in list {
          taps += [
            source.places[channel * plane + input] - Int32(base), Int32((channel * windows.taps + tap) * layout.stride),
          ]
        }
      }
      classes.add(taps, from: base, to: position * 16, vectors: 1)
    }
    sum(classes, source, weights, bias, layout, plane: windows.outputPlane, output, rectified)
  }

  /// For each output position the taps that meet the input, and where.
  private func tapsMet(_ windows: Windows) -> [[(tap: Int, input: Int)]] {
    var result = [[(tap: Int, input: Int)]](repeating: [], count: windows.outputPlane)
    for (input, list) in windows.reached().enumerated() {
      for (tap, output) in list { result[output].append((tap, input)) }
    }
    return result.map { $0.sorted { $0.tap < $1.tap } }
  }

  private mutating func bias(_ site: NodeSite) throws(LaneRefusal) -> Place? {
    guard site.has(2), let own = site.node.inputs[2] else { return nil }
    guard site.inputShape(2).count == site.outputShape()[1] else {
      throw LaneRefusal("a bias of \(site.inputShape(2))")
    }
    return try packed(own, PackedWeights(channels: site.outputShape()[1], taps: 1))
  }

  private mutating func sum(
    _ classes: TapClasses, _ source: Spread, _ weights: Place, _ bias: Place?, _ layout: PackedWeights, plane: Int,
    _ output: Value, _ rectified: Bool
  ) {
    let made = makeVectors(output)
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_CHANNEL_TAPS, flags: flags(rectified, classes, rows: layout.stride / 16),
        sizes: [layout.stride / 16, 16, plane * 16], inputs: [.buffer(source.buffer), weights, bias],
        outputs: [.buffer(made.buffer)], classes: program.append(classes, width: 2)))
  }

  /// A picture's first layer, where it makes too few channels to fill vectors: vectors go along the rows.
  private mutating func alongRows(
    _ site: NodeSite, _ windows: Windows, _ x: Value, _ w: Value, _ output: Value, _ rectified: Bool
  ) throws(LaneRefusal) -> Bool {
    let axes = windows.kernel.count
    let (channels, width) = (site.outputShape()[1], windows.output[axes - 1])
    let vectors = (width + 15) / 16
    // Vectors that rows take against vectors that channels take.
    guard windows.strides[axes - 1] == 1, channels * vectors < width * ((channels + 15) / 16) else { return false }
    let inChannels = site.inputShape(0)[1]
    // The last vectors of a row read on behind it.
    let extents = windows.padded
    let plane = extents.reduce(1, *)
    let target = buffer(inChannels * plane + 16, isKept: true)
    let steps = Windows.steps(extents)
    let corner = zip(windows.before, steps).reduce(0) { $0 + $1.0 * $1.1 }
    let length = windows.input[axes - 1]
    var runs: [Int32] = []
    for channel in 0..<inChannels {
      for (index, row) in Windows.indices(Array(windows.input.dropLast())).enumerated() {
        runs += [
          Int32(channel * windows.inputPlane + index * length),
          Int32(channel * plane + corner + row.indices.reduce(0) { $0 + row[$1] * steps[$1] }),
        ]
      }
    }
    bringIn(x, runs: runs, length: length, into: target)
    let (starts, taps) = windows.onPadded()
    var table: [Int32] = []
    for channel in 0..<inChannels {
      for (tap, offset) in taps.enumerated() {
        table += [Int32(channel * plane + offset), Int32(channel * windows.taps + tap)]
      }
    }
    var classes = TapClasses()
    let rows = windows.outputPlane / width
    for row in 0..<rows {
      for vector in 0..<vectors {
        classes.add(
          table, from: starts[row * width] + 16 * vector, to: (row * vectors + vector) * 16, vectors: 1)
      }
    }
    let stride = 16 * vectors
    var places: [Int32] = []
    for channel in 0..<channels {
      for row in 0..<rows { for column in 0..<width { places.append(Int32((channel * rows + row) * stride + column)) } }
    }
    let floats = channels * rows * stride
    let made = Spread(
      buffer: buffer(floats), places: places, floats: floats, rows: Rows(plane: rows * stride, stride: stride))
    values[output] = made
    let weights = Place.operand(ends.operand(w))
    let bias: Place? = if site.has(2), let own = site.node.inputs[2] { .operand(ends.operand(own)) } else { nil }
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_TAPS, flags: flags(rectified, classes, rows: channels),
        sizes: [channels, inChannels * windows.taps, rows * stride, 1, 0, 0],
        inputs: [.buffer(target), weights, bias, nil], outputs: [.buffer(made.buffer)],
        classes: program.append(classes, width: 2)))
    return true
  }

  private mutating func product(_ site: NodeSite, output: Value, rectified: Bool) throws(LaneRefusal) {
    let attributes = site.node.attributes
    guard let a = site.node.inputs[0], let b = site.node.inputs[1], isOwn(a), !isOwn(b), !attributes.flag("transA"),
      attributes.float("alpha", default: 1) == 1, attributes.float("beta", default: 1) == 1
    else { throw LaneRefusal("has no such product") }
    let source = try spread(a)
    let layout = PackedWeights(
      channels: site.outputShape()[1], taps: site.inputShape(0)[1], isTurned: !attributes.flag("transB"))
    let weights = try packed(b, layout)
    let bias = try bias(site)
    var taps: [Int32] = []
    for (feature, place) in source.places.enumerated() { taps += [place, Int32(feature * layout.stride)] }
    var classes = TapClasses()
    classes.add(taps, from: 0, to: 0, vectors: 1)
    sum(classes, source, weights, bias, layout, plane: 1, output, rectified)
  }

  private mutating func maxPool(_ node: Node, _ site: NodeSite) throws(LaneRefusal) {
    guard let x = node.inputs[0] else { throw LaneRefusal("MaxPool without operands") }
    if node.outputs.count > 1,
      graph.readers[node.outputs[1]]?.isEmpty == false
        || graph.outputs.contains(where: {
          $0.value == node.outputs[1]
        })
    {
      throw LaneRefusal("places of maxima are wanted")
    }
    let kernel = site.attributes.ints("kernel_shape", default: [])
    let (whole, small) = (site.inputShape(0), site.outputShape())
    let windows = try Windows(ConvGeometry(site.attributes, kernel: kernel), input: whole, output: small)
    let source = try spread(x)
    if let rows = source.rows {
      guard kernel == [2, 2], windows.strides == [2, 2], windows.dilations == [1, 1], windows.before == [0, 0],
        windows.output[1] * 2 <= windows.input[1], windows.output[0] * 2 <= windows.input[0]
      else { throw LaneRefusal("has no such windows along rows") }
      let (height, width) = (small[2], small[3])
      let count = small[1] * height * width
      let made = Spread(buffer: buffer(count), places: (0..<count).map { Int32($0) }, floats: count)
      values[node.outputs[0]] = made
      program.operations.append(
        LaneOperation(
          kind: FOVEA_LANES_HALVE, sizes: [small[1], height, width, rows.plane, rows.stride, height * width, width],
          inputs: [.buffer(source.buffer)], outputs: [.buffer(made.buffer)]))
      return
    }
    try pool(node, windows.met(), whole, FOVEA_LANES_MAX_POOL, 0)
  }

  private mutating func wholePlanes(_ node: Node) throws(LaneRefusal) {
    guard let x = node.inputs[0] else { throw LaneRefusal("\(node.op) without operands") }
    let whole = graph.shape(x)
    let isSum = node.op == Op.ReduceSum.name
    let axes = node.attributes.ints("axes", default: []).map { $0 < 0 ? $0 + whole.rank : $0 }
    guard whole.rank >= 3, !isSum || axes.sorted() == Array(2..<whole.rank) else {
      throw LaneRefusal("\(node.op) along \(axes)")
    }
    try pool(
      node, [Array(0..<whole.dims.dropFirst(2).reduce(1, *))], whole, FOVEA_LANES_MEAN_POOL, isSum ? 1 : 0)
  }

  /// Windows over vectors of channels.
  private mutating func pool(
    _ node: Node, _ met: [[Int]], _ whole: Shape, _ kind: fovea_lanes_kind, _ factor: Float
  ) throws(LaneRefusal) {
    guard let x = node.inputs[0] else { return }
    let source = try spread(x)
    let plane = whole.dims.dropFirst(2).reduce(1, *)
    let vectors = (whole[1] + 15) / 16
    guard source.rows == nil, source.floats == vectors * 16 * plane,
      source.places.count < 2 || plane < 2 || source.places[1] == 16
    else { throw LaneRefusal("has no such windows") }
    var classes = TapClasses()
    for (position, places) in met.enumerated() {
      guard let first = places.first else { throw LaneRefusal("a window without numbers") }
      classes.add(places.map { Int32(($0 - first) * 16) }, from: first * 16, to: position * 16, vectors: 1)
    }
    let made = makeVectors(node.outputs[0])
    program.operations.append(
      LaneOperation(
        kind: kind, factor: factor, sizes: [vectors, plane * 16, met.count * 16], inputs: [.buffer(source.buffer)],
        outputs: [.buffer(made.buffer)], classes: program.append(classes, width: 1)))
  }

  private mutating func pointwise(_ node: Node, _ op: String) throws(LaneRefusal) {
    guard let kind = LaneOperation.activations[op], let x = node.inputs[0] else { throw LaneRefusal("has no \(op)") }
    let source: Spread
    let target: Int
    if let own = values[node.outputs[0]] {
      (source, target) = (own, own.buffer)
    } else {
      source = try spread(x)
      target = buffer(source.floats)
      values[node.outputs[0]] = Spread(
        buffer: target, places: source.places, floats: source.floats, rows: source.rows)
    }
    guard source.floats % 16 == 0 else { throw LaneRefusal("\(op) of a lone input") }
    program.operations.append(
      LaneOperation(
        kind: kind, sizes: [source.floats / 16], inputs: [.buffer(source.buffer)], outputs: [.buffer(target)]))
  }
}
