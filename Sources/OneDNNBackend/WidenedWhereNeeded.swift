import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Another implementation, which is given its operands in f32 where the library has no generated code for bf16.
struct WidenedWhereNeeded: Implementation {
  let inner: any Implementation

  init(_ inner: any Implementation) { self.inner = inner }

  var name: String { inner.name }

  func refusal(of site: NodeSite) -> String? { inner.refusal(of: site) }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard request.inputLayouts.contains(where: { $0?.isNarrow == true }) else {
      return try inner.propose(site, request)
    }
    var first: Proposal?
    do throws(ExecutionError) {
      let found = try inner.propose(site, request)
      if !found.detail.hasPrefix("ref") { return found }
      first = found
    } catch {}
    let layouts = request.inputLayouts.enumerated().map { index, layout in
      layout.map { $0.isNarrow ? $0.widened(site.inputShape(index).dims) : $0 }
    }
    let wide = ProposalRequest(inputLayouts: layouts, training: request.training, threads: request.threads)
    do { return try inner.propose(site, wide) } catch {
      if let first { return first }
      throw error
    }
  }
}
