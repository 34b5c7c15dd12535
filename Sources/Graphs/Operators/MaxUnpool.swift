import FoveaTensors

extension Op {
  /// Puts numbers back where a max pooling found them, zeros elsewhere (Zeiler et al. 2011; Badrinarayanan et al.
  /// 2015).
  ///
  /// X [N, C, spatial′…], Indices like X (i32: places within a plane, −1 for none), like [·, ·, spatial…] (shape
  /// only) → Y [N, C, spatial…]. What several windows picked is added up, so that this is the exact adjoint of the
  /// pooling; PyTorch keeps the last instead, which is the same where windows do not overlap. (ONNX counts places
  /// within the whole tensor.)
  public enum MaxUnpool: Operator {
    public static let name = "MaxUnpool"
    public static let inputNames = ["X", "Indices", "like"]
    public static let nonFloatInputs: Set<Int> = [1]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      query.require(.i32, ofInput: 1, mend: "give the places that MaxPoolWithIndices found")
      query.requireShape(query.shape(0), ofInput: 1, mend: "give one place for each number of \(query.shape(0))")
      let like = query.shape(2)
      if let rank = query.shape(0).rank {
        query.requireRank(rank, ofInput: 2, axesOf: "X")
        if rank < 3 { query.reject("X \(query.shape(0)) has no spatial axes", mend: "give an input N×C×spatial…") }
      }
      guard let dims = like.dims, dims.count == query.shape(0).rank ?? dims.count, dims.count > 2 else {
        return [TensorType(query.dtype(0), query.shape(0).rank.map { .unknown(rank: $0) } ?? .unknown)]
      }
      return [TensorType(query.dtype(0), PartialShape([query.shape(0)[0], query.shape(0)[1]] + dims.dropFirst(2)))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(MaxUnpoolBackward.self, [g, builder.input(1)])
    }

    /// A number may land anywhere in its window: each place sees what that one number saw.
    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let (x, y) = (site.inputShape(0), site.outputShape())
      let strides = (2..<x.rank).map { max(y[$0] / max(x[$0], 1), 1) }
      return .transposed(span: strides, stride: strides)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let y = site.outputShape()
      let planes = y[0] * y[1]
      let large = y.dims.dropFirst(2).reduce(1, *)
      let small = site.inputShape(0).dims.dropFirst(2).reduce(1, *)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let places = buffers.input(1, as: Int32.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 0, count: planes * large)
        for plane in 0..<planes {
          let target = y + plane * large
          for at in (plane * small)..<((plane + 1) * small) {
            // A place outside the plane, from another size or a damaged file, is no place.
            let place = Int(places[at])
            if place >= 0, place < large { target[place] += x[at] }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Puts the \(site.inputShape(0).count) numbers back where the pooling found them, in \(site.outputShape()); zeros "
        + "elsewhere."
    }
  }

  /// The gradient of `MaxUnpool`: each number's gradient is picked up at its place.
  ///
  /// dY [N, C, spatial…], Indices [N, C, spatial′…] (i32) → dX like Indices.
  public enum MaxUnpoolBackward: Operator {
    public static let name = "MaxUnpoolBackward"
    public static let inputNames = ["dY", "Indices"]
    public static let nonFloatInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      query.require(.i32, ofInput: 1, mend: "give the places that MaxPoolWithIndices found")
      let places = query.shape(1)
      for index in 0...1 {
        guard let rank = query.shape(index).rank, rank < 3 else { continue }
        query.reject(
          "\(query.name(index)) \(query.shape(index)) has no spatial axes", mend: "give an input N×C×spatial…")
        return [TensorType(query.dtype(0), places)]
      }
      if let rank = places.rank {
        query.requireShape(
          PartialShape([places[0], places[1]] + [Int?](repeating: nil, count: rank - 2)), ofInput: 0,
          mend: "give the gradient of this very unpooling's output")
      }
      return [TensorType(query.dtype(0), places)]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(MaxUnpool.self, [g, builder.input(1), builder.input(0)])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let dx = site.outputShape()
      let planes = dx[0] * dx[1]
      let small = dx.dims.dropFirst(2).reduce(1, *)
      let large = site.inputShape(0).dims.dropFirst(2).reduce(1, *)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let places = buffers.input(1, as: Int32.self)
        let dx = buffers.output(0, as: T.self)
        for plane in 0..<planes {
          let source = dy + plane * large
          for at in (plane * small)..<((plane + 1) * small) {
            let place = Int(places[at])
            dx[at] = place >= 0 && place < large ? source[place] : 0
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Picks \(site.outputShape().count) gradients out of \(site.inputShape(0)), where the pooling had found its winners."
    }
  }
}
