import FoveaTensors

/// What `QuantizeLinear` and `DequantizeLinear` share.
enum Quantization {
  static let types: [DType] = [.i8, .u8]

  /// Reports scales and zero points that do not fit X.
  static func check(_ query: inout ShapeQuery) {
    let scale = query.shape(1)
    if query.has(2), !types.contains(query.dtype(2)) {
      query.reject("zero points of type \(query.dtype(2).rawValue)", mend: "give i8 or u8")
    }
    guard let rank = scale.rank else { return }
    if rank > 1 {
      query.reject("the scales \(scale) have \(rank) axes", mend: "give one number, or one for each place of an axis")
      return
    }
    query.requireShape(scale, ofInput: 2, mend: "give as many zero points as scales")
    guard rank == 1, scale[0] != 1, let own = query.shape(0).rank,
      let axis = query.axis(default: 1, rank: own)
    else { return }
    query.requireShape(
      PartialShape([query.shape(0)[axis]]), ofInput: 1, mend: "give one scale for each place of axis \(axis)")
  }

  static func isPerAxis(_ site: NodeSite) -> Bool { site.inputShape(1).count > 1 }

  /// X seen as [outer, extent, inner], of which the middle one chooses the scale.
  struct Loop: Sendable {
    let outer: Int
    let extent: Int
    let inner: Int

    @inline(__always)
    func run(_ body: (_ index: Int, _ place: Int) -> Void) {
      var index = 0
      for _ in 0..<outer {
        for place in 0..<extent {
          for _ in 0..<inner {
            body(index, place)
            index += 1
          }
        }
      }
    }
  }

  static func loop(_ site: NodeSite) -> Loop {
    let shape = site.inputShape(0)
    guard isPerAxis(site) else { return Loop(outer: 1, extent: 1, inner: shape.count) }
    let given = site.attributes.int("axis", default: 1)
    let axis = given < 0 ? given + shape.rank : given
    return Loop(
      outer: shape.dims[..<axis].reduce(1, *), extent: shape[axis], inner: shape.dims[(axis + 1)...].reduce(1, *))
  }
}
