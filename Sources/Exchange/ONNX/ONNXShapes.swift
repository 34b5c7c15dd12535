import FoveaGraphs
import FoveaTensors

/// Constants, shapes, and the same numbers under another shape or type.
extension ONNXOperator {
  static let shapes: [ONNXOperator] = [
    ONNXOperator("Constant", refused: "texts and sparse tensors") { (site) throws(ONNXRefusal) in
      [try site.constantBinding()]
    },
    ONNXOperator("ConstantOfShape", refused: "a shape that a run makes") { (site) throws(ONNXRefusal) in
      guard let wanted = try site.known(0) else {
        throw ONNXRefusal("its shape comes out of the network itself", isAboutShapes: true)
      }
      var fill = KnownTensor(.f32, [1], .floats([0]))
      if case .tensor(let tensor)? = site.attribute("value") {
        fill = KnownTensor(try site.importer.contents("value", tensor))
      }
      guard fill.count == 1 else { throw ONNXRefusal("its value has \(fill.count) numbers, not one") }
      let filled = try [wanted.here, wanted.there].map { (known) throws(ONNXRefusal) -> KnownTensor in
        guard let dims = known.ints, dims.count <= 8, dims.allSatisfy({ $0 >= 0 }),
          Shape(dims).isCountable(upTo: 1 << 40)
        else { throw ONNXRefusal("a constant of the shape \(known.ints ?? [])") }
        return KnownTensor(filling: dims, with: fill)
      }
      site.importer.follow(site.node.outputs[0], try site.value(ofShape: wanted))
      return [.known(Known(filled[0], filled[1]))]
    },
    ONNXOperator("Shape") { (site) throws(ONNXRefusal) in
      let (here, there) = try site.dims(0)
      let rank = here.count
      func place(_ named: Int) -> Int { min(max(named < 0 ? named + rank : named, 0), rank) }
      let (start, end) = (place(site.int("start", 0)), place(site.int("end", rank)))
      let range = start..<max(start, end)
      var origins: [KnownTensor.ExtentOrigin?] = []
      if case .value(let value) = try site.binding(0) { origins = range.map { .init(value: value, axis: $0) } }
      return [
        .known(
          Known(
            KnownTensor(.i64, [range.count], .ints(Array(here[range])), origins: origins),
            KnownTensor(.i64, [range.count], .ints(Array(there[range])), origins: origins)))
      ]
    },
    ONNXOperator("Size") { (site) throws(ONNXRefusal) in
      let (here, there) = try site.dims(0)
      let counts = [here, there].map { KnownTensor(.i64, [], .ints([$0.reduce(1) { Cost.product($0, $1) }])) }
      return [.known(Known(counts[0], counts[1]))]
    },
    ONNXOperator("Range", refused: "bounds that a run makes") { (site) throws(ONNXRefusal) in
      var bounds: [Known] = []
      for index in 0..<3 {
        guard let known = try site.known(index), known.here.count == 1, known.there.count == 1 else {
          throw ONNXRefusal("its bounds come out of the network itself", isAboutShapes: true)
        }
        bounds.append(known)
      }
      let here = try site.range(bounds.map(\.here))
      return [.known(Known(here, try site.range(bounds.map(\.there))))]
    },
    ONNXOperator("Reshape") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      let zeroCopies = !site.flag("allowzero")
      guard let wanted = try site.known(1), let here = wanted.here.ints, let there = wanted.there.ints else {
        throw ONNXRefusal(
          "its shape comes out of the network itself; it must be known before it runs", isAboutShapes: true)
      }
      if !wanted.isFixed, let like = try site.value(ofShape: wanted, copying: x) {
        return [.value(site.emit(Op.ReshapeLike.self, [x, like]))]
      }
      let own = try site.dims(of: x).here
      if own.contains(0), wanted.isFixed, try site.dims(of: x).there == own {
        let extents = here.enumerated().map { zeroCopies && $1 == 0 && $0 < own.count ? own[$0] : $1 }
        if extents.contains(0), !extents.contains(-1) { return [.value(site.nothing(extents, like: x))] }
      }
      let fixesBatch = site.importer.sizes.opensBatch && here.first == 1 && own.first == 1
      if wanted.isFixed, zeroCopies, !fixesBatch {
        return [.value(site.emit(Op.Reshape.self, [x], ["shape": .ints(here)]))]
      }
      let shape = try site.reshape(x, here, there, zeroCopies: zeroCopies)
      return [.value(site.emit(Op.Reshape.self, [x], ["shape": .ints(shape)]))]
    },
    ONNXOperator("Flatten") { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.Flatten.self, [try site.value(0)], try site.keeping("axis")))]
    },
    ONNXOperator("Squeeze") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      var axes = site.ints("axes")
      if let given = try site.fixedInts(1, "its axes") { axes = given }
      if axes == nil {
        let (here, there) = try site.dims(of: x)
        axes = here.indices.filter { here[$0] == 1 && there[$0] == 1 }
        // No axis of one place: nothing is taken out.
        if axes?.isEmpty == true { return [.value(x)] }
      }
      return [.value(site.emit(Op.Squeeze.self, [x], ["axes": .ints(axes ?? [])]))]
    },
    ONNXOperator("Unsqueeze") { (site) throws(ONNXRefusal) in
      guard let axes = try site.fixedInts(1, "its axes") ?? site.ints("axes") else {
        throw ONNXRefusal("it says no axes")
      }
      return [.value(site.emit(Op.Unsqueeze.self, [try site.value(0)], ["axes": .ints(axes)]))]
    },
    ONNXOperator("Expand") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      guard let wanted = try site.known(1), let list = wanted.here.ints else {
        throw ONNXRefusal("its shape comes out of the network itself", isAboutShapes: true)
      }
      if wanted.isFixed { return [.value(site.emit(Op.Expand.self, [x], ["shape": .ints(list)]))] }
      guard let like = try site.value(ofShape: wanted) else {
        throw ONNXRefusal("its shape depends on a size that is open", isAboutShapes: true)
      }
      return [.value(site.emit(Op.BroadcastToShape.self, [x, like]))]
    },
    ONNXOperator("Cast", refused: "texts and 8-bit floats") { (site) throws(ONNXRefusal) in
      // How floats become ones of 8 bits, which there are none of here.
      site.passOver("saturate", "round_mode")
      return [try site.cast(to: ONNXTensor.dtype(site.int("to", 0)), ONNXTensor.typeName(site.int("to", 0)))]
    },
    ONNXOperator("CastLike") { (site) throws(ONNXRefusal) in
      site.passOver("saturate", "round_mode")
      guard case .value(let like) = try site.binding(1) else {
        guard let known = try site.known(1) else { throw ONNXRefusal("the type to cast to is not known") }
        return [try site.cast(to: known.here.dtype, known.here.dtype.rawValue)]
      }
      let type = site.importer.graph[like].type.dtype
      return [try site.cast(to: type, type.rawValue)]
    },
  ]
}

