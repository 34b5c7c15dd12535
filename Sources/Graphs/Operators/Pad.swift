import FoveaTensors

extension Op {
  /// A rim around a tensor; negative widths cut off instead.
  ///
  /// X → Y. Attributes: `pads` (all begins, then all ends, for every axis), `mode`: what the rim is made of ("constant":
  /// `value`, which is 0 unless it is given; "edge": the outermost number; "reflect": the numbers mirrored at the
  /// outermost one; "wrap": those of the other end).
  public enum Pad: WholeOperator {
    public static let name = "Pad"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireNumbers(truths: true)
      let mode = query.attributes.string("mode", default: "constant")
      if !modes.contains(mode) { query.reject("mode \"\(mode)\"", mend: "use \(modes.joined(separator: ", "))") }
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
        let reach = mode == "reflect" ? extent - 1 : mode == "wrap" ? extent : .max
        if let wide = [pads[axis], pads[rank + axis]].first(where: { $0 > reach }) {
          query.reject(
            "a rim of \(wide) from axis \(axis) of \(x) by \(mode)", mend: "pad by at most \(reach) there, or by edge")
          return nil
        }
        if result > 0 { return result }
        query.reject(
          "cutting \(-pads[axis] - pads[rank + axis]) off axis \(axis) of \(x) leaves nothing", mend: "cut off less")
        return nil
      }
      return [TensorType(query.dtype(0), PartialShape(dims))]
    }

    private static let modes = ["constant", "edge", "reflect", "wrap"]

    static func isConstant(_ attributes: Attributes) -> Bool {
      attributes.string("mode", default: "constant") == "constant"
    }

    /// The adjoint of a rim of one value is a cut, and the other way round.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      guard isConstant(builder.attributes) else {
        return builder.add(PadBackward.self, [g, builder.input(0)], builder.attributes)
      }
      return builder.add(Pad.self, [g], ["pads": .ints(builder.attributes.ints("pads", default: []).map { -$0 })])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      around(site, T(site.attributes.float("value", default: 0)))
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      around(site, Whole.bounded(site.attributes.float("value", default: 0)) as I)
    }

    @inline(__always)
    private static func around<T: TensorScalar>(_ site: NodeSite, _ value: T) -> ReferenceKernel {
      let x = site.inputShape(0)
      let y = site.outputShape()
      guard isConstant(site.attributes) else {
        let rim = Rim(site.attributes, x: x, y: y)
        return { buffers in
          let x = buffers.input(0, as: T.self)
          let y = buffers.output(0, as: T.self)
          rim.forEach { to, from in y[to] = x[from] }
        }
      }
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
      let count = y.count
      let width = site.outputs[0].dtype.size
      return { buffers in
        buffers.output(0, as: T.self).update(repeating: value, count: count)
        copy.run(buffers.input(0, as: UInt8.self), buffers.output(0, as: UInt8.self), width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Puts a rim of \(isConstant(site.attributes) ? "\(site.attributes.float("value", default: 0))" : "its own numbers") around \(site.inputShape(0)): "
        + "\(Attribute.ints(site.attributes.ints("pads", default: []))) before and behind makes \(site.outputShape())."
    }
  }

  /// The gradient of `Pad` by its own numbers: each number's is the sum over all places that it was copied to.
  ///
  /// dY, X (shape only) → dX like X. Attributes: `pads`, `mode` ("edge", "reflect", "wrap").
  public enum PadBackward: Operator {
    public static let name = "PadBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      let x = query.shape(1)
      if Pad.isConstant(query.attributes) {
        query.reject("a rim of one value", mend: "its gradient is a Pad with negative widths")
      }
      let pads = query.attributes.ints("pads", default: [])
      if let dims = x.dims {
        guard pads.count == 2 * dims.count, pads.allSatisfy({ abs($0.clamped) <= ConvGeometry.largest }) else {
          query.reject("pads \(Attribute.ints(pads)) for \(x)", mend: "give those of the Pad")
          return [TensorType(query.dtype(0), x)]
        }
        let padded = dims.enumerated().map { axis, extent in
          extent.map { Cost.sum($0, pads[axis] + pads[dims.count + axis]) }
        }
        query.requireShape(PartialShape(padded), ofInput: 0, mend: "give the gradient of this very output")
      }
      return [TensorType(query.dtype(0), x)]
    }

    /// Copying is linear: the adjoint of its adjoint is itself.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Pad.self, [g], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let rim = Rim(site.attributes, x: site.outputShape(), y: site.inputShape(0))
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        rim.forEach { to, from in dx[from] += dy[to] }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Adds the \(site.inputShape(0).count) gradients up at the numbers of \(site.outputShape()) that were copied."
    }
  }
}

/// Which number of a tensor stands at each place of the one with a rim.
private struct Rim: Sendable {
  private let extents: [Int]
  /// For each axis, where in X each place of Y is taken from, as a step of elements.
  private let sources: [[Int]]

  init(_ attributes: Attributes, x: Shape, y: Shape) {
    let pads = attributes.ints("pads", default: [])
    let mode = attributes.string("mode", default: "constant")
    extents = y.dims
    sources = (0..<x.rank).map { axis in
      let extent = x[axis]
      return (0..<y[axis]).map { place in
        let at = place - pads[axis]
        let inside: Int
        switch mode {
        case "wrap": inside = ((at % extent) + extent) % extent
        case "reflect":
          let period = max(2 * (extent - 1), 1)
          let rest = ((at % period) + period) % period
          inside = rest < extent ? rest : period - rest
        default: inside = min(max(at, 0), extent - 1)
        }
        return inside * x.strides[axis]
      }
    }
  }

  /// Calls `body` with each place in Y and the place in X that it is copied from.
  @inline(__always)
  func forEach(_ body: (_ to: Int, _ from: Int) -> Void) {
    guard let last = extents.last else { return body(0, 0) }
    let columns = sources[extents.count - 1]
    for row in 0..<extents.dropLast().reduce(1, *) {
      var rest = row
      var start = 0
      var axis = extents.count - 2
      while axis >= 0 {
        start += sources[axis][rest % extents[axis]]
        rest /= extents[axis]
        axis -= 1
      }
      for column in 0..<last { body(row &* last &+ column, start &+ columns[column]) }
    }
  }
}

extension Int {
  /// The number itself, kept away from the one whose negative does not exist.
  fileprivate var clamped: Int { Swift.max(self, -.max) }
}
