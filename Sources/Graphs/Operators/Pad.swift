import FoveaTensors

extension Op {
  /// A rim of one value around a tensor; negative widths cut off instead.
  ///
  /// X → Y. Attributes: `pads` (all begins, then all ends, for every axis), `value` (0), `mode` ("constant").
  public enum Pad: Operator {
    public static let name = "Pad"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      let mode = query.attributes.string("mode", default: "constant")
      if mode != "constant" { query.reject("mode \"\(mode)\"", mend: "use \"constant\"") }
      let pads = query.attributes.ints("pads", default: [])
      let x = query.shape(0)
      let rank = x.rank ?? pads.count / 2
      guard pads.count == 2 * rank else {
        query.reject(
          "pads \(Attribute.ints(pads)) for \(x)",
          mend: "give \(2 * rank) numbers: one before each axis, then one behind each")
        return [TensorType(query.dtype(0), .unknown(rank: rank))]
      }
      if let wide = pads.first(where: { abs($0.clamped) > ConvGeometry.largest }) {
        query.reject("a rim of \(wide)", mend: "give widths of at most \(ConvGeometry.largest)")
        return [TensorType(query.dtype(0), .unknown(rank: rank))]
      }
      let dims = (0..<rank).map { axis -> Int? in
        guard let extent = x[axis] else { return nil }
        let result = Cost.sum(extent, pads[axis] + pads[rank + axis])
        if result > 0 { return result }
        query.reject(
          "cutting \(-pads[axis] - pads[rank + axis]) off axis \(axis) of \(x) leaves nothing", mend: "cut off less")
        return nil
      }
      return [TensorType(query.dtype(0), PartialShape(dims))]
    }

    /// The adjoint of a rim is a cut, and the other way round.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Pad.self, [g], ["pads": .ints(builder.attributes.ints("pads", default: []).map { -$0 })])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.inputShape(0)
      let y = site.outputShape()
      let before = site.attributes.ints("pads", default: []).prefix(x.rank)
      // What both hold, and where it begins in each.
      var extents: [Int] = []
      var from = 0
      var to = 0
      for (axis, width) in before.enumerated() {
        extents.append(max(min(x[axis] + min(width, 0), y[axis] - max(width, 0)), 0))
        from += max(-width, 0) * x.strides[axis]
        to += max(width, 0) * y.strides[axis]
      }
      let copy = StridedCopy(extents, from: x.strides, to: y.strides, start: (from, to))
      let value = T(site.attributes.float("value", default: 0))
      let count = y.count
      let width = site.outputs[0].dtype.size
      return { buffers in
        buffers.output(0, as: T.self).update(repeating: value, count: count)
        copy.run(buffers.input(0, as: UInt8.self), buffers.output(0, as: UInt8.self), width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Puts a rim of \(site.attributes.float("value", default: 0)) around \(site.inputShape(0)): "
        + "\(Attribute.ints(site.attributes.ints("pads", default: []))) before and behind makes \(site.outputShape())."
    }
  }
}

extension Int {
  /// The number itself, kept away from the one whose negative does not exist.
  fileprivate var clamped: Int { Swift.max(self, -.max) }
}
