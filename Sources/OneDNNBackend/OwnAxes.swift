import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Another implementation, which is not shown orders over other axes than the tensor's own.
///
/// Grouped weights lie with an axis more, that of the groups. Who works number by number does not mind; any other
/// would take such an order for that of another tensor.
struct OwnAxes: Implementation {
  let inner: any Implementation

  init(_ inner: any Implementation) { self.inner = inner }

  var name: String { inner.name }

  func refusal(of site: NodeSite) -> String? { inner.refusal(of: site) }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    var isOther = false
    let layouts = request.inputLayouts.enumerated().map { index, layout -> Layout? in
      guard case .foreign(let own)? = layout, let own = own as? OneDNNLayout, own.plain != nil,
        own.dims != site.inputShape(index).dims
      else { return layout }
      isOther = true
      return .plain
    }
    guard isOther else { return try inner.propose(site, request) }
    return try inner.propose(
      site, ProposalRequest(inputLayouts: layouts, training: request.training, threads: request.threads))
  }
}
