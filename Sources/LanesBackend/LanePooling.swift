import CFoveaLanes
import FoveaGraphs
import FoveaTensors

/// Windows that keep the largest number or the mean, and sums over whole planes.
extension LaneCompiler {
  mutating func pooling(_ node: Node, _ site: NodeSite) throws(LaneRefusal) {
    let isBackward = node.op.hasSuffix("Backward")
    let (whole, small): (Shape, Shape)
    switch node.op {
    case Op.MaxPoolBackward.name: (whole, small) = (site.outputShape(), site.inputShape(0))
    default:
      (whole, small) =
        isBackward ? (site.outputShape(), site.inputShape(0)) : (site.inputShape(0), site.outputShape())
    }
    guard whole.rank >= 3 else { throw LaneRefusal("\(node.op) of \(whole)") }
    let plane = whole.dims.dropFirst(2).reduce(1, *)
    switch node.op {
    case Op.MaxPool.name, Op.MaxPoolBackward.name:
      let met = try windows(site, whole, small).met()
      try isBackward ? spread(node, met, FOVEA_LANES_MAX_POOL_BACK, 0) : pool(node, met, FOVEA_LANES_MAX_POOL, 0)
    case Op.AveragePool.name, Op.AveragePoolBackward.name:
      let geometry = try windows(site, whole, small)
      let met = geometry.met()
      var factor: Float = 0
      // Padding before or behind the picture: some window has fewer numbers than taps.
      if node.attributes.flag("count_include_pad"), met.contains(where: { $0.count < geometry.taps }) {
        guard !node.attributes.flag("ceil_mode") else { throw LaneRefusal("\(node.op) rounded up over padding") }
        factor = 1 / Float(geometry.taps)
      }
      try isBackward
        ? spread(node, met, FOVEA_LANES_MEAN_POOL_BACK, factor) : pool(node, met, FOVEA_LANES_MEAN_POOL, factor)
    case Op.GlobalAveragePool.name: try pool(node, [Array(0..<plane)], FOVEA_LANES_MEAN_POOL, 0)
    case Op.GlobalAveragePoolBackward.name: try spread(node, [Array(0..<plane)], FOVEA_LANES_MEAN_POOL_BACK, 0)
    default:
      // Sums along all axes of a plane.
      let axes = node.attributes.ints("axes", default: []).map { $0 < 0 ? $0 + whole.rank : $0 }
      guard axes.sorted() == Array(2..<whole.rank) else { throw LaneRefusal("\(node.op) along \(axes)") }
      try isBackward
        ? spread(node, [Array(0..<plane)], FOVEA_LANES_MEAN_POOL_BACK, 1)
        : pool(node, [Array(0..<plane)], FOVEA_LANES_MEAN_POOL, 1)
    }
  }

  private func windows(_ site: NodeSite, _ whole: Shape, _ small: Shape) throws(LaneRefusal) -> Windows {
    let kernel = site.attributes.ints("kernel_shape", default: [])
    guard kernel.count == whole.rank - 2 else { throw LaneRefusal("a window of \(kernel)") }
    return try Windows(ConvGeometry(site.attributes, kernel: kernel), input: whole, output: small)
  }

  /// Windows as classes: where each begins, and how far its numbers are from there.
  private func classes(_ met: [[Int]]) throws(LaneRefusal) -> TapClasses {
    var classes = TapClasses()
    for (position, places) in met.enumerated() {
      guard let first = places.first else { throw LaneRefusal("a window without numbers") }
      classes.add(
        places.map { Int32(($0 - first) * lanes) }, from: first * lanes, to: position * lanes, vectors: vectors)
    }
    return classes
  }

  private mutating func pool(
    _ node: Node, _ met: [[Int]], _ kind: fovea_lanes_kind, _ factor: Float
  ) throws(LaneRefusal) {
    guard let x = node.inputs[0] else { throw LaneRefusal("\(node.op) without operands") }
    let source = try place(x)
    let planes = graph.shape(x)[1]
    var outputs: [Place?] = [make(node.outputs[0])]
    if node.outputs.count > 1 {
      if isNamed(node.outputs[1]) { throw LaneRefusal("places of maxima are wanted outside") }
      if readers[node.outputs[1]]?.isEmpty == false { outputs.append(make(node.outputs[1])) }
    }
    program.operations.append(
      LaneOperation(
        kind: kind, factor: factor, sizes: [planes, elements(x) / planes * lanes, met.count * lanes],
        inputs: [source], outputs: outputs, classes: program.append(try classes(met), width: 1)))
  }

  private mutating func spread(
    _ node: Node, _ met: [[Int]], _ kind: fovea_lanes_kind, _ factor: Float
  ) throws(LaneRefusal) {
    guard let dy = node.inputs[0] else { throw LaneRefusal("\(node.op) without operands") }
    var inputs: [Place?] = [try place(dy)]
    if kind == FOVEA_LANES_MAX_POOL_BACK, let which = node.inputs[1] { inputs.append(try place(which)) }
    let shape = graph.shape(node.outputs[0])
    let (planes, plane) = (shape[1], shape.dims.dropFirst(2).reduce(1, *))
    var times = [Int](repeating: 0, count: plane)
    for places in met { for place in places { times[place] += 1 } }
    let overlaps = times.contains { $0 > 1 }
    let isWhole = times.allSatisfy { $0 == 1 }
    program.operations.append(
      LaneOperation(
        kind: kind, flags: overlaps ? [FOVEA_LANES_OVERLAP] : [], factor: factor,
        sizes: [planes, plane * lanes, met.count * lanes, isWhole ? 0 : plane * lanes], inputs: inputs,
        outputs: [make(node.outputs[0])], classes: program.append(try classes(met), width: 1)))
  }
}
