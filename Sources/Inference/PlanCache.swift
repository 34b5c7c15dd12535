import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The contexts of one graph over one store, one for each set of sizes: the short last batch is a second
/// plan. Those of the last few sizes are kept. Used on one worker's thread.
package final class PlanCache {
  package let graph: Graph
  package let store: Store
  package let device: Device
  private let request: PlanRequest
  /// The one asked for last stands last.
  private var contexts: [(sizes: [String: Shape], context: Context)] = []
  /// Contexts that are kept: each has an arena, and pictures may come in any number of sizes.
  static let limit = 8

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
    if let index = contexts.firstIndex(where: { $0.sizes == sizes }) {
      let found = contexts.remove(at: index)
      contexts.append(found)
      return found.context
    }
    var request = request
    request.sizes = sizes
    let prepared: Graph
    do throws(GraphError) { prepared = try request.prepare(graph) } catch { throw .graph(error) }
    // States that the plan adds (an optimizer's moments) start at their initial values.
    try store.initialize(prepared, seed: 0)
    let plan = try Plan(
      prepared, mode: request.mode, backends: device.backends, store: store, threads: device.threads)
    if contexts.count >= PlanCache.limit { contexts.removeFirst() }
    let context = try Context(plan, store: store)
    contexts.append((sizes, context))
    return context
  }
}
