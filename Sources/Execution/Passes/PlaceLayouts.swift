import FoveaGraphs
import FoveaTensors

/// One physical copy of a value, in one layout.
struct Placement: Sendable {
  let value: Value
  let layout: Layout
  let byteCount: Int
}

/// A step of a plan before it is built.
struct DraftStep: Sendable {
  enum Kind: Sendable, Equatable {
    case node(Int)
    case region
    case reorder
  }
  var kind: Kind
  var name: String
  var op: String
  var implementation: String
  var inputs: [Int?]
  var outputs: [Int]
  var proposal: Proposal
}

/// Layout: which implementation runs each node, in which layouts, and the reorders that remain.
///
/// The walk goes once through the running order. For each value it keeps the copies that exist; an
/// implementation that wants another layout gets a reorder, which later readers share. Parameters that
/// no plan relies on yet take the layout their first reader likes, and everything elementwise on them
/// (gradients, moments, updates) follows.
struct LayoutPass {
  let graph: Graph
  /// Those that run node by node.
  let backends: [any Backend]
  let regional: [any RegionBackend]
  let store: Store?
  let training: Bool
  let threads: Int
  /// States that the graph changes.
  private let changed: Set<Value>

  private(set) var placements: [Placement] = []
  private(set) var steps: [DraftStep] = []
  /// The copies of each value; the first is the one it was made in.
  private(set) var copies: [Value: [Int]] = [:]
  /// Nodes that did not get their first choice, with the refusals.
  private(set) var fallbacks: [(node: String, op: String, refusals: [String])] = []

  init(graph: Graph, backends: [any Backend], store: Store?, training: Bool, threads: Int) {
    self.graph = graph
    self.backends = backends.filter { !($0 is any RegionBackend) }
    regional = backends.compactMap { $0 as? any RegionBackend }
    self.store = store
    self.training = training
    self.threads = threads
    changed = Set(graph.updates.map(\.before))
  }

  mutating func run() throws(ExecutionError) {
    for index in graph.values.indices {
      let value = Value(id: index)
      switch graph.values[index].source {
      case .input, .constant: addCopy(of: value, .plain)
      case .parameter(let parameter), .state(let parameter):
        if let pinned = store?.pinnedLayout(parameter.path) { addCopy(of: value, pinned) }
      case .node, .ghost: break
      }
    }
    let order = RunningOrder.order(graph)
    var groups = BackendGroups(graph, backends)
    var region: Region?
    for backend in regional where region == nil {
      region = backend.region(of: graph, training: training, threads: threads)
    }
    let late = region?.followers(in: graph) ?? []
    for index in order where region?.nodes.contains(index) != true && !late.contains(index) {
      try place(index, &groups)
    }
    if let region { try place(region) }
    for index in order where late.contains(index) { try place(index, &groups) }
    for output in graph.outputs { try lastingCopy(of: output.value, in: .plain) }
    for update in graph.updates {
      // The new value may go straight into the old one's buffer.
      let (before, after) = (graph[update.before], graph[update.after])
      guard before.type == after.type else {
        throw .tensorMismatch(path: before.name, expected: before.type, found: after.type)
      }
      let target = copies[update.before].map { placements[$0[0]].layout } ?? .plain
      if copies[update.before] == nil { addCopy(of: update.before, target) }
      try lastingCopy(of: update.after, in: target)
    }
  }

  /// The copy of a value that an output or a state change reads after the last step. A state that this plan
  /// changes does not keep its old value until then, so it is copied aside; that copy is its last in the layout.
  private mutating func lastingCopy(of value: Value, in layout: Layout) throws(ExecutionError) {
    let found = try copy(of: value, in: layout)
    guard found == copies[value]?.first, changed.contains(value),
      copies[value]?.last(where: { placements[$0].layout == layout }) == found
    else { return }
    let made = addCopy(of: value, layout)
    steps.append(
      DraftStep(
        kind: .reorder, name: graph[value].name, op: "Copy", implementation: "old value", inputs: [found],
        outputs: [made], proposal: CopyKernel.proposal(bytes: placements[found].byteCount, layout: layout)))
  }

