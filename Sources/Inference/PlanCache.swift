import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The contexts of one graph over one store, one for each set of sizes: the short last batch is a second
/// plan. Used on one worker's thread.
package final class PlanCache {
  package let graph: Graph
  package let store: Store
  package let device: Device
  private let request: PlanRequest
  private var contexts: [(sizes: [String: Shape], context: Context)] = []

  /// - Parameters:
  ///   - graph: as declared, with heads for loss and metrics where they are wanted.
  ///   - request: what the plans are for; its sizes are filled in.
  package init(_ graph: Graph, _ request: PlanRequest, store: Store, device: Device) {
    self.graph = graph
    self.request = request
    self.store = store
    self.device = device
  }

  /// The context for these sizes of the inputs, planned when it is first asked for.
  package func context(_ sizes: [String: Shape]) throws(ExecutionError) -> Context {
    if let found = contexts.first(where: { $0.sizes == sizes }) { return found.context }
    var request = request
    request.sizes = sizes
    let prepared: Graph
    do throws(GraphError) { prepared = try request.prepare(graph) } catch { throw .graph(error) }
    // States that the plan adds (an optimizer's moments) start at their initial values.
    try store.initialize(prepared, seed: 0)
    let plan = try Plan(
      prepared, mode: request.mode, backends: device.backends, store: store, threads: device.threads)
    let context = try Context(plan, store: store)
    contexts.append((sizes, context))
    return context
  }
}
