import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Layer normalization: the library normalizes the last axis, so the normalized axes are seen as one.
private struct LayerNormRows {
  let rows: Int
  let width: Int
  let epsilon: Float

  init(_ site: NodeSite, x: Shape) {
    let axis = site.attributes.int("axis", default: -1)
    let first = axis < 0 ? axis + x.rank : axis
    rows = x.dims[..<first].reduce(1, *)
    width = x.dims[first...].reduce(1, *)
    epsilon = Float(site.attributes.float("epsilon", default: 1e-5))
  }

  func describe(_ kind: fovea_kind) -> PrimitiveDescription? {
    var request = Request(kind)
    request.training = true
    request.epsilon = epsilon
    request.src = MemoryDescriptor([rows, width], .plain)
    request.src1 = MemoryDescriptor([rows], .plain)
    return request.describe()
  }
}

struct LayerNormForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.has(1) && site.has(2) ? site.commonRefusal(of: "layer normalization") : "layer normalization without scale"
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard let found = LayerNormRows(site, x: site.inputShape(0)).describe(FOVEA_LAYER_NORM_FORWARD) else {
      throw OneDNN.failure("layer normalization")
    }
    // The last output holds the variance here, where the plain loop keeps 1/√(variance + epsilon).
    return Proposal(
      found, inputs: [.plain, .plain, .plain], outputs: [.plain, .plain, .plain],
      [
        (FOVEA_SRC, .input(0)), (FOVEA_SCALE, .input(1)), (FOVEA_SHIFT, .input(2)), (FOVEA_DST, .output(0)),
        (FOVEA_MEAN, .output(1)), (FOVEA_VARIANCE, .output(2)),
      ])
  }
}

struct LayerNormBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.has(4) ? site.commonRefusal(of: "layer normalization") : "layer normalization without scale"
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard let found = LayerNormRows(site, x: site.inputShape(1)).describe(FOVEA_LAYER_NORM_BACKWARD) else {
      throw OneDNN.failure("layer normalization's gradient")
    }
    var operands: [(argument: fovea_arg, operand: Operand)] = [
      (FOVEA_DIFF_DST, .input(0)), (FOVEA_SRC, .input(1)), (FOVEA_MEAN, .input(2)), (FOVEA_VARIANCE, .input(3)),
      (FOVEA_SCALE, .input(4)), (FOVEA_DIFF_SRC, .output(0)), (FOVEA_DIFF_SCALE, .output(1)),
      (FOVEA_DIFF_SHIFT, .output(2)),
    ]
    // 2.x asks for the shift, which no gradient depends on; any vector of that length will do.
    if found.functions.major < 3 { operands.append((FOVEA_SHIFT, .input(4))) }
    return Proposal(
      found, inputs: site.inputs.map { _ in .plain }, outputs: [.plain, .plain, .plain], operands)
  }
}
