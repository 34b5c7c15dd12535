import FoveaGraphs
import FoveaTensors
import Testing

/// Elements of a type that a loop does not expect are refused before it reads them.
struct OperandTypeTests {
  /// An operand of floating-point numbers of a use, by its number in `OperatorWords.all`.
  private struct Place: CustomStringConvertible {
    let use: OperatorWords.Use
    let index: Int
    var description: String { "\(use.op.name), operand \(index)" }

    func holding(_ dtype: DType) -> [TensorType?] {
      var operands = use.operands
      operands[index] = operands[index].map { TensorType(dtype, $0.shape) }
      return operands
    }
  }

  /// Every operand whose contents are read.
  private var places: [Place] {
    OperatorWords.all.flatMap { use in
      use.operands.indices.filter { use.operands[$0] != nil && !use.op.shapeOnlyInputs.contains($0) }
        .map { Place(use: use, index: $0) }
    }
  }

  @Test func usesAreSound() {
    for use in OperatorWords.all {
      let mistakes = infer(use.op, use.operands, use.attributes).mistakes
      #expect(mistakes.isEmpty, "\(use.op.name): \(mistakes)")
    }
  }

  /// The bytes that a node writes for operands of small numbers that are followed by `rim`, and whether the bytes
  /// behind its outputs stayed as they were.
  private func run(_ graph: Graph, rim: UInt8) -> (written: [[UInt8]], isWithin: Bool) {
    let site = graph.site(graph.nodes[0])
    let room = 4096
    func bytes(_ type: TensorType, _ shape: Shape) -> Int { shape.count * type.dtype.size }
    var feeds: [UnsafeMutableRawBufferPointer] = []
    for (index, type) in site.inputs.enumerated() {
      let count = type.map { bytes($0, site.inputShape(index)) } ?? 0
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count + room, alignment: 64)
      for at in memory.indices { memory[at] = at < count ? 0 : rim }
      feeds.append(memory)
    }
    let counts = site.outputs.indices.map { bytes(site.outputs[$0], site.outputShape($0)) }
    let results = counts.map { count in
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count + room, alignment: 64)
      for at in memory.indices { memory[at] = 0xa5 }
      return memory
    }
    defer { for memory in feeds + results { memory.deallocate() } }
    let inputs: [UnsafeRawPointer?] = feeds.enumerated().map {
      site.inputs[$0.offset] == nil ? nil : UnsafeRawPointer($0.element.baseAddress!)
    }
    let outputs: [UnsafeMutableRawPointer?] = results.map(\.baseAddress)
    let kernel = Interpreter.kernel(graph.op(of: graph.nodes[0]), site)
    inputs.withUnsafeBufferPointer { ins in
      outputs.withUnsafeBufferPointer { outs in
        kernel(Buffers(inputs: ins.baseAddress!, outputs: outs.baseAddress!))
      }
    }
    return (
      zip(results, counts).map { Array($0[..<$1]) },
      zip(results, counts).allSatisfy { memory, count in memory[count...].allSatisfy { $0 == 0xa5 } }
    )
  }

  /// Bytes in place of each operand in turn: a mistake, or a loop that reads and writes no more than there is.
  @Test(arguments: [DType.u8, .bool])
  func bytesAreRefusedOrMoved(dtype: DType) throws {
    var (refused, moved) = (0, 0)
    for place in places {
      var graph = Graph()
      let values = place.holding(dtype).enumerated().map { index, type in
        type.map { graph.addInput("x\(index)", $0) }
      }
      graph.add(place.use.op, values, place.use.attributes)
      if graph.mistakes.isEmpty {
        moved += 1
        #expect(place.use.op.nonFloatInputs.contains(min(place.index, place.use.op.inputNames.count - 1)), "\(place)")
        let (quiet, loud) = (run(graph, rim: 0), run(graph, rim: 0x3f))
        #expect(quiet.isWithin && loud.isWithin, "\(place) is written past its end")
        #expect(quiet.written == loud.written, "\(place) is read past its end")
      } else {
        refused += 1
      }
    }
    #expect(refused > 150 && moved > 10, "\(refused) refused, \(moved) moved")
  }

  /// What the operator says itself and what is said for all are one mistake.
  @Test func aWrongTypeIsOneMistake() {
    for place in places where place.use.operands[place.index]?.dtype.isFloat == true {
      guard !place.use.op.nonFloatInputs.contains(min(place.index, place.use.op.inputNames.count - 1)) else { continue }
      let own = place.use.op.isVariadic ? "" : place.use.op.inputNames[place.index] + " "
      let said = infer(place.use.op, place.holding(.u8), place.use.attributes).mistakes.map(\.problem)
      #expect(said.count { $0.hasPrefix(own) && $0.contains("elements of type u8") } == 1, "\(place): \(said)")
    }
  }

  /// Loops take all floats of a node for one type.
  @Test func floatsOfTwoTypesAreRefused() {
    var tried = 0
    for place in places where place.use.operands[place.index]?.dtype.isFloat == true {
      let others = place.use.operands.indices.filter {
        $0 != place.index && !place.use.op.shapeOnlyInputs.contains($0)
          && place.use.operands[$0]?.dtype.isFloat == true
      }
      guard !others.isEmpty else { continue }
      tried += 1
      #expect(!infer(place.use.op, place.holding(.f64), place.use.attributes).mistakes.isEmpty, "\(place)")
    }
    #expect(tried > 100)
  }

  /// An operator that says nothing about its operands is safe.
  @Test func aNewOperatorTakesFloatsOnly() {
    let said = infer(RegistryTests.Twice.self, [TensorType(.u8, [3])]).mistakes.map(\.problem)
    #expect(said == ["X has elements of type u8; Twice computes in floating point"])
  }
}

