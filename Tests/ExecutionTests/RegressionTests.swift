import FoveaExecution
import FoveaGraphs
import FoveaTensors
import Synchronization
import Testing

/// Adds on plain operands after a hook.
struct HookedReluBackend: Backend {
  let hook: @Sendable () -> Void
  var name: String { "hooked" }
  func implementations(of op: any Operator.Type) -> [any Implementation] {
    op.name == Op.Relu.name ? [HookedRelu(hook: hook)] : []
  }
  func reorder(_ type: TensorType, from: Layout, to: Layout) throws(ExecutionError) -> Proposal? { nil }
}

struct HookedRelu: Implementation {
  let hook: @Sendable () -> Void
  var name: String { "hooked" }
  func refusal(of site: NodeSite) -> String? { nil }
  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    hook()
    return try BackwardsRelu().propose(site, request)
  }
}

struct ThrowingBackend: Backend {
  let fails: @Sendable () -> Bool
  var name: String { "throwing" }
  func implementations(of op: any Operator.Type) -> [any Implementation] {
    op.name == Op.Relu.name ? [ThrowingRelu(fails: fails)] : []
  }
  func reorder(_ type: TensorType, from: Layout, to: Layout) throws(ExecutionError) -> Proposal? { nil }
}

struct ThrowingRelu: Implementation, Kernel {
  let fails: @Sendable () -> Bool
  var name: String { "throwing" }
  func refusal(of site: NodeSite) -> String? { nil }
  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let me = self
    return Proposal(inputs: [.plain], outputs: [.plain], detail: "throws") { () throws(ExecutionError) in me }
  }
  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel { Bound(fails: fails) }
  final class Bound: BoundKernel {
    let fails: @Sendable () -> Bool
    init(fails: @escaping @Sendable () -> Bool) { self.fails = fails }
    func run() throws(ExecutionError) { if fails() { throw .library(name: "test", call: "run", reason: "no") } }
  }
}

/// What the plan does with states, layouts and failures that are out of the ordinary.
@Suite struct RegressionTests {
  private func parameter(_ path: String, _ value: Double) -> Parameter {
    Parameter(path: path, role: .weight, initializer: .constant(value))
  }

  @Test(arguments: [false, true]) func aStateMayKeepTheOldValueOfAnother(first: Bool) throws {
    var graph = Graph()
    let type = TensorType(.f32, [2] as Shape)
    let w = graph.addParameter(parameter("w", 1), type)
    let previous = graph.addState(parameter("previous", 0), type)
    let x = graph.addInput("x", type)
    let next = graph.add(Op.Add.self, [w, x])[0]
    if first { graph.addUpdate(before: previous, after: w) }
    graph.addUpdate(before: w, after: next)
    if !first { graph.addUpdate(before: previous, after: w) }
    graph.addOutput("old", w)
    let store = Store()
    try store.initialize(graph, seed: 0)
    let context = try Context(try Plan(graph, mode: .training, backends: [], store: store, threads: 1), store: store)
    try context.feed("x", Tensor([1, 2] as [Float]))
    try context.run()
    #expect(try store.tensor("w").array(of: Float.self) == [2, 3])
    #expect(try store.tensor("previous").array(of: Float.self) == [1, 1])
    #expect(try context.result("old").array(of: Float.self) == [1, 1])
  }

  @Test func twoStatesMaySwap() throws {
    var graph = Graph()
    let type = TensorType(.f32, [2] as Shape)
    let a = graph.addState(parameter("a", 1), type)
    let b = graph.addState(parameter("b", 2), type)
    graph.addUpdate(before: a, after: b)
    graph.addUpdate(before: b, after: a)
    graph.addOutput("sum", graph.add(Op.Add.self, [a, b])[0])
    let store = Store()
    try store.initialize(graph, seed: 0)
    let context = try Context(try Plan(graph, mode: .training, backends: [], store: store, threads: 1), store: store)
    try context.run()
    #expect(try store.tensor("a").array(of: Float.self) == [2, 2])
    #expect(try store.tensor("b").array(of: Float.self) == [1, 1])
  }

