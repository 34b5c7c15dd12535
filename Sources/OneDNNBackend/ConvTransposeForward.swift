import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Transposed convolution as the input gradient of the convolution it is the adjoint of, so that weights keep
/// one layout with its own gradients, and the bias added in place.
struct ConvTransposeForward: Implementation {
  let chooser: ConvChooser
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "transposed convolution") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = ConvSizes(
      Op.Conv.geometry(site, weights: 1), x: site.outputShape(), w: site.inputShape(1), y: site.inputShape(0))
    let problem = ConvBackwardData.problem(
      site, request, sizes, reads: site.inputs.count, after: site.has(2) ? "bias" : ""
    ) { (found: PrimitiveDescription) throws(ExecutionError) in
      try answer(site, sizes, found)
    }
    return try chooser.choose(problem, as: "a transposed convolution")
  }

  /// The step around the primitive.
  private func answer(
    _ site: NodeSite, _ sizes: ConvSizes, _ found: PrimitiveDescription
  ) throws(ExecutionError) -> Proposal {
    guard let result = found.descriptor(FOVEA_DIFF_SRC) else { throw OneDNN.failure("a transposed convolution") }
    var inputs = [found.layout(FOVEA_DIFF_DST, sizes.y), found.layout(FOVEA_WEIGHTS, sizes.w)]
    if site.inputs.count > 2 { inputs.append(.plain) }
    var links: [Chain.Link] = [
      (found, [(FOVEA_DIFF_DST, .input(0)), (FOVEA_WEIGHTS, .input(1)), (FOVEA_DIFF_SRC, .output(0))])
    ]
    if site.has(2) {
      var bias = Request(FOVEA_BINARY)
      bias.src = result
      // The library adds quickly what lies as the result does, and by its plain loops what does not. The bytes are
      // the plain ones unless blocks are filled up.
      let dims = [1, sizes.x[1]] + sizes.x.dropFirst(2).map { _ in 1 }
      let order = found.layout(FOVEA_DIFF_SRC, sizes.x).order
      let alike = order == .any ? nil : MemoryDescriptor(dims, order)
      bias.src1 = alike?.byteCount == sizes.x[1] * 4 ? alike : MemoryDescriptor(dims, .plain)
      bias.dst = result
      guard let added = bias.describe() else { throw OneDNN.failure("a transposed convolution's bias") }
      links.append((added, [(FOVEA_SRC, .output(0)), (FOVEA_SRC_1, .input(2)), (FOVEA_DST, .output(0))]))
    }
    return Proposal(links, inputs: inputs, outputs: [found.layout(FOVEA_DIFF_SRC, sizes.x)])
  }
}