  private mutating func place(_ index: Int, _ groups: inout BackendGroups) throws(ExecutionError) {
    let node = graph.nodes[index]
    let op = graph.op(of: node)
    let site = graph.site(node)
    let shapeOnly = op.shapeOnlyInputs
    let layouts: [Layout?] = node.inputs.enumerated().map { position, value in
      guard let value, !shapeOnly.contains(position) else { return nil }
      return copies[value].map { placements[$0[0]].layout }
    }
    var refusals = groups[index]?.refusals ?? []
    let isGrouped = groups[index] != nil
    // Whoever reads a workspace is a backward pass, also in a plan for inference.
    let request = ProposalRequest(inputLayouts: layouts, training: training || isGrouped, threads: threads)
    for (rank, backend) in backends.enumerated() {
      if isGrouped, groups[index]?.rank != rank { continue }
      let implementations = backend.implementations(of: op)
      // Loops on any layout and views are at home in the reference; everything else is missed elsewhere.
      if implementations.isEmpty, !isGrouped, !op.isElementwise, !op.isView {
        refusals.append("\(backend.name): has no \(node.op)")
      }
      for implementation in implementations {
        if let reason = implementation.refusal(of: site) {
          refusals.append("\(backend.name): \(reason)")
          continue
        }
        let proposal: Proposal
        do { proposal = try implementation.propose(site, request) } catch {
          refusals.append("\(backend.name): \(error)")
          continue
        }
        if rank > 0 && !refusals.isEmpty { fallbacks.append((graph[node.outputs[0]].name, node.op, refusals)) }
        try adopt(proposal, index, node, shapeOnly, implementation)
        return
      }
      if isGrouped, !groups.giveUp(index, because: refusals.last ?? "", graph, backends) { break }
    }
    throw .noImplementation(operator: node.op, path: node.origin.path, refusals: refusals)
  }

  private mutating func adopt(
    _ proposal: Proposal, _ index: Int, _ node: Node, _ shapeOnly: Set<Int>, _ implementation: any Implementation
  ) throws(ExecutionError) {
    var inputs: [Int?] = []
    for (position, value) in node.inputs.enumerated() {
      guard let value, !shapeOnly.contains(position) else {
        inputs.append(nil)
        continue
      }
      inputs.append(try copy(of: value, in: proposal.inputs[position]))
    }
    var outputs: [Int] = []
    for (position, value) in node.outputs.enumerated() {
      outputs.append(addCopy(of: value, proposal.outputs[position]))
    }
    steps.append(
      DraftStep(
        kind: .node(index), name: graph[node.outputs[0]].name, op: node.op, implementation: implementation.name,
        inputs: inputs, outputs: outputs, proposal: proposal))
  }

  private mutating func place(_ region: Region) throws(ExecutionError) {
    var inputs: [Int?] = []
    for (value, layout) in zip(region.inputs, region.proposal.inputs) {
      inputs.append(try copy(of: value, in: layout))
    }
    var outputs: [Int] = []
    for (value, layout) in zip(region.outputs, region.proposal.outputs) { outputs.append(addCopy(of: value, layout)) }
    steps.append(
      DraftStep(
        kind: .region, name: region.name, op: "Region", implementation: region.name, inputs: inputs, outputs: outputs,
        proposal: region.proposal))
  }

  @discardableResult
  private mutating func addCopy(of value: Value, _ layout: Layout) -> Int {
    placements.append(Placement(value: value, layout: layout, byteCount: layout.byteCount(graph[value].type)))
    copies[value, default: []].append(placements.count - 1)
    return placements.count - 1
  }

  /// The copy of a value in a layout, made by a reorder when there is none yet.
  private mutating func copy(of value: Value, in layout: Layout) throws(ExecutionError) -> Int {
    // What nobody could read again is made from a plain copy.
    if copies[value] == nil, layout.isOneWay { addCopy(of: value, .plain) }
    guard let existing = copies[value], let first = existing.first else { return addCopy(of: value, layout) }
    if let found = existing.first(where: { placements[$0].layout == layout }) { return found }
    let from = placements[first].layout
    if let made = try reorder(value, first, to: layout) { return made }
    // Orders that do not know each other meet in the plain one.
    if from != .plain, layout != .plain {
      if let made = try reorder(value, try copy(of: value, in: .plain), to: layout) { return made }
    }
    throw .noImplementation(
      operator: "Reorder", path: graph[value].name, refusals: ["no backend brings \(from) to \(layout)"])
  }

  /// A further copy of a value, made of the copy `source`; nil when no backend does that.
  private mutating func reorder(_ value: Value, _ source: Int, to layout: Layout) throws(ExecutionError) -> Int? {
    let from = placements[source].layout
    for backend in backends {
      guard let proposal = try backend.reorder(graph[value].type, from: from, to: layout) else { continue }
      let made = addCopy(of: value, layout)
      steps.append(
        DraftStep(
          kind: .reorder, name: graph[value].name, op: "Reorder", implementation: "\(from) → \(layout)",
          inputs: [source], outputs: [made], proposal: proposal))
      return made
    }
    return nil
  }
}