  @Test func aValueTakenOutAndSetAgainHasThePlansLayout() throws {
    var graph = Graph()
    let type = TensorType(.f32, [3] as Shape)
    let w = graph.addParameter(parameter("w", 1), type)
    let x = graph.addInput("x", type)
    graph.addOutput("y", graph.add(Op.Add.self, [graph.add(Op.Relu.self, [w])[0], x])[0])
    let store = Store()
    try store.initialize(graph, seed: 0)
    let context = try Context(
      try Plan(graph, mode: .inference, backends: [BackwardsBackend()], store: store, threads: 1), store: store)
    try context.feed("x", Tensor([0, 0, 0] as [Float]))
    store.remove("w")
    try store.set("w", to: Tensor([1, 2, 3] as [Float]))
    try context.run()
    #expect(try context.result("y").array(of: Float.self) == [1, 2, 3])
    store.remove("w")
    try store.set("w", to: Tensor([1] as [Float]))
    #expect(throws: ExecutionError.self) { try context.run() }
  }

  @Test func twoPlansMadeAtOnceAgreeOnTheLayout() throws {
    var graph = Graph()
    let type = TensorType(.f32, [3] as Shape)
    let w = graph.addParameter(parameter("w", 1), type)
    graph.addOutput("y", graph.add(Op.Relu.self, [w])[0])
    let store = Store()
    try store.set("w", to: Tensor([1, -2, 3] as [Float]))
    let (box, other) = (Box(), graph)
    // While the first plan is made, a second one pins the plain order.
    let backend = HookedReluBackend {
      guard !box.once.exchange(true, ordering: .relaxed) else { return }
      _ = try? Plan(other, mode: .inference, backends: [], store: store, threads: 1)
    }
    let plan = try Plan(graph, mode: .inference, backends: [backend], store: store, threads: 1)
    #expect(store.pinnedLayout("w") == .plain)
    let context = try Context(plan, store: store)
    try context.run()
    #expect(try context.result("y").array(of: Float.self) == [1, 0, 3])
  }

  @Test func aCopyIsFromBetweenTwoSteps() async throws {
    var graph = Graph()
    let type = TensorType(.f32, [1000] as Shape)
    let x = graph.addInput("x", type)
    for index in 0..<8 {
      let w = graph.addParameter(parameter("w\(index)", 0), type)
      graph.addUpdate(before: w, after: graph.add(Op.Add.self, [w, x])[0])
    }
    let store = Store()
    try store.initialize(graph, seed: 0)
    let plan = try Plan(graph, mode: .training, backends: [], store: store, threads: 1)
    let box = Box()
    async let trained: Void = Worker().perform {
      let context = try Context(plan, store: store)
      try context.feed("x", try Tensor([Float](repeating: 1, count: 1000), shape: [1000]))
      while !box.once.load(ordering: .relaxed) { try context.run() }
    }
    for _ in 0..<500 {
      let copy = try store.copy()
      let seen = try copy.paths.map { try copy.tensor($0).array(of: Float.self)[0] }
      #expect(Set(seen).count == 1, "\(seen)")
    }
    box.once.store(true, ordering: .relaxed)
    try await trained
  }

  @Test func aStateChangeOfAnotherTypeIsRefused() throws {
    var graph = Graph()
    let w = graph.addParameter(parameter("w", 1), TensorType(.f32, [2] as Shape))
    let x = graph.addInput("x", TensorType(.f32, [3000] as Shape))
    graph.addUpdate(before: w, after: graph.add(Op.Relu.self, [x])[0])
    let store = Store()
    try store.initialize(graph, seed: 0)
    let error = #expect(throws: ExecutionError.self) {
      try Plan(graph, mode: .training, backends: [], store: store, threads: 1)
    }
    #expect(error?.description == "\"w\" is f32[3000], but the network takes f32[2]")
  }

  @Test func aStepThatFailsHalfWayStillRaisesTheVersion() throws {
    var graph = Graph()
    let type = TensorType(.f32, [2] as Shape)
    let w = graph.addParameter(parameter("w", 1), type)
    let x = graph.addInput("x", type)
    graph.addUpdate(before: w, after: graph.add(Op.Add.self, [w, x])[0])
    graph.addOutput("y", graph.add(Op.Relu.self, [x])[0])
    let store = Store()
    try store.initialize(graph, seed: 0)
    let plan = try Plan(graph, mode: .training, backends: [ThrowingBackend { true }], store: store, threads: 1)
    let context = try Context(plan, store: store)
    try context.feed("x", Tensor([1, 2] as [Float]))
    let version = store.version
    let before = try store.tensor("w").array(of: Float.self)
    #expect(throws: ExecutionError.self) { try context.run() }
    let after = try store.tensor("w").array(of: Float.self)
    #expect(after == before || store.version > version)
  }
}

private final class Box: Sendable {
  let once = Atomic<Bool>(false)
}
