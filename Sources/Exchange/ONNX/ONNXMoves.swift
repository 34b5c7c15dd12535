import FoveaGraphs
import FoveaTensors

/// Parts, sides, rims and other sizes of tensors.
extension ONNXOperator {
  static let moves: [ONNXOperator] = [
    ONNXOperator("Transpose") { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.Transpose.self, [try site.value(0)], try site.keeping("perm")))]
    },
    ONNXOperator("Concat") { (site) throws(ONNXRefusal) in
      var operands: [Value?] = []
      for index in 0..<site.inputCount { operands.append(try site.value(index)) }
      return [.value(site.emit(Op.Concat.self, operands, try site.keeping("axis")))]
    },
    ONNXOperator("Split") { (site) throws(ONNXRefusal) in
      var attributes = try site.keeping("axis", "split", "num_outputs")
      if let sizes = try site.fixedInts(1, "its pieces") { attributes["split"] = .ints(sizes) }
      if attributes["split"] == nil, attributes["num_outputs"] == nil {
        attributes["num_outputs"] = .int(site.node.outputs.count)
      }
      let x = try site.value(0)
      let (here, there) = try site.dims(of: x)
      let pieces = attributes.ints("split", default: [])
      if pieces.contains(0), here == there {
        return try site.pieces(x, pieces, try site.axis(attributes.int("axis", default: 0), rank: here.count))
      }
      return site.emitAll(Op.Split.self, [x], attributes).map { .value($0) }
    },
    ONNXOperator("Slice", refused: "bounds that a run makes") { (site) throws(ONNXRefusal) in
      [.value(try site.slice())]
    },
    ONNXOperator("Pad", refused: "widths that depend on open sizes") { (site) throws(ONNXRefusal) in
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
    ONNXOperator("Gather") { (site) throws(ONNXRefusal) in
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
  /// Pieces some of which have no elements.
  fileprivate func pieces(_ x: Value, _ sizes: [Int], _ axis: Int) throws(ONNXRefusal) -> [ONNXBinding] {
    let dims = try dims(of: x).here
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, { Cost.sum($0, $1) }) == dims[axis] else {
      throw ONNXRefusal("pieces of \(sizes) along axis \(axis) of \(Shape(dims))")
    }
    var (start, result) = (0, [ONNXBinding]())
    for (index, size) in sizes.enumerated() {
      var extents = dims
      extents[axis] = size
      let bounds: Attributes = [
        "axes": .ints([axis]), "starts": .ints([start]), "ends": .ints([start + size]),
      ]
      let piece =
        size == 0 || extents.contains(0)
        ? nothing(extents, like: x) : emit(Op.Slice.self, [x], bounds, part: "piece \(index)")
      result.append(.value(piece))
      start += size
    }
    return result
  }

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
    if let nothing = try empty(x, axes, first, last, steps) { return nothing }
    attributes["starts"] = .ints(first)
    attributes["ends"] = .ints(last)
    attributes["axes"] = .ints(axes)
    if steps.contains(where: { $0 != 1 }) { attributes["steps"] = .ints(steps) }
    return emit(Op.Slice.self, [x], attributes)
  }

  /// A constant of no elements where bounds leave nothing of an axis; nil where something is left.
  private func empty(
    _ x: Value, _ axes: [Int], _ starts: [Int], _ ends: [Int], _ steps: [Int]
  ) throws(ONNXRefusal) -> Value? {
    let (here, there) = try dims(of: x)
    guard here == there else { return nil }
    var extents = here
    for place in axes.indices where steps[place] != 0 {
      let axis = try self.axis(axes[place], rank: here.count)
      let (size, step) = (here[axis], steps[place])
      func bound(_ named: Int) -> Int {
        let counted = named < 0 ? Cost.sum(named, size) : named
        return step > 0 ? min(max(counted, 0), size) : min(max(counted, -1), size - 1)
      }
      let span = step > 0 ? bound(ends[place]) - bound(starts[place]) : bound(starts[place]) - bound(ends[place])
      if span <= 0 { extents[axis] = 0 }
    }
    return extents.contains(0) ? nothing(extents, like: x) : nil
  }

  /// A constant of no elements.
  func nothing(_ extents: [Int], like x: Value) -> Value {
    importer.constant("\(node.label)/nothing", Tensor(zeros: Shape(extents), dtype: importer.graph[x].type.dtype))
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
}