/// Sizes of which one extent is 0, and others that cannot be multiplied.
struct EmptyShapeTests {
  private func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> [String] {
    infer(op, operands, attributes).mistakes.map(\.problem)
  }

  @Test func emptyTensorsOfImpossibleSizes() {
    #expect(
      said(Op.Tile.self, [f32(8, 0, 8, 8, 2)], ["repeats": .ints([2, 1, Int.max - 1, 1, 1])]) == [
        "the result [16×0×\(Int.max)×8×2] has more elements than can be counted"
      ])
    #expect(
      said(Op.SquaredNorm.self, [f32(1 << 40, 0, 1 << 40)]) == [
        "X [\(1 << 40)×0×\(1 << 40)] has more elements than can be counted"
      ])
    #expect(said(Op.Relu.self, [f32(1 << 40, 0, 1 << 40)]).count == 1)
    #expect(said(Op.Relu.self, [f32(1 << 20, 0, 1 << 20)]).isEmpty)
  }

  @Test func normalizationsOfNoChannels() {
    #expect(said(Op.InstanceNormalization.self, [f32(2, 0, 4), nil, nil]) == ["X [2×0×4] has no channels"])
    #expect(said(Op.GroupNormalization.self, [f32(2, 0, 4), nil, nil], ["num_groups": .int(1)]).count == 1)
    #expect(
      said(
        Op.GroupNormalizationBackward.self, [f32(2, 0, 4), f32(2, 0, 4), f32(2, 0), f32(2, 0), nil]
      ).count == 1)
  }

  @Test func unpoolingNeedsSpatialAxes() {
    #expect(said(Op.MaxUnpoolBackward.self, [f32(4, 4), i32(4)]) == ["dY [4×4] has no spatial axes"])
    #expect(said(Op.MaxUnpoolBackward.self, [f32(1, 2), i32()]) == ["dY [1×2] has no spatial axes"])
    #expect(said(Op.MaxUnpoolBackward.self, [f32(1, 2, 4), i32(2)]) == ["Indices [2] has no spatial axes"])
    #expect(said(Op.MaxUnpoolBackward.self, [f32(1, 2, 4), i32(1, 2, 4, 4)]).count == 1)
    #expect(said(Op.MaxUnpoolBackward.self, [f32(1, 3, 4), i32(1, 2, 2)]).count == 1)
    #expect(said(Op.MaxUnpoolBackward.self, [f32(1, 2, 4), i32(1, 2, 2)]).isEmpty)
  }
}

/// Receptive fields come from extents alone.
struct FieldCostTests {
  private func field(_ op: any Operator.Type, _ shape: Shape, _ attributes: Attributes) throws -> FieldRule {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, shape))
    graph.add(op, [x], attributes)
    try graph.check()
    return op.receptiveField(graph.site(graph.nodes[0]))
  }

  /// A table of 2³⁰ coordinates would take minutes.
  @Test func hugeExtentsAreFree() throws {
    let start = ContinuousClock.now
    let (most, mode) = (1 << 30, Attribute.string("linear"))
    #expect(
      try field(Op.Resize.self, [1, 1, 1, 1], ["scales": .floats([Double(most), 1]), "mode": mode])
        == .transposed(span: [2 * most, 1], stride: [most, 1]))
    #expect(
      try field(Op.Resize.self, [1, 1, most], ["sizes": .ints([most / 2]), "mode": mode])
        == .window(span: [2], stride: [2], padding: [0]))
    #expect(
      try field(Op.AdaptiveAveragePool.self, [1, 1, most - 1], ["output_size": .ints([most])])
        == .window(span: [2], stride: [1], padding: [0]))
    #expect(ContinuousClock.now - start < .seconds(1))
  }

  /// The widest window against all windows, by PyTorch's rule.
  @Test func widestAdaptiveWindows() throws {
    for old in 1...24 {
      for new in 1...24 {
        let all = (0..<new).map { (($0 + 1) * old + new - 1) / new - $0 * old / new }
        let rule = try field(Op.AdaptiveAveragePool.self, [1, 1, old], ["output_size": .ints([new])])
        #expect(
          rule == .window(span: [all.max() ?? 0], stride: [max(old / new, 1)], padding: [0]), "\(old) to \(new)")
      }
    }
  }
}
