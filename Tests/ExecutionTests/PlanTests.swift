import FoveaExecution
import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A backend of a test's own: ReLU in a layout of its own, and nothing else.
struct BackwardsBackend: Backend {
  var name: String { "backwards" }
  func implementations(of op: any Operator.Type) -> [any Implementation] {
    op.name == Op.Relu.name ? [BackwardsRelu()] : op.name == Op.Add.name ? [Refuses()] : []
  }
  func reorder(_ type: TensorType, from: Layout, to: Layout) throws(ExecutionError) -> Proposal? { nil }
}

struct Refuses: Implementation {
  var name: String { "refuses" }
  func refusal(of site: NodeSite) -> String? { "it is Friday" }
  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    throw .missingTensor(path: "never asked")
  }
}

struct BackwardsRelu: Implementation {
  var name: String { "backwards" }
  func refusal(of site: NodeSite) -> String? { nil }
  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let count = site.outputShape().count
    let layout = Layout.foreign(Backwards(count))
    return Proposal(inputs: [layout], outputs: [layout], inPlace: [(0, 0)], detail: "loop") {
      () throws(ExecutionError) in Rectify(count: count + 1)
    }
  }
}

struct Rectify: Kernel {
  let count: Int
  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    BoundRectify(inputs[0]!.assumingMemoryBound(to: Float.self), outputs[0]!.assumingMemoryBound(to: Float.self), count)
  }
}

final class BoundRectify: BoundKernel {
  let from: UnsafePointer<Float>
  let to: UnsafeMutablePointer<Float>
  let count: Int
  init(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
    (self.from, self.to, self.count) = (from, to, count)
  }
  func run() throws(ExecutionError) { for index in 0..<count { to[index] = max(from[index], 0) } }
}

