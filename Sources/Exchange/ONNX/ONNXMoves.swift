import FoveaGraphs
import FoveaTensors

/// Parts, sides, rims and other sizes of tensors.
extension ONNXOperator {
  static let moves: [ONNXOperator] = [
    ONNXOperator("Transpose") { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.Transpose.self, [try site.value(0)], try site.keeping("perm")))]
    },
    ONNXOperator("Concat", folded: true) { (site) throws(ONNXRefusal) in
      var operands: [Value?] = []
      for index in 0..<site.inputCount { operands.append(try site.value(index)) }
      return [.value(site.emit(Op.Concat.self, operands, try site.keeping("axis")))]
    },
    ONNXOperator("Split", folded: true) { (site) throws(ONNXRefusal) in
      var attributes = try site.keeping("axis", "split", "num_outputs")
      if let sizes = try site.fixedInts(1, "its pieces") { attributes["split"] = .ints(sizes) }
      if attributes["split"] == nil, attributes["num_outputs"] == nil {
        attributes["num_outputs"] = .int(site.node.outputs.count)
      }
      return site.emitAll(Op.Split.self, [try site.value(0)], attributes).map { .value($0) }
    },
    ONNXOperator("Slice", refused: "bounds that a run makes", folded: true) { (site) throws(ONNXRefusal) in
      [.value(try site.slice())]
    },
    ONNXOperator("Pad", refused: "widths that depend on open sizes", folded: false) { (site) throws(ONNXRefusal) in
      var attributes = try site.keeping("mode", "pads", "value")
      let rank = try site.rank(0)
      if var pads = try site.fixedInts(1, "its widths") {
        if let axes = try site.fixedInts(3, "its axes") {
          guard pads.count == 2 * axes.count else { throw ONNXRefusal("\(pads.count) widths for \(axes.count) axes") }
          var full = [Int](repeating: 0, count: 2 * rank)
          for (place, named) in axes.enumerated() {
            let axis = try site.axis(named, rank: rank)
            (full[axis], full[rank + axis]) = (pads[place], pads[axes.count + place])
          }
          pads = full
        }
        attributes["pads"] = .ints(pads)
      }
      if let value = try site.fixedFloats(2, "its value")?.first { attributes["value"] = .float(value) }
      return [.value(site.emit(Op.Pad.self, [try site.value(0)], attributes))]
    },
    ONNXOperator("Tile") { (site) throws(ONNXRefusal) in
      let repeats = try site.fixedInts(1, "its repeats") ?? []
      return [.value(site.emit(Op.Tile.self, [try site.value(0)], ["repeats": .ints(repeats)]))]
    },
    ONNXOperator("DepthToSpace") { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.DepthToSpace.self, [try site.value(0)], try site.keeping("blocksize", "mode")))]
    },
    ONNXOperator("SpaceToDepth") { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.SpaceToDepth.self, [try site.value(0)], try site.keeping("blocksize", "mode")))]
    },
    ONNXOperator("Upsample") { (site) throws(ONNXRefusal) in
      var scales: [Double] = []
      if case .floats(let list)? = site.attribute("scales") { scales = list }
      if let given = try site.fixedFloats(1, "its scales") { scales = given }
      return [.value(try site.resize(scales: scales, mode: site.string("mode", "nearest"), isOld: true))]
    },
    ONNXOperator("Resize", refused: "tf_crop_and_resize, sizes that a run makes") { (site) throws(ONNXRefusal) in
      if site.opset < 11 {
        let scales = try site.fixedFloats(1, "its scales") ?? []
        return [.value(try site.resize(scales: scales, mode: site.string("mode", "nearest"), isOld: true))]
      }
      let hasScales = try site.known(2).map { $0.here.count > 0 } ?? site.isGiven(2)
      if hasScales, let scales = try site.known(2) {
        return [.value(try site.resize(scales: scales.here.doubles, mode: site.string("mode", "nearest")))]
      }
      return [.value(try site.resizeToSizes())]
    },
    ONNXOperator("Gather", folded: true) { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      return [.value(site.emit(Op.Gather.self, [x, try site.value(1)], try site.keeping("axis")))]
    },
    ONNXOperator("GatherElements") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      return [.value(site.emit(Op.GatherElements.self, [x, try site.value(1)], try site.keeping("axis")))]
    },
    ONNXOperator("Col2Im", refused: "sizes that depend on open ones") { (site) throws(ONNXRefusal) in
      var attributes = try site.keeping("dilations", "pads", "strides")
      attributes["image_shape"] = .ints(try site.fixedInts(1, "its picture's size") ?? [])
      attributes["kernel_shape"] = .ints(try site.fixedInts(2, "its block's size") ?? [])
      return [.value(site.emit(Op.Col2Im.self, [try site.value(0)], attributes))]
    },
  ]
}

