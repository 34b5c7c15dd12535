import FoveaTensors

extension Op {
  /// Another number of places along every spatial axis, by repeating or by linear interpolation.
  ///
  /// X [N, C, spatial…], like (optional, shape only: the spatial extents to reach) → Y [N, C, spatial′…].
  /// Attributes: either `scales` (a factor per spatial axis: extents become ⌊extent·scale⌋) or `sizes` (an extent
  /// per spatial axis) unless `like` is connected; `mode` ("nearest", "linear"), `coordinate_transformation_mode`
  /// ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric") and
  /// `nearest_mode` ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"), as ONNX defines them. PyTorch's
  /// `nearest` is asymmetric with floor, its `bilinear` half_pixel.
  public enum Resize: Operator {
    public static let name = "Resize"
    public static let inputNames = ["X", "like"]
    public static let optionalInputs: Set<Int> = [1]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      return [TensorType(query.dtype(0), resized(&query, x: 0, like: query.has(1) ? 1 : nil))]
    }

    /// The shape rule; `like` names the operand that gives the extents.
    static func resized(_ query: inout ShapeQuery, x index: Int, like: Int?) -> PartialShape {
      checkWords(&query)
      let x = query.shape(index)
      let scales = numbers(query.attributes, "scales")
      let sizes = query.attributes.ints("sizes", default: [])
      if [like != nil, !scales.isEmpty, !sizes.isEmpty].count(where: { $0 }) != 1 {
        query.reject(
          "scales \(scales), sizes \(sizes)\(like == nil ? "" : " and an operand to be like")",
          mend: "give one of them: scales, sizes, or an operand whose size is taken")
        return x.rank.map { .unknown(rank: $0) } ?? .unknown
      }
      guard let rank = x.rank ?? like.flatMap({ query.shape($0).rank }) else { return .unknown }
      guard (3...5).contains(rank) else {
        query.reject("X \(x) has \(rank) axes", mend: "give an input N×C×spatial… with 1 to 3 spatial axes")
        return .unknown(rank: rank)
      }
      var extents = [Int?](repeating: nil, count: rank - 2)
      if let like {
        query.requireRank(rank, ofInput: like, axesOf: "X")
        if query.shape(like).rank == rank { extents = (2..<rank).map { query.shape(like)[$0] } }
      } else if max(scales.count, sizes.count) != rank - 2 {
        query.reject(
          "\(max(scales.count, sizes.count)) factors or sizes for \(x)", mend: "give one per spatial axis: \(rank - 2)")
      } else if !sizes.isEmpty {
        extents = sizes
      } else if let bad = scales.first(where: { !($0 > 0 && $0 <= Double(ConvGeometry.largest)) }) {
        query.reject("a scale of \(bad)", mend: "give a positive factor, such as 2")
      } else {
        extents = scales.indices.map { axis in
          x[axis + 2].map { Int(min((Double($0) * scales[axis]).rounded(.down), 1e18)) }
        }
      }
      for axis in extents.indices {
        for extent in [x[axis + 2], extents[axis]].compactMap({ $0 })
        where !(1...ConvGeometry.largest).contains(extent) {
          query.reject(
            "an extent of \(extent) along spatial axis \(axis)",
            mend: "use extents from 1 to \(ConvGeometry.largest)")
          extents[axis] = nil
        }
      }
      return PartialShape([x[0], x[1]] + extents)
    }

    private static func checkWords(_ query: inout ShapeQuery) {
      for (name, standard, words) in [
        ("mode", "nearest", ["nearest", "linear"]),
        ("coordinate_transformation_mode", "half_pixel", Coordinates.rules),
        ("nearest_mode", "round_prefer_floor", Coordinates.roundings),
        ("keep_aspect_ratio_policy", "stretch", ["stretch"]),
        ("keep_aspect_ratio_policy", "stretch", ["stretch"]),
      ] {
        let found = query.attributes.string(name, default: standard)
        if !words.contains(found) {
          query.reject("\(name) \"\(found)\"", mend: "use one of \(words.joined(separator: ", "))")
        }
      }
      for name in ["antialias", "exclude_outside"] where query.attributes.flag(name) {
        query.reject("\(name) is not supported", mend: "leave it out")
      }
    }

    /// A list of numbers, whether they were written as integers or not.
    static func numbers(_ attributes: Attributes, _ name: String) -> [Double] {
      if case .floats(let found)? = attributes[name] { return found }
      return attributes.ints(name, default: []).map(Double.init)
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ResizeBackward.self, [g, builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Resampling.field(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let work = Resampling(site, from: 0)
      let wide = work.wide
      let shares = wide.share.map { T($0) }
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        work.forEachRow { from, to, weight, isFirst in
          let source = x + from
          let row = y + to
          let weight = T(weight)
          if isFirst, wide.right.isEmpty {
            for index in 0..<wide.left.count { row[index] = weight * source[wide.left[index]] }
          } else if wide.right.isEmpty {
            for index in 0..<wide.left.count { row[index] += weight * source[wide.left[index]] }
          } else {
            if isFirst { row.update(repeating: 0, count: wide.left.count) }
            for index in 0..<wide.left.count {
              let share = shares[index]
              let value = source[wide.left[index]] * (1 - share) + source[wide.right[index]] * share
              row[index] += weight * value
            }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let linear = site.attributes.string("mode", default: "nearest") == "linear"
      return
        "Brings \(site.inputShape(0)) to \(site.outputShape()), each new place "
        + (linear ? "between its nearest old ones." : "like its nearest old one.")
    }
  }

  /// The gradient of `Resize`: each place's gradient to the places that it was made of.
  ///
  /// dY, X (shape only) → dX like X. Attributes as `Resize`'s; without scales and sizes dY's extents are taken.
  public enum ResizeBackward: Operator {
    public static let name = "ResizeBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let isFree = query.attributes["scales"] == nil && query.attributes["sizes"] == nil
      let y = Resize.resized(&query, x: 1, like: isFree ? 0 : nil)
      query.requireShape(y, ofInput: 0, mend: "give the gradient of this very resizing's output")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    /// Resizing is linear: the adjoint of its adjoint is itself.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      let isFree = builder.attributes["scales"] == nil && builder.attributes["sizes"] == nil
      return builder.add(Resize.self, isFree ? [g, builder.input(0)] : [g], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let work = Resampling(site, from: nil)
      let wide = work.wide
      let shares = wide.share.map { T($0) }
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        work.forEachRow { from, to, weight, _ in
          let target = dx + from
          let row = dy + to
          let weight = T(weight)
          if wide.right.isEmpty {
            for index in 0..<wide.left.count { target[wide.left[index]] += weight * row[index] }
          } else {
            for index in 0..<wide.left.count {
              let share = shares[index]
              let part = weight * row[index]
              target[wide.left[index]] += part * (1 - share)
              target[wide.right[index]] += part * share
            }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Collects the gradient \(site.inputShape(0)) at the places of \(site.outputShape()) that it was made of."
    }
  }
}

extension ShapeQuery {
  /// Reports a rank that differs from that of another operand.
  mutating func requireRank(_ rank: Int, ofInput index: Int, axesOf other: String) {
    guard let found = shape(index).rank, found != rank else { return }
    reject(
      "\(name(index)) \(shape(index)) has \(found) axes, \(other) has \(rank)",
      mend: "give both the same number of axes")
  }
}