extension ONNXSite {
  /// Numbers from a start on, a step apart, up to a limit that is not reached.
  fileprivate func range(_ bounds: [KnownTensor]) throws(ONNXRefusal) -> KnownTensor {
    let numbers = bounds.flatMap(\.doubles)
    let dtype = bounds[0].dtype
    guard dtype.isFloat else {
      guard let result = KnownArithmetic.result("Range", bounds) else {
        throw ONNXRefusal("a range from \(numbers[0]) to \(numbers[1]) in steps of \(numbers[2])")
      }
      return result
    }
    let count = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
    guard numbers.allSatisfy(\.isFinite), numbers[2] != 0, count <= Double(KnownTensor.mostElements) else {
      throw ONNXRefusal("a range from \(numbers[0]) to \(numbers[1]) in steps of \(numbers[2])")
    }
    // In the precision of the type, as a loop that adds up does.
    var list: [Double] = []
    var next = numbers[0]
    for _ in 0..<max(Int(count), 0) {
      list.append(next)
      next = dtype == .f64 ? next + numbers[2] : Double(Float(next) + Float(numbers[2]))
    }
    return KnownTensor(dtype, [list.count], .floats(list))
  }

  /// What a `Constant` node says: small numbers are known, large ones stay in the file.
  func constantBinding() throws(ONNXRefusal) -> ONNXBinding {
    passOver("value", "value_float", "value_floats", "value_int", "value_ints")
    for entry in node.attributes {
      switch (entry.name, entry.value) {
      case ("value", .tensor(let tensor)):
        let isNumber = tensor.count == 1 || tensor.dtype?.isFloat == false
        guard isNumber, importer.canSpend(tensor.count ?? .max), tensor.count ?? .max <= KnownTensor.mostElements else {
          return .stored(tensor, isConstant: true)
        }
        return .known(Known(KnownTensor(try importer.contents(node.label, tensor))))
      case ("value_float", .float(let value)): return .known(Known(KnownTensor(.f32, [], .floats([value]))))
      case ("value_floats", .floats(let list)): return .known(Known(KnownTensor(.f32, [list.count], .floats(list))))
      case ("value_int", .int(let value)): return .known(Known(KnownTensor(.i64, [], .ints([value]))))
      case ("value_ints", .ints(let list)): return .known(Known(KnownTensor(ints: list)))
      default: continue
      }
    }
    throw ONNXRefusal("it holds no numbers")
  }