extension ONNXSite {
  /// A part of a tensor; an end that moves with an open size is counted from the end.
  func slice() throws(ONNXRefusal) -> Value {
    let x = try value(0)
    let own = try dims(of: x)
    func list(_ name: String, _ index: Int, _ value: [Int]?) throws(ONNXRefusal) -> (here: [Int], there: [Int])? {
      if let found = ints(name) { return (found, found) }
      guard isGiven(index) else { return value.map { ($0, $0) } }
      guard let known = try known(index), let here = known.here.ints, let there = known.there.ints else {
        throw ONNXRefusal(
          "its \(name) come out of the network itself; they must be known before it runs", isAboutShapes: true)
      }
      return (here, there)
    }
    guard let starts = try list("starts", 1, nil), let ends = try list("ends", 2, nil) else {
      throw ONNXRefusal("it has no starts or no ends")
    }
    let count = starts.here.count
    let axes = try list("axes", 3, Array(0..<count))?.here ?? []
    let steps = try list("steps", 4, [Int](repeating: 1, count: count))?.here ?? []
    guard axes.count == count, steps.count == count, ends.here.count == count else {
      throw ONNXRefusal("\(count) starts, \(ends.here.count) ends, \(axes.count) axes and \(steps.count) steps")
    }
    if let cropped = try crop(x, axes, steps) { return cropped }
    func fixed(_ place: Int, _ index: Int, _ pair: (here: [Int], there: [Int]), _ axis: Int) throws(ONNXRefusal) -> Int
    {
      let (here, there) = (pair.here[place], pair.there[place])
      if here == there { return here }
      // Both counted from the end of this very value.
      if let known = try known(index), let origin = known.here.origin(place), origin == known.there.origin(place),
        origin.value == x, origin.axis == axis, origin.plus <= 0
      {
        return origin.plus == 0 ? Int(Int32.max) : origin.plus
      }
      throw ONNXRefusal("its bounds depend on a size that is open", isAboutShapes: true)
    }
    var attributes: Attributes = [:]
    var (first, last) = ([Int](), [Int]())
    for place in 0..<count {
      let axis = try self.axis(axes[place], rank: own.here.count)
      first.append(try fixed(place, 1, starts, axis))
      last.append(try fixed(place, 2, ends, axis))
    }
    attributes["starts"] = .ints(first)
    attributes["ends"] = .ints(last)
    attributes["axes"] = .ints(axes)
    if steps.contains(where: { $0 != 1 }) { attributes["steps"] = .ints(steps) }
    return emit(Op.Slice.self, [x], attributes)
  }

  /// A part as large as another value, which follows that value's size, from a fixed place on or in the middle; nil where
  /// the bounds say something else.
  private func crop(_ x: Value, _ axes: [Int], _ steps: [Int]) throws(ONNXRefusal) -> Value? {
    guard let starts = try known(1), let ends = try known(2), let offset = starts.here.ints,
      let moved = starts.there.ints, !ends.isFixed, let first = ends.here.origin(0), first.value != x,
      steps.allSatisfy({ $0 == 1 })
    else { return nil }
    let (whole, part) = (try dims(of: x), try dims(of: first.value))
    guard whole.here.count > 2, axes == Array(2..<whole.here.count), part.here.count == whole.here.count,
      offset.count == axes.count, moved.count == axes.count
    else { return nil }
    let follows = axes.indices.allSatisfy { place in
      ends.here.origin(place) == .init(value: first.value, axis: axes[place], plus: offset[place])
        && ends.there.origin(place) == .init(value: first.value, axis: axes[place], plus: moved[place])
    }
    guard follows, offset.allSatisfy({ $0 >= 0 }) else { return nil }
    if offset == moved { return emit(Op.Crop.self, [x, first.value], ["offset": .ints(offset)]) }
    let isMiddle = axes.indices.allSatisfy { place in
      let axis = axes[place]
      return offset[place] == (whole.here[axis] - part.here[axis]) / 2
        && moved[place] == (whole.there[axis] - part.there[axis]) / 2
    }
    return isMiddle ? emit(Op.Crop.self, [x, first.value]) : nil
  }

