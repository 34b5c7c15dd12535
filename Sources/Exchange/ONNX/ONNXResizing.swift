import FoveaGraphs
import FoveaTensors

/// Other numbers of places.
extension ONNXOperator {
  static let resizings: [ONNXOperator] = [
    ONNXOperator("Upsample") { (site) throws(ONNXRefusal) in
      var scales: [Double] = []
      if case .floats(let list)? = site.attribute("scales") { scales = list }
      if let given = try site.fixedFloats(1, "its scales") { scales = given }
      return [.value(try site.resize(scales: scales, try site.oldResizing()))]
    },
    ONNXOperator("Resize", refused: "sizes that a run makes") { (site) throws(ONNXRefusal) in
      guard site.opset >= 11 else {
        return [.value(try site.resize(scales: try site.fixedFloats(1, "its scales") ?? [], try site.oldResizing()))]
      }
      let attributes = try site.resizing()
      let hasScales = try site.known(2).map { $0.here.count > 0 } ?? site.isGiven(2)
      if hasScales, let scales = try site.known(2) {
        site.passOver("keep_aspect_ratio_policy")
        return [.value(try site.resize(scales: scales.here.doubles, attributes))]
      }
      return [.value(try site.resizeToSizes(attributes))]
    },
  ]
}

extension ONNXSite {
  /// The attributes of a resizing before opset 11.
  fileprivate func oldResizing() throws(ONNXRefusal) -> Attributes {
    let mode = string("mode", "nearest")
    return [
      "mode": .string(mode == "bilinear" ? "linear" : mode), "coordinate_transformation_mode": .string("asymmetric"),
      "nearest_mode": .string("floor"),
    ]
  }

  /// The attributes of a resizing, whatever says how large it becomes.
  fileprivate func resizing() throws(ONNXRefusal) -> Attributes {
    try keeping(
      "mode", "coordinate_transformation_mode", "nearest_mode", "antialias", "exclude_outside", "cubic_coeff_a",
      "extrapolation_value")
  }

  /// The axes that numbers are given for.
  private func resizedAxes() throws(ONNXRefusal) -> [Int] {
    let rank = try self.rank(0)
    guard let named = ints("axes") else { return Array(0..<rank) }
    var axes: [Int] = []
    for axis in named { axes.append(try self.axis(axis, rank: rank)) }
    guard Set(axes).count == axes.count else { throw ONNXRefusal("an axis is named twice: \(named)") }
    return axes
  }

  /// One number for each axis of what is given for all of them, or for some.
  private func forAll<T>(_ list: [T], _ axes: [Int], else standard: [T]) throws(ONNXRefusal) -> [T] {
    guard list.count == axes.count else { throw ONNXRefusal("\(list.count) scales or sizes for \(axes.count) axes") }
    var result = standard
    for (axis, value) in zip(axes, list) { result[axis] = value }
    return result
  }

  /// The part of each axis that is looked at: begins and ends; nil where it is all of them.
  private func parts(_ axes: [Int], _ attributes: Attributes) throws(ONNXRefusal) -> [(Double, Double)]? {
    guard attributes.string("coordinate_transformation_mode", default: "") == "tf_crop_and_resize" else { return nil }
    guard let roi = try fixedFloats(1, "the part that it looks at"), roi.count == 2 * axes.count else {
      throw ONNXRefusal("tf_crop_and_resize without the part to look at: a begin and an end for each axis")
    }
    let pairs = axes.indices.map { (roi[$0], roi[axes.count + $0]) }
    return try forAll(pairs, axes, else: [(Double, Double)](repeating: (0, 1), count: try rank(0)))
  }

  fileprivate func resize(scales: [Double], _ attributes: Attributes) throws(ONNXRefusal) -> Value {
    let axes = try resizedAxes()
    let all = try forAll(scales, axes, else: [Double](repeating: 1, count: try rank(0)))
    return try resize(all, sizes: nil, try parts(axes, attributes), attributes)
  }

