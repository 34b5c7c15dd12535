import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Another implementation, which is not shown orders that only weights have.
///
/// Grouped weights lie with an axis more, that of the groups: any operator but those that work number by number would
/// take such an order for that of another tensor. And where the order has no name of its own, the library's plain loops
/// leave in padding what was there before.
struct OwnAxes: Implementation {
  let inner: any Implementation

  /// Whether orders without a name are hidden too. Convolutions ask what they cost.
  let hidesUnnamed: Bool

  init(_ inner: any Implementation, hidesUnnamed: Bool) {
    self.inner = inner
    self.hidesUnnamed = hidesUnnamed
  }

  var name: String { inner.name }

  func refusal(of site: NodeSite) -> String? { inner.refusal(of: site) }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    var isOther = false
    let layouts = request.inputLayouts.enumerated().map { index, layout -> Layout? in
      guard case .foreign(let own)? = layout, let own = own as? OneDNNLayout, own.plain != nil,
        own.dims != site.inputShape(index).dims || (hidesUnnamed && own.order == .any)
      else { return layout }
      isOther = true
      return .plain
    }
    guard isOther else { return try inner.propose(site, request) }
    return try inner.propose(
      site, ProposalRequest(inputLayouts: layouts, training: request.training, threads: request.threads))
  }
}
