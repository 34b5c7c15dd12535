import FoveaGraphs
import FoveaTensors

/// Pooling.
extension ONNXOperator {
  static let pools: [ONNXOperator] = [
    ONNXOperator("MaxPool", refused: "storage_order 1 with places in planes of open sizes") {
      (site) throws(ONNXRefusal) in
      let isTurned = site.flag("storage_order")
      let attributes = try site.windowAttributes("kernel_shape", "ceil_mode")
      let x = try site.value(0)
      guard site.isWanted(1) else { return [.value(site.emit(Op.MaxPool.self, [x], attributes))] }
      let all = site.emitAll(Op.MaxPoolWithIndices.self, [x], attributes)
      guard isTurned else { return [.value(all[0]), .places(all[1])] }
      return [.value(all[0]), .value(try site.wholePlaces(all[1], x, columnsFirst: true))]
    },
    ONNXOperator("AveragePool") { (site) throws(ONNXRefusal) in
      let attributes = try site.windowAttributes("kernel_shape", "ceil_mode", "count_include_pad")
      return [.value(site.emit(Op.AveragePool.self, [try site.value(0)], attributes))]
    },
    ONNXOperator("LpPool") { (site) throws(ONNXRefusal) in
      let attributes = try site.windowAttributes("kernel_shape", "ceil_mode", "p")
      return [.value(site.emit(Op.LpPool.self, [try site.value(0)], attributes))]
    },
    direct("GlobalAveragePool", Op.GlobalAveragePool.self),
    direct("GlobalMaxPool", Op.GlobalMaxPool.self),
    direct("GlobalLpPool", Op.GlobalLpPool.self, ["p"]),
    ONNXOperator("MaxUnpool", refused: "open sizes with places that no MaxPool of the network found") {
      (site) throws(ONNXRefusal) in
      let attributes = try site.windowAttributes()
      let x = try site.value(0)
      guard let places = site.places(1) else { return [.value(try site.scattered(x, attributes))] }
      return [.value(site.emit(Op.MaxUnpool.self, [x, places, try site.unpooled(x, attributes)]))]
    },
  ]
}

extension ONNXSite {
  /// A value that is as large as the result of an unpooling.
  fileprivate func unpooled(_ x: Value, _ attributes: Attributes) throws(ONNXRefusal) -> Value {
    if let shape = try known(2), let here = shape.here.ints, let there = shape.there.ints, here.count > 2 {
      if let first = shape.here.origin(2), first == shape.there.origin(2), first.axis == 2, first.plus == 0,
        importer.graph[first.value].type.shape.rank == here.count
      {
        return first.value
      }
      if let like = importer.latest(spatial: Array(here.dropFirst(2)), Array(there.dropFirst(2))) { return like }
      throw ONNXRefusal("nothing in the network is as large as its result \(Shape(here))")
    }
    guard !isGiven(2) else { throw ONNXRefusal("the extents of its result come out of the network itself") }
    let (here, there) = try dims(of: x)
    guard
      let like = importer.latest(
        spatial: try unpooledExtents(here, attributes), try unpooledExtents(there, attributes))
    else { throw ONNXRefusal("nothing in the network is as large as its result") }
    return like
  }

  /// How large planes become that a pooling with this kernel made.
  private func unpooledExtents(_ dims: [Int], _ attributes: Attributes) throws(ONNXRefusal) -> [Int] {
    let kernel = ints("kernel_shape") ?? []
    guard kernel.count == dims.count - 2, kernel.count > 0 else { throw ONNXRefusal("it says no kernel_shape") }
    let geometry = ConvGeometry(attributes, kernel: kernel)
    return kernel.indices.map { axis in
      let pad = geometry.padding(axis, extent: 1)
      return Cost.sum(Cost.product(dims[axis + 2] - 1, geometry.strides[axis]), kernel[axis] - pad.before - pad.after)
    }
  }

