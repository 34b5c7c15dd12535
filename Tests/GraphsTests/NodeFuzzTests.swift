import Foundation
import FoveaGraphs
import FoveaTensors
import Testing

/// Nodes of any form, of every operator: each is a mistake, or a graph that the interpreter runs. A trap ends the test
/// program; the line that it printed last names seed and operator.
struct NodeFuzzTests {
  /// Elements that a run of one node may take.
  private static let budget = 1 << 12

  /// `FOVEA_FUZZ_SEED`, `FOVEA_FUZZ_ROUNDS` and `FOVEA_FUZZ_OPERATOR` choose another or a longer look.
  private func setting(_ name: String) -> String? { ProcessInfo.processInfo.environment["FOVEA_FUZZ_\(name)"] }

  @Test func everyNodeIsAMistakeOrRuns() throws {
    let seed = setting("SEED").flatMap(UInt64.init) ?? 1
    let rounds = setting("ROUNDS").flatMap(Int.init) ?? 20
    var draws = Draws(seed: seed)
    var (mistakes, runs) = (0, 0)
    for name in Registry.standard.names where setting("OPERATOR").map({ $0 == name }) ?? true {
      print("node forms, seed \(seed), \(name)")
      let op = try #require(Registry.standard[name])
      let uses = OperatorWords.all.filter { $0.op.name == name }
      for round in 0..<rounds {
        let node = Self.node(op, uses, &draws)
        let start = ContinuousClock.now
        if try Self.check(op, node.operands, node.attributes, &draws) { runs += 1 } else { mistakes += 1 }
        let took = ContinuousClock.now - start
        let text = "\(node.operands.map { $0.map(\.description) ?? "–" }) \(node.attributes.text)"
        #expect(took < .seconds(5), "seed \(seed) round \(round) \(name) took \(took): \(text)")
      }
    }
    if setting("OPERATOR") == nil { #expect(mistakes > 500 && runs > 500, "seed \(seed): \(mistakes), \(runs)") }
  }

  // MARK: Forms

  private static func node(
    _ op: any Operator.Type, _ uses: [OperatorWords.Use], _ draws: inout Draws
  ) -> (operands: [TensorType?], attributes: Attributes) {
    var operands: [TensorType?] = []
    var attributes: Attributes = [:]
    let isNear = draws.int(0...9) < 7
    if isNear, !uses.isEmpty {
      // A sound use with a change or two.
      let use = uses[draws.int(0...(uses.count - 1))]
      (operands, attributes) = (use.operands, use.attributes)
      for _ in 0..<draws.int(0...2) { change(&operands, &draws) }
    } else {
      let most = min(op.inputNames.count, 6) + 2
      let shape = shape(&draws)
      for _ in 0..<draws.int(0...most) {
        let own = draws.int(0...1) == 0 ? shape : self.shape(&draws)
        operands.append(draws.int(0...9) == 0 ? nil : TensorType(dtype(&draws), own))
      }
    }
    let known = names(op, attributes)
    for _ in 0..<draws.int(0...3) {
      let name = known[draws.int(0...(known.count - 1))]
      attributes[name] = draws.int(0...5) == 0 ? nil : attribute(name, &draws)
    }
    return (operands, attributes)
  }

  private static func change(_ operands: inout [TensorType?], _ draws: inout Draws) {
    let at = draws.int(0...max(operands.count - 1, 0))
    switch draws.int(0...5) {
    case 0: operands.insert(operands.first ?? nil, at: min(at, operands.count))
    case 1: if !operands.isEmpty { operands.remove(at: at) }
    case 2: if !operands.isEmpty { operands[at] = nil }
    case 3: if !operands.isEmpty { operands[at] = operands[at].map { TensorType(dtype(&draws), $0.shape) } }
    case 4: if !operands.isEmpty { operands[at] = operands[at].map { TensorType($0.dtype, shape(&draws)) } }
    default:
      // One extent of all: what fits each other mostly still does.
      let axis = draws.int(0...3)
      let extent = draws.int(0...4)
      operands = operands.map { type in
        type.map { TensorType($0.dtype, $0.shape.replacing(axis: axis, with: extent)) }
      }
    }
  }

  private static func dtype(_ draws: inout Draws) -> DType {
    let all: [DType] = [.f32, .f32, .f32, .f32, .f64, .f16, .bf16, .i64, .i32, .i8, .u8, .bool]
    return all[draws.int(0...(all.count - 1))]
  }

  private static func shape(_ draws: inout Draws) -> PartialShape {
    let rank = draws.int(0...8)
    if draws.int(0...19) == 0 { return .unknown }
    let largest = rank > 4 ? 2 : 5
    return PartialShape(
      (0..<rank).map { _ in
        draws.int(0...19) == 0 ? nil : draws.int(draws.int(0...4) == 0 ? 0...1 : 1...largest)
      })
  }

  /// Names that the operator's own file speaks of, and those that many share.
  private static func names(_ op: any Operator.Type, _ own: Attributes) -> [String] {
    let text = sources.first { $0.contains("static let name = \"\(op.name)\"") } ?? ""
    let shared = text.contains("eometry") || text.contains("window") ? windowNames : []
    let found = AttributeKind.byName.keys.filter { text.contains("\"\($0)\"") } + own.entries.keys
    return Array(Set(found + shared + ["axis", "axes"])).sorted()
  }

  private static let windowNames = ["kernel_shape", "strides", "pads", "dilations", "group", "auto_pad", "ceil_mode"]

  /// The files of `Sources/Graphs/Operators`.
  private static let sources: [String] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Graphs/Operators")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { try? String(contentsOf: folder.appending(path: $0), encoding: .utf8) }
  }()