@Suite struct PlanTests {
  @Test func reordersStandBetweenLayoutsAndAreShared() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [4] as Shape))
    let a = graph.add(Op.Relu.self, [x])[0]
    let b = graph.add(Op.Relu.self, [a])[0]
    let c = graph.add(Op.Add.self, [a, b])[0]
    graph.addOutput("c", c)
    let store = Store()
    let plan = try Plan(graph, mode: .inference, backends: [BackwardsBackend()], store: store, threads: 1)
    // x once into the backend's order and c once out of it: the sum runs on that order as it is.
    #expect(plan.reorders.count == 2)
    #expect(plan.fallbacks.count == 1 && plan.fallbacks[0].refusals == ["backwards: it is Friday"])
    let context = try Context(plan, store: store)
    try context.feed("x", Tensor([-1, 2, -3, 4] as [Float]))
    try context.run()
    #expect(try context.result("c").array(of: Float.self) == [0, 4, 0, 8])
  }

  @Test func stepsSayWhatTheyComputeAndMove() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [1, 4] as Shape))
    let w = graph.addParameter(
      Parameter(path: "w", role: .weight, initializer: .constant(1)), TensorType(.f32, [3, 4] as Shape))
    let a = graph.add(Op.Relu.self, [x])[0]
    let product = graph.add(Op.Gemm.self, [a, w], ["transB": .int(1)])[0]
    let flat = graph.add(Op.Flatten.self, [product])[0]
    graph.addOutput("y", graph.add(Op.Tanh.self, [flat])[0])
    let store = Store()
    try store.initialize(graph, seed: 0)
    let plan = try Plan(graph, mode: .inference, backends: [BackwardsBackend()], store: store, threads: 1)
    // The backend's order takes a fifth number; what nobody has to move moves nothing.
    let plain = 4 * 4
    let own = 4 * 5
    let costs = plan.costs
    #expect(costs.map(\.op) == ["Reorder", "Relu", "Reorder", "Gemm", "Flatten", "Tanh"])
    #expect(costs.map(\.isReorder) == [true, false, true, false, false, false])
    #expect(costs.map(\.multiplyAdds) == [0, 0, 0, 12, 0, 0])
    #expect(costs.map(\.bytes) == [plain + own, own + own, own + plain, 16 + 48 + 12, 0, 12 + 12])
    #expect(plan.multiplyAdds == 12)
  }

  @Test func statesChangeInPlaceAfterTheirLastReader() throws {
    var graph = Graph()
    let parameter = Parameter(path: "w", role: .weight, initializer: .constant(2))
    let w = graph.addParameter(parameter, TensorType(.f32, [3] as Shape))
    let x = graph.addInput("x", TensorType(.f32, [3] as Shape))
    let sum = graph.add(Op.Add.self, [w, x])[0]
    let late = graph.add(Op.Mul.self, [sum, w])[0]
    graph.addOutput("late", late)
    graph.addUpdate(before: w, after: sum)
    let store = Store()
    try store.initialize(graph, seed: 0)
    let plan = try Plan(graph, mode: .training, backends: [], store: store, threads: 1)
    let context = try Context(plan, store: store)
    try context.feed("x", Tensor([1, 2, 3] as [Float]))
    for round in 1...3 {
      let before = try store.tensor("w").array(of: Float.self)
      try context.run()
      // The product needs the old value although the sum replaces it.
      let expected = zip(before, [1, 2, 3] as [Float]).map { ($0 + $1) * $0 }
      #expect(try context.result("late").array(of: Float.self) == expected)
      #expect(
        try store.tensor("w").array(of: Float.self)
          == [2, 2, 2].enumerated().map {
            $1 + Float(($0 + 1) * round)
          })
    }
  }

  @Test func derivedValuesAreRemadeWhenAParameterChanges() throws {
    var graph = Graph()
    let parameter = Parameter(path: "w", role: .weight, initializer: .constant(-1))
    let w = graph.addParameter(parameter, TensorType(.f32, [2] as Shape))
    let x = graph.addInput("x", TensorType(.f32, [2] as Shape))
    let rectified = graph.add(Op.Relu.self, [w])[0]
    graph.addOutput("y", graph.add(Op.Add.self, [x, rectified])[0])
    let store = Store()
    try store.initialize(graph, seed: 0)
    let plan = try Plan(graph, mode: .inference, backends: [], store: store, threads: 1)
    #expect(plan.lines[0].hasPrefix("once per version"))
    let context = try Context(plan, store: store)
    try context.feed("x", Tensor([1, 1] as [Float]))
    try context.run()
    #expect(try context.result("y").array(of: Float.self) == [1, 1])
    try store.set("w", to: Tensor([5, -5] as [Float]))
    try context.run()
    #expect(try context.result("y").array(of: Float.self) == [6, 1])
  }

  @Test func wrongNamesAndShapesAreNamed() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [2, 3] as Shape), open: [0])
    graph.addOutput("y", graph.add(Op.Relu.self, [x])[0])
    let store = Store()
    let context = try Context(
      try Plan(graph, mode: .inference, backends: [], store: store, threads: 1), store: store)
    let name = #expect(throws: ExecutionError.self) { try context.feed("z", Tensor([1] as [Float])) }
    #expect(name?.description == "there is no input called \"z\"; there are x")
    let shape = #expect(throws: ExecutionError.self) { try context.feed("x", Tensor([1] as [Float])) }
    #expect(shape?.description == "\"x\" is f32[1], but the network takes f32[2×3]")
    let axis = #expect(throws: GraphError.self) { try graph.specialized(to: ["x": [7, 4]]) }
    #expect(axis?.description == "input \"x\" is [7×4], but the network takes [?×3]")
  }
}

@Suite struct WorkerTests {
  @Test func aWorkerHasOneThreadOfItsOwn() async {
    let worker = Worker()
    let other = Worker()
    let first = await worker.perform { UInt(bitPattern: pthread_self().hashValue) }
    for _ in 0..<50 { #expect(await worker.perform { UInt(bitPattern: pthread_self().hashValue) } == first) }
    #expect(await other.perform { UInt(bitPattern: pthread_self().hashValue) } != first)
  }

  @Test func workersRunSideBySide() async {
    let workers = [Worker(), Worker()]
    let sums = await withTaskGroup(of: Int.self) { group in
      for (index, worker) in workers.enumerated() {
        for round in 0..<200 { group.addTask { await worker.perform { index * 1000 + round } } }
      }
      var total = 0
      for await value in group { total += value }
      return total
    }
    #expect(sums == 2 * (199 * 200 / 2) + 200 * 1000)
  }
}