  /// Numbers at places in the whole tensor, however they were found.
  fileprivate func scattered(_ x: Value, _ attributes: Attributes) throws(ONNXRefusal) -> Value {
    let (here, there) = try dims(of: x)
    let shape = try Shape(here.prefix(2) + unpooledExtents(here, attributes))
    guard here == there, shape.rank == here.count, shape.dims.allSatisfy({ $0 > 0 }), shape.isCountable(upTo: 1 << 40)
    else { throw ONNXRefusal("its places are not those that a MaxPool found, and its sizes are open") }
    let zero = emit(Op.Expand.self, [constant(0, "zero")], ["shape": .ints([shape.count])], part: "zeros")
    let numbers = emit(Op.Reshape.self, [x], ["shape": .ints([-1])], part: "numbers")
    let places = emit(Op.Reshape.self, [try value(1)], ["shape": .ints([-1])], part: "places")
    let filled = emit(Op.ScatterElements.self, [zero, places, numbers], part: "filled")
    // Places count in the tensor that the kernel says; a larger one is filled up behind.
    let rims = try fixedInts(2, "the extents of its result").map { given in zip(given, shape.dims).map { $0 - $1 } }
    guard let rims, rims.contains(where: { $0 != 0 }) else {
      return emit(Op.Reshape.self, [filled], ["shape": .ints(shape.dims)])
    }
    guard rims.count == shape.rank, rims.allSatisfy({ (0...1 << 20).contains($0) }) else {
      throw ONNXRefusal("the extents of its result are smaller than its windows say: \(shape)")
    }
    let whole = emit(Op.Reshape.self, [filled], ["shape": .ints(shape.dims)], part: "whole")
    return emit(Op.Pad.self, [whole], ["pads": .ints([Int](repeating: 0, count: shape.rank) + rims)])
  }

  /// Places within planes as places in the whole tensor.
  func wholePlaces(_ places: Value, _ x: Value, columnsFirst: Bool = false) throws(ONNXRefusal) -> Value {
    let (here, there) = try dims(of: x)
    let plane = here.dropFirst(2).reduce(1) { Cost.product($0, $1) }
    guard here.dropFirst(2) == there.dropFirst(2), here.count > 2 else {
      throw ONNXRefusal("places in the whole tensor as a result, of planes whose sizes are open", isAboutShapes: true)
    }
    func number(_ value: Int, _ name: String) -> Value {
      importer.constant("\(node.label)/\(name)", Tensor(scalar: Int64(value)))
    }
    var own = emit(Op.Cast.self, [places], ["to": .string("i64")], part: "places")
    if columnsFirst {
      // The same place, counted down the first spatial axis first.
      var (rest, sum, step) = (own, nil as Value?, plane)
      for (axis, extent) in here.dropFirst(2).enumerated().reversed() {
        step /= extent
        let size = number(extent, "extent \(axis)")
        let place = emit(Op.Mod.self, [rest, size], part: "place \(axis)")
        rest = emit(Op.Div.self, [rest, size], part: "rest \(axis)")
        let part = emit(Op.Mul.self, [place, number(step, "step \(axis)")], part: "part \(axis)")
        sum = sum.map { emit(Op.Add.self, [$0, part], part: "turned \(axis)") } ?? part
      }
      own = sum ?? own
    }
    // The number of each plane: how many came before it.
    let ones = emit(Op.BroadcastToShape.self, [number(1, "one"), places], part: "ones")
    let spatial = Array(2..<here.count)
    let first = emit(
      Op.Slice.self, [ones],
      ["axes": .ints(spatial), "starts": .ints(spatial.map { _ in 0 }), "ends": .ints(spatial.map { _ in 1 })],
      part: "one for each plane")
    let flat = emit(Op.Reshape.self, [first], ["shape": .ints([-1])], part: "planes")
    let counted = emit(Op.CumSum.self, [flat], ["axis": .int(0), "exclusive": .int(1)], part: "planes before")
    let numbers = emit(Op.ReshapeLike.self, [counted, first], part: "numbers of planes")
    let starts = emit(Op.Mul.self, [numbers, number(plane, "size of a plane")], part: "starts of planes")
    return emit(Op.Add.self, [own, starts], part: "places in all")
  }
}
