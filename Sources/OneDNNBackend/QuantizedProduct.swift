import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// A convolution or a matrix product on whole numbers of 8 bits, with bias, shortcut, activation and rounding in one
/// kernel.
///
/// The library sums in i32, adds the bias there, scales by channel, and rounds at the end. Where a shortcut of whole
/// numbers is added, the sum is first brought to the shortcut's unit, so that its numbers are added as they are.
struct QuantizedProduct: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    if case .refusal(let reason) = QuantizedParts.reading(site) { return reason }
    return site.commonRefusal(of: "8 bits", whole: true)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard case .parts(let parts) = QuantizedParts.reading(site) else { throw OneDNN.failure("8 bits") }
    return parts.product.node.op == Op.Gemm.name ? try matrix(site, parts) : try convolution(site, parts)
  }

  private func convolution(_ site: NodeSite, _ parts: QuantizedParts) throws(ExecutionError) -> Proposal {
    let sizes = ConvSizes(
      Op.Conv.geometry(parts.product, weights: 1), x: site.inputShape(parts.x), w: site.inputShape(parts.w),
      y: site.outputShape())
    let types = (x: site.inputs[parts.x]?.dtype ?? .u8, y: site.outputs[0].dtype)
    let shortcut = parts.added.flatMap { site.inputs[$0]?.dtype }
    // Channels last is the order of the library's kernels for 8 bits.
    var found: PrimitiveDescription?
    var order = Order.channelsLast
    for candidate in [Order.channelsLast, .plain] {
      var wish = sizes.request(FOVEA_CONV_FORWARD)
      wish.src = MemoryDescriptor(sizes.x, candidate, types.x)
      wish.weights = MemoryDescriptor(sizes.w, .any, .i8)
      wish.bias = parts.bias == nil ? nil : MemoryDescriptor([sizes.y[1]], .plain, .i32)
      wish.dst = MemoryDescriptor(sizes.y, candidate, types.y)
      wish.added = shortcut.flatMap { MemoryDescriptor(sizes.y, candidate, $0) }
      wish.scales = parts.scales
      wish.activations = parts.activations
      guard let answer = wish.describe(), found == nil || !answer.name.hasPrefix("ref") else { continue }
      (found, order) = (answer, candidate)
      if !answer.name.hasPrefix("ref") { break }
    }
    guard let found else { throw OneDNN.failure("a convolution in 8 bits") }
    var inputs = site.inputs.map { _ in Layout.plain }
    inputs[parts.x] = found.layout(FOVEA_SRC, sizes.x, of: types.x)
    inputs[parts.w] = found.layout(FOVEA_WEIGHTS, sizes.w, of: .i8)
    var operands = QuantizedProduct.operands(parts)
    if let added = parts.added, let shortcut, let own = MemoryDescriptor(sizes.y, order, shortcut) {
      inputs[added] = Layout(own, dims: sizes.y, of: shortcut)
      operands.append((FOVEA_ADDED, .input(added)))
    }
    return Proposal(found, inputs: inputs, outputs: [found.layout(FOVEA_DST, sizes.y, of: types.y)], operands)
  }

  private func matrix(_ site: NodeSite, _ parts: QuantizedParts) throws(ExecutionError) -> Proposal {
    guard parts.added == nil else { throw OneDNN.failure("a matrix product with a shortcut in 8 bits") }
    let rows = site.inputShape(parts.w)
    var wish = Request(FOVEA_MATMUL)
    wish.src = MemoryDescriptor(site.inputShape(parts.x).dims, .plain, site.inputs[parts.x]?.dtype ?? .u8)
    wish.weights =
      parts.product.attributes.flag("transB")
      ? MemoryDescriptor([rows[1], rows[0]], strides: [1, rows[1]], .i8) : MemoryDescriptor(rows.dims, .plain, .i8)
    wish.dst = MemoryDescriptor(site.outputShape().dims, .plain, site.outputs[0].dtype)
    wish.bias = parts.bias == nil ? nil : MemoryDescriptor([1, site.outputShape()[1]], .plain, .i32)
    wish.scales = parts.scales
    wish.activations = parts.activations
    guard let found = wish.describe() else { throw OneDNN.failure("a matrix product in 8 bits") }
    return Proposal(
      found, inputs: site.inputs.map { _ in .plain }, outputs: [.plain], QuantizedProduct.operands(parts))
  }

  private static func operands(_ parts: QuantizedParts) -> [(argument: fovea_arg, operand: Operand)] {
    [(FOVEA_SRC, .input(parts.x)), (FOVEA_WEIGHTS, .input(parts.w)), (FOVEA_DST, .output(0))]
      + (parts.bias.map { [(FOVEA_BIAS, .input($0))] } ?? [])
  }
}