  /// The attributes of a resizing, whatever says how large it becomes.
  private func resizing(mode: String, isOld: Bool) throws(ONNXRefusal) -> Attributes {
    guard !isOld else {
      return [
        "mode": .string(mode == "bilinear" ? "linear" : mode), "coordinate_transformation_mode": .string("asymmetric"),
        "nearest_mode": .string("floor"),
      ]
    }
    // These matter to ways of resizing that are refused, or do not change the result.
    passOver("extrapolation_value", "keep_aspect_ratio_policy", "cubic_coeff_a", "nearest_mode")
    let coordinates = string("coordinate_transformation_mode", "half_pixel")
    if coordinates == "tf_crop_and_resize" { throw ONNXRefusal("\(coordinates) is not read") }
    return try keeping(
      "mode", "coordinate_transformation_mode", "nearest_mode", "antialias", "exclude_outside", "cubic_coeff_a")
  }

  /// One number per spatial axis of what is given for all axes, or for some.
  private func spatial<T: Equatable>(_ list: [T], keeps: (T, Int) -> Bool) throws(ONNXRefusal) -> [T] {
    let rank = try self.rank(0)
    var axes = Array(0..<rank)
    if let named = ints("axes") {
      axes = []
      for axis in named { axes.append(try self.axis(axis, rank: rank)) }
    }
    guard list.count == axes.count else { throw ONNXRefusal("\(list.count) scales or sizes for \(axes.count) axes") }
    var result: [T?] = [T?](repeating: nil, count: rank)
    for (axis, value) in zip(axes, list) { result[axis] = value }
    for axis in 0..<min(2, rank) {
      if let value = result[axis], !keeps(value, axis) {
        throw ONNXRefusal("it would change the number of examples or channels; only places can be resized")
      }
    }
    let rest = result.dropFirst(2).compactMap { $0 }
    guard rest.count == rank - 2 else {
      throw ONNXRefusal("it resizes some of the spatial axes only; name all of them")
    }
    return rest
  }

  func resize(scales: [Double], mode: String, isOld: Bool = false) throws(ONNXRefusal) -> Value {
    var attributes = try resizing(mode: mode, isOld: isOld)
    attributes["scales"] = .floats(try spatial(scales) { value, _ in value == 1 })
    return emit(Op.Resize.self, [try value(0)], attributes)
  }

  func resizeToSizes() throws(ONNXRefusal) -> Value {
    guard let sizes = try known(3), let here = sizes.here.ints, let there = sizes.there.ints else {
      throw ONNXRefusal(
        "its sizes come out of the network itself; they must be known before it runs", isAboutShapes: true)
    }
    let policy = string("keep_aspect_ratio_policy", "stretch")
    guard policy == "stretch" else { throw ONNXRefusal("keep_aspect_ratio_policy \(policy) is not read") }
    var attributes = try resizing(mode: string("mode", "nearest"), isOld: false)
    let x = try value(0)
    let own = try dims(of: x)
    let wanted = try spatial(here) { value, axis in value == own.here[axis] }
    let others = try spatial(there) { value, axis in value == own.there[axis] }
    if wanted == others {
      attributes["sizes"] = .ints(wanted)
      return emit(Op.Resize.self, [x], attributes)
    }
    // As large as another value, at all sizes.
    let spatialOrigins = (here.count - wanted.count..<here.count).map { sizes.here.origin($0) }
    if let first = spatialOrigins.first ?? nil,
      spatialOrigins.enumerated().allSatisfy({ $1 == .init(value: first.value, axis: $0 + 2) }),
      (here.count - wanted.count..<here.count).allSatisfy({ sizes.here.origin($0) == sizes.there.origin($0) }),
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
