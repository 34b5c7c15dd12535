import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The orders worth trying for tensors side by side: that of most of them first.
private func orders(_ layouts: [Layout?]) -> [Order] {
  var count: [Order: Int] = [:]
  for layout in layouts { count[layout?.order ?? .plain, default: 0] += 1 }
  let named: [Order] = [.blocked, .channelsLast, .plain]
  return named.sorted { (count[$0] ?? 0, -$0.rawValue) > (count[$1] ?? 0, -$1.rawValue) }
}

/// Tensors side by side. Blocks of channels are kept where every part fills its blocks.
struct Concatenation: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    if site.outputs[0].dtype != .f32 { return "tensors of \(site.outputs[0].dtype.rawValue) side by side" }
    return site.outputShape().rank > 5 ? "more than 5 axes" : site.commonRefusal(of: "tensors side by side")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let y = site.outputShape().dims
    var wish = Request(FOVEA_CONCAT)
    wish.axis = Op.Concat.axis(site, rank: y.count)
    // One narrow part makes the others narrow: it comes from a convolution, and the whole mostly goes to one.
    let dtype: DType = request.inputLayouts.contains { $0?.isNarrow == true } ? .bf16 : .f32
    for order in orders(request.inputLayouts) {
      let parts = site.inputs.indices.map { site.inputShape($0).dims }
      if order == .blocked, wish.axis == 1, parts.contains(where: { $0[1] % 16 != 0 }) { continue }
      wish.parts = parts.compactMap { MemoryDescriptor($0, order, dtype) }
      wish.dst = MemoryDescriptor(y, order, dtype)
      guard wish.parts.count == parts.count, wish.dst != nil, let found = wish.describe() else { continue }
      let operands = parts.indices.map { (fovea_arg(FOVEA_PARTS.rawValue + UInt32($0)), Operand.input($0)) }
      return Proposal(
        found, inputs: zip(wish.parts, parts).map { Layout($0, dims: $1) }, outputs: [found.layout(FOVEA_DST, y)],
        operands + [(FOVEA_DST, .output(0))])
    }
    throw OneDNN.failure("tensors side by side")
  }
}

/// A tensor cut into pieces: each is copied out of its place.
struct Pieces: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    if site.outputs[0].dtype != .f32 { return "pieces of \(site.outputs[0].dtype.rawValue)" }
    return site.inputShape(0).rank > 5 ? "more than 5 axes" : site.commonRefusal(of: "pieces")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let x = site.inputShape(0).dims
    let isSplit = site.node.op == Op.Split.name
    let named = site.attributes.int("axis", default: isSplit ? 0 : 1)
    let axis = named < 0 ? named + x.count : named
    let dtype = request.inputLayouts[0]?.elements ?? .f32
    for order in orders([request.inputLayouts[0]]) {
      guard let whole = MemoryDescriptor(x, order, dtype),
        let links = links(site, whole, axis: axis, order, dtype)
      else { continue }
      let outputs = site.outputs.indices.compactMap { index in
        let dims = site.outputShape(index).dims
        return MemoryDescriptor(dims, order, dtype).map { Layout($0, dims: dims) }
      }
      guard outputs.count == links.count else { continue }
      // The reference operands of a gradient are never looked at.
      let inputs = [Layout(whole, dims: x)] + site.inputs.dropFirst().map { _ in Layout.plain }
      return Proposal(links, inputs: inputs, outputs: outputs)
    }
    throw OneDNN.failure("cutting into pieces")
  }

  private func links(
    _ site: NodeSite, _ whole: MemoryDescriptor, axis: Int, _ order: Order, _ dtype: DType
  ) -> [Chain.Link]? {
    var links: [Chain.Link] = []
    var offsets = [Int](repeating: 0, count: site.inputShape(0).rank)
    for index in site.outputs.indices {
      let dims = site.outputShape(index).dims
      if order == .blocked, axis == 1, dims[1] % 16 != 0 { return nil }
      var wish = Request(FOVEA_REORDER)
      wish.src = MemoryDescriptor(part: dims, at: offsets, of: whole)
      wish.dst = MemoryDescriptor(dims, order, dtype)
      guard wish.src != nil, wish.dst != nil, let found = wish.describe() else { return nil }
      links.append((found, [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(index))]))
      offsets[axis] += dims[axis]
    }
    return links
  }
}
