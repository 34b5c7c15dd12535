import FoveaTensors

extension Op {
  /// Another number of places along every spatial axis, by repeating or by interpolation.
  ///
  /// X [N, C, spatial…], like (optional, shape only: the spatial extents to reach) → Y [N, C, spatial′…].
  /// Attributes: `scales` (a factor per spatial axis: extents become ⌊extent·scale⌋), `sizes` (an extent per spatial
  /// axis; with `scales` as well, those give the places) unless `like` is connected; `mode` ("nearest", "linear", "cubic":
  /// Keys 1981), `coordinate_transformation_mode` ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
  /// "tf_half_pixel_for_nn", "align_corners", "asymmetric", "tf_crop_and_resize" with `roi`, all begins, then all ends per
  /// spatial axis, and `extrapolation_value`), `nearest_mode` ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
  /// `cubic_coeff_a` (−0.75), `exclude_outside` (0), `antialias` (0), as ONNX defines them. PyTorch's `nearest` is
  /// asymmetric with floor, its `bilinear` half_pixel.
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
      if (like != nil) == !(scales.isEmpty && sizes.isEmpty)
        || (!scales.isEmpty && scales.count != sizes.count && !sizes.isEmpty)
      {
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
      } else if let bad = scales.first(where: { !($0 > 0 && $0 <= Double(ConvGeometry.largest)) }) {
        query.reject("a scale of \(bad)", mend: "give a positive factor, such as 2")
      } else if !sizes.isEmpty {
        extents = sizes
      } else {
        extents = scales.indices.map { axis in
          x[axis + 2].map { resized($0, by: scales[axis]) }
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

    /// ⌊extent·scale⌋. A factor that is a number of f32, as files hold them, is multiplied in f32, as runtimes do.
    private static func resized(_ extent: Int, by scale: Double) -> Int {
      let isShort = Double(Float(scale)) == scale && extent < 1 << 24
      let product = isShort ? Double(Float(extent) * Float(scale)) : Double(extent) * scale
      return Int(min(product.rounded(.down), 1e18))
    }

    private static func checkWords(_ query: inout ShapeQuery) {
      for (name, standard, words) in [
        ("mode", "nearest", Taps.modes), ("coordinate_transformation_mode", "half_pixel", Taps.rules),
        ("nearest_mode", "round_prefer_floor", Taps.roundings),
      ] {
        let found = query.attributes.string(name, default: standard)
        if !words.contains(found) {
          query.reject("\(name) \"\(found)\"", mend: "use one of \(words.joined(separator: ", "))")
        }
      }
      let roi = numbers(query.attributes, "roi")
      if !roi.allSatisfy({ abs($0) < 1e6 }) {
        query.reject("a part from \(roi)", mend: "give the part of each axis as numbers around 0 to 1")
      }
      let (a, outside) = (
        query.attributes.float("cubic_coeff_a", default: -0.75),
        query.attributes.float("extrapolation_value", default: 0)
      )
      if !a.isFinite || outside.isNaN {
        query.reject("cubic_coeff_a \(a), extrapolation_value \(outside)", mend: "give numbers")
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
      let weights = wide.weights.map { T($0) }
      let outside = T(site.attributes.float("extrapolation_value", default: 0))
      let isCopy = wide.isCopy
      let pairs = wide.pairs
      let (left, right) = (pairs?.left ?? [], pairs?.right ?? [])
      let (first, last) = (pairs?.first.map { T($0) } ?? [], pairs?.last.map { T($0) } ?? [])
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        work.forEachRow { from, to, weight, isFirst in
          let row = y + to
          guard let from else { return row.update(repeating: outside, count: wide.count) }
          let source = x + from
          let weight = T(weight)
          if isFirst, isCopy {
            for index in 0..<wide.count { row[index] = weight * source[wide.places[index]] }
          } else if isCopy {
            for index in 0..<wide.count { row[index] += weight * source[wide.places[index]] }
          } else if !left.isEmpty {
            if isFirst { row.update(repeating: 0, count: wide.count) }
            for index in 0..<left.count {
              row[index] += weight * (source[left[index]] * first[index] + source[right[index]] * last[index])
            }
          } else {
            for index in 0..<wide.count {
              var value: T = 0
              for tap in wide.starts[index]..<wide.starts[index + 1] {
                value += source[wide.places[tap]] * weights[tap]
              }
              row[index] = isFirst ? weight * value : row[index] + weight * value
            }
            // Filled with each old row: a sum of others' weights would not be the value itself.
            for (index, isOutside) in wide.isOutside.enumerated() where isOutside { row[index] = outside }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let isNearest = site.attributes.string("mode", default: "nearest") == "nearest"
      return
        "Brings \(site.inputShape(0)) to \(site.outputShape()), each new place "
        + (isNearest ? "like its nearest old one." : "between its nearest old ones.")
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
      var attributes = builder.attributes
      attributes["extrapolation_value"] = nil
      return builder.add(Resize.self, isFree ? [g, builder.input(0)] : [g], attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let work = Resampling(site, from: nil)
      let wide = work.wide
      let weights = wide.weights.map { T($0) }
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        work.forEachRow { from, to, weight, _ in
          // What was filled in came from nowhere.
          guard let from else { return }
          let target = dx + from
          let row = dy + to
          let weight = T(weight)
          for index in 0..<wide.count {
            let part = weight * row[index]
            for tap in wide.starts[index]..<wide.starts[index + 1] { target[wide.places[tap]] += part * weights[tap] }
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