  /// Resizes by factors, to sizes where they are given as well.
  private func resize(
    _ scales: [Double], sizes: [Int]?, _ parts: [(Double, Double)]?, _ attributes: Attributes
  ) throws(ONNXRefusal) -> Value {
    let x = try value(0)
    let (here, there) = try dims(of: x)
    let changed = scales.indices.filter { axis in
      scales[axis] != 1 || sizes.map { $0[axis] != here[axis] } ?? false || parts.map { $0[axis] != (0, 1) } ?? false
    }
    guard let first = changed.first else { return x }
    if first >= 2, (3...5).contains(here.count) {
      var own = attributes
      own["scales"] = .floats(Array(scales.dropFirst(2)))
      if let sizes { own["sizes"] = .ints(Array(sizes.dropFirst(2))) }
      if let parts { own["roi"] = .floats(parts.dropFirst(2).map { $0.0 } + parts.dropFirst(2).map { $0.1 }) }
      return emit(Op.Resize.self, [x], own)
    }
    // Other axes than places of pictures: one after the other, seen as places of rows.
    guard here == there else {
      throw ONNXRefusal("it resizes examples, channels or more than three axes of open sizes", isAboutShapes: true)
    }
    var (result, extents) = (x, here)
    for axis in changed {
      let (outer, inner) = (
        extents[..<axis].reduce(1) { Cost.product($0, $1) }, extents[(axis + 1)...].reduce(1) { Cost.product($0, $1) }
      )
      let rows = emit(
        Op.Reshape.self, [result], ["shape": .ints([outer, 1, extents[axis], inner])], part: "rows \(axis)")
      var own = attributes
      own["scales"] = .floats([scales[axis], 1])
      if let sizes { own["sizes"] = .ints([sizes[axis], inner]) }
      if let part = parts?[axis] { own["roi"] = .floats([part.0, 0, part.1, 1]) }
      let resized = emit(Op.Resize.self, [rows], own, part: "resized \(axis)")
      extents[axis] = try dims(of: resized).here[2]
      result = emit(
        Op.Reshape.self, [resized], ["shape": .ints(extents)], part: axis == changed.last ? nil : "axis \(axis)")
    }
    return result
  }

  fileprivate func resizeToSizes(_ attributes: Attributes) throws(ONNXRefusal) -> Value {
    guard let given = try known(3), let first = given.here.ints, let second = given.there.ints else {
      throw ONNXRefusal(
        "its sizes come out of the network itself; they must be known before it runs", isAboutShapes: true)
    }
    let axes = try resizedAxes()
    let x = try value(0)
    let own = try dims(of: x)
    let (here, there) = (try forAll(first, axes, else: own.here), try forAll(second, axes, else: own.there))
    guard here.allSatisfy({ (1...1 << 30).contains($0) }), own.here.allSatisfy({ $0 > 0 }) else {
      throw ONNXRefusal("it resizes \(Shape(own.here)) to \(here)")
    }
    let policy = string("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch" {
      if let result = try stretch(x, own, here, there, given, axes, attributes) { return result }
    }
    guard here == there, own.here == own.there else {
      throw ONNXRefusal("its sizes depend on an open size in a way that is no factor", isAboutShapes: true)
    }
    var scales = here.indices.map { Double(here[$0]) / Double(own.here[$0]) }
    var sizes = here
    if policy != "stretch" {
      guard ["not_larger", "not_smaller"].contains(policy) else {
        throw ONNXRefusal("keep_aspect_ratio_policy \(Named.short(policy)) is none of the standard's")
      }
      let ratios = axes.map { scales[$0] }
      let scale = (policy == "not_larger" ? ratios.min() : ratios.max()) ?? 1
      for axis in axes {
        scales[axis] = scale
        sizes[axis] = Int(min((scale * Double(own.here[axis]) + 0.5).rounded(.down), 1e9))
      }
    }
    return try resize(scales, sizes: sizes, try parts(axes, attributes), attributes)
  }

  /// Places of a picture to sizes that may follow open ones; nil where it takes other ways.
  private func stretch(
    _ x: Value, _ own: (here: [Int], there: [Int]), _ here: [Int], _ there: [Int], _ given: Known, _ axes: [Int],
    _ attributes: Attributes
  ) throws(ONNXRefusal) -> Value? {
    guard (3...5).contains(here.count), here.prefix(2) == own.here.prefix(2), there.prefix(2) == own.there.prefix(2),
      try parts(axes, attributes) == nil
    else { return nil }
    var attributes = attributes
    let (wanted, others) = (Array(here.dropFirst(2)), Array(there.dropFirst(2)))
    if wanted == others {
      attributes["sizes"] = .ints(wanted)
      return emit(Op.Resize.self, [x], attributes)
    }
    // As large as another value, at all sizes.
    let places = (2..<here.count).map { axis in axes.firstIndex(of: axis) }
    let origins = places.map { $0.flatMap { given.here.origin($0) } }
    if let first = origins.first ?? nil,
      origins.enumerated().allSatisfy({ $1 == .init(value: first.value, axis: $0 + 2) }),
      places.allSatisfy({ $0.map { given.here.origin($0) == given.there.origin($0) } ?? false }),
      importer.graph[first.value].type.shape.rank == own.here.count
    {
      return emit(Op.Resize.self, [x, first.value], attributes)
    }
    let factors = wanted.indices.map { Double(wanted[$0]) / Double(own.here[$0 + 2]) }
    if factors == others.indices.map({ Double(others[$0]) / Double(own.there[$0 + 2]) }) {
      attributes["scales"] = .floats(factors)
      return emit(Op.Resize.self, [x], attributes)
    }
    // Computed along the way, as some value's size is.
    guard let like = importer.latest(spatial: wanted, others) else {
      throw ONNXRefusal("its sizes depend on an open size in a way that is no factor", isAboutShapes: true)
    }
    return emit(Op.Resize.self, [x, like], attributes)
  }
}
