import FoveaGraphs
import FoveaTensors

/// The slower way of a plan for inputs with NaN or infinities: node by node, without the fused steps of libraries that
/// would end them as numbers. What is no number stays within its own examples.
final class CarefulRun {
  private let context: Context

  init(_ plan: Plan, store: Store) throws(ExecutionError) {
    let careful = try Plan(
      plan.graph.unfused(), mode: plan.mode, backends: plan.backends.filter { !($0 is any RegionBackend) },
      store: store, threads: plan.threads)
    context = try Context(careful, store: store, isCareful: true)
  }

  /// Takes the inputs of `other`, runs, and leaves the results where it has its own.
  func run(for other: Context) throws(ExecutionError) {
    let graph = other.plan.graph
    for value in graph.inputs where other.reads(graph[value].name) {
      let name = graph[value].name
      guard context.reads(name) else { continue }
      try context.input(name).copyMemory(from: UnsafeRawBufferPointer(try other.input(name)))
    }
    try context.run()
    for output in graph.outputs {
      let (made, target) = (try context.output(output.name), try other.output(output.name))
      // An output that is an input, a constant or in the store is there already.
      guard let from = made.baseAddress, let to = target.baseAddress, from != to, other.owns(to) else { continue }
      UnsafeMutableRawPointer(mutating: to).copyMemory(from: from, byteCount: min(made.count, target.count))
    }
  }
}
