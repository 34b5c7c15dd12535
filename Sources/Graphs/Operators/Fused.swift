import FoveaTensors

extension Op {
  /// Several nodes that a backend runs as one; the node's body graph says what it means and is its reference.
  ///
  /// The inputs and outputs are the body's, in order. Attribute: `pattern` (text such as "Conv+Relu").
  public enum Fused: Operator {
    public static let name = "Fused"
    public static let inputNames: [String] = []

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      guard let body = query.body else {
        query.reject("a fused node without a body", mend: "give the graph that it stands for")
        return []
      }
      let connected = query.inputs.compactMap { $0 }
      guard connected.count == query.inputs.count, connected.count == body.inputs.count else {
        query.reject(
          "\(connected.count) inputs for a body that takes \(body.inputs.count)",
          mend: "connect each of the body's inputs")
        return body.outputs.map { TensorType(body[$0.value].type.dtype, .unknown) }
      }
      let typed = retyped(body, connected)
      for mistake in typed.mistakes { query.reject(mistake.problem, mend: mistake.mend) }
      return typed.outputs.map { typed[$0.value].type }
    }

    public static var differentiability: Differentiability { .no(because: "fusion comes after differentiation") }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func cost(_ site: NodeSite) -> Cost {
      let body = body(site)
      return body.nodes.reduce(Cost.none) { $0 + body.op(of: $1).cost(body.site($1)) }
    }

    /// That of the first node which sees more than one place: what is fused with a convolution is pointwise.
    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let body = body(site)
      for node in body.nodes {
        let rule = body.op(of: node).receptiveField(body.site(node))
        if rule != .pointwise { return rule }
      }
      return .pointwise
    }

    /// The body of a node for the types that arrive there.
    public static func body(_ site: NodeSite) -> Graph {
      guard let body = site.node.body else { preconditionFailure("a fused node without a body") }
      return retyped(body, site.inputs.compactMap { $0 })
    }

    private static func retyped(_ body: Graph, _ types: [TensorType]) -> Graph {
      let fed = Dictionary(uniqueKeysWithValues: zip(body.inputs, types))
      return body.reinferred { value, info in fed[value] ?? info.type }
    }

    /// Runs the body's kernels one after the other. What lies between them is taken from one allocation per
    /// run, so that runs at the same time do not meet.
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let program = FusedProgram(body(site))
      return { program.run($0) }
    }

    public static func explain(_ site: NodeSite) -> String {
      let body = body(site)
      let steps = body.nodes.map { body.op(of: $0).explain(body.site($0)) }
      return "Does \(body.nodes.map(\.op).joined(separator: ", then ")) in one go. " + steps.joined(separator: " ")
    }
  }
}

/// A body graph ready to run: its kernels and where each of their operands lies.
private struct FusedProgram: Sendable {
  private enum Place: Sendable {
    case input(Int)
    case output(Int)
    case between(Int)
    case constant(Tensor)
    case none
  }
  private struct Step: Sendable {
    let kernel: ReferenceKernel
    let inputs: [Place]
    let outputs: [Place]
  }

  private let steps: [Step]
  /// Outputs that no node writes directly: a value handed through or named twice.
  private let copies: [(from: Place, output: Int, bytes: Int)]
  private let arena: Int
  private let table: Int

  init(_ body: Graph) {
    func bytes(_ value: Value) -> Int { body.shape(value).count * body[value].type.dtype.size }
    var places: [Value: Place] = [:]
    for (index, value) in body.inputs.enumerated() { places[value] = .input(index) }
    for index in body.values.indices {
      if case .constant(let tensor) = body.values[index].source { places[Value(id: index)] = .constant(tensor) }
    }
    let made = Set(body.nodes.flatMap(\.outputs))
    var copies: [(from: Place, output: Int, bytes: Int)] = []
    for (index, output) in body.outputs.enumerated() {
      if made.contains(output.value), places[output.value] == nil {
        places[output.value] = .output(index)
      } else {
        copies.append((places[output.value] ?? .none, index, bytes(output.value)))
      }
    }
    var arena = 0
    for value in made.sorted(by: { $0.id < $1.id }) where places[value] == nil {
      places[value] = .between(arena)
      arena += (bytes(value) + 63) / 64 * 64
    }
    steps = body.nodes.map { node in
      Step(
        kernel: Interpreter.kernel(body.op(of: node), body.site(node)),
        inputs: node.inputs.map { $0.flatMap { places[$0] } ?? .none },
        outputs: node.outputs.map { places[$0] ?? .none })
    }
    self.copies = copies
    self.arena = arena
    table = body.nodes.map { max($0.inputs.count, 1) + max($0.outputs.count, 1) }.max() ?? 0
  }

  func run(_ buffers: Buffers) {
    let tableBytes = (table * 8 + 63) / 64 * 64
    withUnsafeTemporaryAllocation(byteCount: max(tableBytes + arena, 64), alignment: 64) { memory in
      let base = memory.baseAddress!
      let between = base + tableBytes
      for step in steps {
        let inputs = base.bindMemory(to: UnsafeRawPointer?.self, capacity: step.inputs.count)
        for (index, place) in step.inputs.enumerated() { inputs[index] = read(place, buffers, between) }
        let outputs = (base + max(step.inputs.count, 1) * 8)
          .bindMemory(to: UnsafeMutableRawPointer?.self, capacity: step.outputs.count)
        for (index, place) in step.outputs.enumerated() {
          outputs[index] = UnsafeMutableRawPointer(mutating: read(place, buffers, between))
        }
        step.kernel(Buffers(inputs: UnsafePointer(inputs), outputs: UnsafePointer(outputs)))
      }
      for copy in copies {
        if let from = read(copy.from, buffers, between) {
          buffers.outputs[copy.output]!.copyMemory(from: from, byteCount: copy.bytes)
        }
      }
    }
  }

  private func read(_ place: Place, _ buffers: Buffers, _ between: UnsafeMutableRawPointer) -> UnsafeRawPointer? {
    switch place {
    case .input(let index): buffers.inputs[index]
    case .output(let index): buffers.outputs[index].map { UnsafeRawPointer($0) }
    case .between(let offset): UnsafeRawPointer(between + offset)
    // The tensor is held by the program, so its bytes stay where they are.
    case .constant(let tensor): tensor.withUnsafeBytes { $0.baseAddress }
    case .none: nil
    }
  }
}
