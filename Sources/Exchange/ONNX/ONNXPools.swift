import FoveaGraphs
import FoveaTensors

/// Pooling.
extension ONNXOperator {
  static let pools: [ONNXOperator] = [
    ONNXOperator("MaxPool", refused: "storage_order 1") { (site) throws(ONNXRefusal) in
      if site.flag("storage_order") { throw ONNXRefusal("storage_order 1 (columns first) is not read") }
      let attributes = try site.windowAttributes("kernel_shape", "ceil_mode")
      let x = try site.value(0)
      guard site.isWanted(1) else { return [.value(site.emit(Op.MaxPool.self, [x], attributes))] }
      let all = site.emitAll(Op.MaxPoolWithIndices.self, [x], attributes)
      return [.value(all[0]), .places(all[1])]
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
    ONNXOperator("MaxUnpool", refused: "places that no MaxPool of the network found") { (site) throws(ONNXRefusal) in
      let attributes = try site.windowAttributes()
      guard let places = site.places(1) else { throw ONNXRefusal("its places are not those that a MaxPool found") }
      let x = try site.value(0)
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
    let kernel = ints("kernel_shape") ?? []
    guard kernel.count == here.count - 2, kernel.count > 0 else { throw ONNXRefusal("it says no kernel_shape") }
    let geometry = ConvGeometry(attributes, kernel: kernel)
    func extents(_ dims: [Int]) -> [Int] {
      kernel.indices.map { axis in
        let pad = geometry.padding(axis, extent: 1)
        return Cost.sum(Cost.product(dims[axis + 2] - 1, geometry.strides[axis]), kernel[axis] - pad.before - pad.after)
      }
    }
    guard let like = importer.latest(spatial: extents(here), extents(there)) else {
      throw ONNXRefusal("nothing in the network is as large as its result")
    }
    return like
  }
}