  private static let words = [
    "", "mean", "sum", "max", "none", "linear", "nearest", "cubic", "reflect", "edge", "constant", "wrap",
    "SAME_UPPER", "VALID", "i32", "f64", "tanh", "half_pixel", "asymmetric", "align_corners", "floor", "zeros",
    "border", "avg", "DCR", "CRD", "add", "mul",
  ]

  private static func integer(_ draws: inout Draws) -> Int {
    switch draws.int(0...9) {
    case 0: [Int.max, Int.min, 1 << 62, -(1 << 40), 1 << 31, 1 << 30][draws.int(0...5)]
    case 1: -draws.int(1...9)
    default: draws.int(0...4)
    }
  }

  private static func number(_ draws: inout Draws) -> Double {
    switch draws.int(0...7) {
    case 0: [Double.nan, .infinity, -.infinity, 1e300, -1e300, 1e-300][draws.int(0...5)]
    case 1: 0
    default: 2 * draws.signed()
    }
  }

  private static func attribute(_ name: String, _ draws: inout Draws) -> Attribute {
    let kinds = AttributeKind.byName[name] ?? AttributeKind.allCases
    let isWrong = draws.int(0...9) == 0
    let kind = isWrong ? AttributeKind.allCases[draws.int(0...5)] : kinds[draws.int(0...(kinds.count - 1))]
    let count = draws.int(0...4)
    switch kind {
    case .int: return .int(integer(&draws))
    case .float: return .float(number(&draws))
    case .string: return .string(words[draws.int(0...(words.count - 1))])
    case .ints: return .ints((0..<count).map { _ in integer(&draws) })
    case .floats: return .floats((0..<count).map { _ in number(&draws) })
    case .strings: return .strings((0..<count).map { _ in words[draws.int(0...(words.count - 1))] })
    }
  }

  // MARK: Looks

  /// Whether the node ran; false when it is a mistake, or larger than the budget.
  private static func check(
    _ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes, _ draws: inout Draws
  ) throws -> Bool {
    var graph = Graph()
    let values = operands.enumerated().map { index, type in type.map { graph.addInput("x\(index)", $0) } }
    let outputs = graph.add(op, values, attributes)
    for (index, output) in outputs.enumerated() { graph.addOutput("y\(index)", output) }
    _ = graph.lines
    guard graph.mistakes.isEmpty else {
      #expect(throws: GraphError.self) { try Interpreter.run(graph, [:]) }
      #expect(throws: GraphError.self) { try graph.specialized(to: [:]) }
      return false
    }
    let all = graph.values.map(\.type.shape.concrete)
    guard !all.contains(nil) else { return false }
    _ = graph.analysis()
    _ = graph.receptiveFields()
    _ = op.explain(graph.site(graph.nodes[0]))
    let counts = all.map { $0?.checkedCount ?? .max }
    guard counts.allSatisfy({ $0 <= budget }), op.cost(graph.site(graph.nodes[0])).multiplyAdds <= 64 * budget else {
      return false
    }
    var feeds: [Value: Tensor] = [:]
    for value in graph.inputs { feeds[value] = tensor(graph[value].type, &draws) }
    guard !graph.values.contains(where: { $0.type.dtype == .f16 || $0.type.dtype == .bf16 }) else { return false }
    let results = try Interpreter.run(graph, feeds)
    for output in outputs { #expect(results[output]?.shape == graph.shape(output)) }
    try differentiate(graph, outputs)
    return true
  }

  /// The gradient's own nodes are sound, or the operator says that there is none.
  private static func differentiate(_ graph: Graph, _ outputs: [Value]) throws {
    guard let first = outputs.first, graph[first].type.dtype.isFloat else { return }
    var graph = graph
    let loss = graph.add(Op.SquaredNorm.self, [first])[0]
    let targets = graph.inputs.filter { graph[$0].type.dtype.isFloat }
    let found = Result { try graph.differentiate(loss, withRespectTo: targets) }
    if case .failure(let error) = found, case GraphError.noGradient? = error as? GraphError { return }
    _ = try found.get()
    _ = graph.lines
  }

  private static func tensor(_ type: TensorType, _ draws: inout Draws) -> Tensor {
    let shape = type.shape.concrete ?? .scalar
    let isWild = draws.int(0...3) == 0
    let numbers = (0..<shape.count).map { _ in isWild ? number(&draws) : 3 * draws.signed() }
    let places = numbers.map { Int64(max(min($0.isNaN ? 0 : 3 * $0, 1e15), -1e15)) }
    switch type.dtype {
    case .f32: return made(numbers.map { Float($0) }, shape)
    case .i64: return made(places, shape)
    case .i32: return made(places.map { Int32(truncatingIfNeeded: $0) }, shape)
    case .f64: return made(numbers, shape)
    default:
      var bytes = Tensor(zeros: shape, dtype: type.dtype)
      bytes.withUnsafeMutableBytes { raw in
        for index in raw.indices { raw[index] = UInt8(truncatingIfNeeded: places[index / max(type.dtype.size, 1)]) }
      }
      return bytes
    }
  }

  private static func made<T: TensorScalar>(_ values: [T], _ shape: Shape) -> Tensor {
    guard let tensor = try? Tensor(values, shape: shape) else { preconditionFailure("\(values.count) for \(shape)") }
    return tensor
  }
}