  /// Floats of any width are f32 here, so that casts between them do nothing.
  func cast(to dtype: DType?, _ name: String) throws(ONNXRefusal) -> ONNXBinding {
    guard let dtype else { throw ONNXRefusal("a conversion to \(name)") }
    let binding = try binding(0)
    if case .stored(let tensor, _) = binding, tensor.dtype?.isFloat == true, dtype.isFloat { return binding }
    let x = try value(0)
    let target = dtype.isFloat ? DType.f32 : dtype
    guard importer.graph[x].type.dtype != target else { return .value(x) }
    return .value(emit(Op.Cast.self, [x], ["to": .string(target.rawValue)]))
  }

  /// The shape as `Op.Reshape` says it: 0 for what is copied, −1 for what follows from an open size.
  func reshape(_ x: Value, _ here: [Int], _ there: [Int], zeroCopies: Bool) throws(ONNXRefusal) -> [Int] {
    let own = try dims(of: x)
    func full(_ wanted: [Int], _ dims: [Int]) throws(ONNXRefusal) -> [Int] {
      var result = wanted
      for index in wanted.indices where wanted[index] == 0 {
        guard zeroCopies, dims.indices.contains(index) else { throw ONNXRefusal("the shape \(wanted) for \(dims)") }
        result[index] = dims[index]
      }
      let have = dims.reduce(1) { Cost.product($0, $1) }
      guard let open = result.firstIndex(of: -1) else { return result }
      let known = result.filter { $0 != -1 }.reduce(1) { Cost.product($0, $1) }
      guard known > 0, have % known == 0 else {
        throw ONNXRefusal("the shape \(wanted) for \(dims), which has \(have) elements")
      }
      result[open] = have / known
      return result
    }
    guard here.count == there.count else { throw ONNXRefusal("a rank that depends on sizes") }
    var (first, second) = (here, there)
    // A file that fixes its batch at 1 writes it into shapes, too.
    if importer.sizes.opensBatch, let batch = first.first, batch == 1, second[0] == 1, own.here.first == 1,
      own.there.first != 1
    {
      (first[0], second[0]) = (own.here[0], own.there[0])
    }
    (first, second) = (try full(first, own.here), try full(second, own.there))
    var result: [Int] = []
    for index in first.indices {
      if first[index] == second[index] {
        result.append(first[index])
      } else if own.here.indices.contains(index), first[index] == own.here[index], second[index] == own.there[index] {
        result.append(0)
      } else {
        result.append(-1)
      }
    }
    guard result.count(where: { $0 == -1 }) <= 1 else {
      throw ONNXRefusal("several extents of its result depend on open sizes", isAboutShapes: true)
    }
    return result
  }

  /// A value whose shape is the one that is wanted, at all sizes. Zeros stand for the extents of `x`, where it is given.
  func value(ofShape wanted: Known, copying x: Value? = nil) throws(ONNXRefusal) -> Value? {
    guard let here = wanted.here.ints, let there = wanted.there.ints, here.count == there.count,
      let first = here.indices.lazy.compactMap({ wanted.here.origin($0) }).first
    else { return nil }
    let whole = try dims(of: first.value)
    guard whole.here.count == here.count else { return nil }
    var own: (here: [Int], there: [Int])?
    if let x { own = try dims(of: x) }
    let isWhole = here.indices.allSatisfy { index in
      if let origin = wanted.here.origin(index) {
        return origin == wanted.there.origin(index) && origin == .init(value: first.value, axis: index)
      }
      let copied = here[index] == 0 && there[index] == 0 ? own : nil
      let extents = copied.map { ($0.here.dropFirst(index).first, $0.there.dropFirst(index).first) }
      return (extents?.0 ?? here[index]) == whole.here[index] && (extents?.1 ?? there[index]) == whole.there[index]
    }
    return isWhole ? first.value : nil
  }
}
