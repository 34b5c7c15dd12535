import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// A fused product of whole numbers in oneDNN's terms: which operand is what, and by what sums are multiplied.
struct QuantizedParts {
  /// The convolution or matrix product by itself.
  let product: NodeSite
  /// Operands of the fused node.
  let x: Int
  let w: Int
  let bias: Int?
  let added: Int?
  /// One for each channel of the result, or one.
  let scales: [Float]
  let activations: [Activation]

  enum Reading {
    case parts(QuantizedParts)
    case refusal(String)
  }

  /// Reads a fused node whose pattern begins with `8 bits`.
  static func reading(_ site: NodeSite) -> Reading {
    let pattern = site.attributes.string("pattern", default: "")
    guard pattern.hasPrefix("8 bits: Conv") || pattern.hasPrefix("8 bits: Gemm"), site.node.body != nil else {
      return .refusal("not a product in 8 bits")
    }
    guard let major = OneDNN.functions?.major, major < 3 else { return .refusal("8 bits with oneDNN 3") }
    let body = QuantizedBody(site)
    guard let at = body.graph.nodes.firstIndex(where: { $0.op == Op.Conv.name || $0.op == Op.Gemm.name }) else {
      return .refusal("no product")
    }
    let node = body.graph.nodes[at]
    let isGemm = node.op == Op.Gemm.name
    let a = node.attributes
    if isGemm, a.float("alpha", default: 1) != 1 || a.float("beta", default: 1) != 1 || a.flag("transA") {
      return .refusal("a matrix product that is scaled or reads columns")
    }
    guard let x = body.whole(node.inputs[0]), x.scale.count == 1, let w = body.whole(node.inputs[1]),
      site.inputs[w.operand]?.dtype == .i8
    else { return .refusal("zero points, or scales of another axis") }
    let channels = site.outputShape()[1]
    guard w.scale.count == 1 || (w.scale.count == channels && w.axis == (isGemm && !a.flag("transB") ? 1 : 0)) else {
      return .refusal("weights with scales along another axis than that of the results")
    }
    let sums = w.scale.map { $0 * x.scale[0] }
    var bias: Int?
    if node.inputs.count > 2, node.inputs[2] != nil {
      guard let found = body.whole(node.inputs[2]), site.inputs[found.operand]?.dtype == .i32,
        found.scale.count == sums.count, zip(found.scale, sums).allSatisfy({ abs($0 - $1) <= 1e-5 * abs($1) })
      else { return .refusal("a bias that is not counted in the products' own unit") }
      bias = found.operand
    }
    // The unit in which the kernel counts once it has scaled: that of the shortcut, where there is one.
    var (unit, end): (Float?, Float?) = (nil, nil)
    var added: Int?
    var activation: Activation?
    var value = node.outputs[0]
    for step in body.graph.nodes[(at + 1)...] {
      switch step.op {
      case Op.Add.name:
        guard let other = step.inputs.first(where: { $0 != value }) ?? nil else { return .refusal("a sum with itself") }
        if let shortcut = body.whole(other) {
          guard shortcut.scale.count == 1 else { return .refusal("a shortcut with several scales") }
          (added, unit) = (shortcut.operand, shortcut.scale[0])
        } else {
          guard let operand = body.graph.inputs.firstIndex(of: other) else { return .refusal("a constant shortcut") }
          (added, unit) = (operand, 1)
        }
      case Op.QuantizeLinear.name:
        guard let own = body.scale(of: step), own.count == 1 else { return .refusal("results with several scales") }
        end = own[0]
      default: activation = Activation.steps(step.op, step.attributes).first
      }
      value = step.outputs[0]
    }
    let counted = unit ?? end ?? 1
    var activations: [Activation] = []
    if let activation {
      // What is kept from 0 on in u8 needs no rectifier.
      if activation.code == FOVEA_CLIP {
        activations.append(
          Activation(code: FOVEA_CLIP, alpha: activation.alpha / counted, beta: activation.beta / counted))
      } else if site.outputs[0].dtype != .u8 {
        activations.append(activation)
      }
    }
    let factor = counted / (end ?? 1)
    if factor != 1 { activations.append(Activation(code: FOVEA_LINEAR, alpha: factor)) }
    return .parts(
      QuantizedParts(
        product: body.graph.site(node), x: x.operand, w: w.operand, bias: bias, added: added,
        scales: sums.map { $0 / counted }, activations: activations))
  }
}

/// The body of a fused node in 8 bits, for the sizes at hand.
struct QuantizedBody {
  let graph: Graph
  private let producers: [Value: Int]

  init(_ site: NodeSite) {
    graph = Op.Fused.body(site)
    producers = graph.producers
  }

  /// Where a value comes from when it stands for whole numbers without zero points: the node's operand and its scales.
  func whole(_ value: Value?) -> (operand: Int, scale: [Float], axis: Int)? {
    guard let value, let at = producers[value], graph.nodes[at].op == Op.DequantizeLinear.name,
      let source = graph.nodes[at].inputs[0], let operand = graph.inputs.firstIndex(of: source),
      let scale = scale(of: graph.nodes[at])
    else { return nil }
    let axis = graph.nodes[at].attributes.int("axis", default: 1)
    return (operand, scale, axis < 0 ? axis + (graph[value].type.shape.rank ?? 0) : axis)
  }

  /// The scales of a step between floats and whole numbers; nil where zero stands for something else.
  func scale(of node: Node) -> [Float]? {
    func constant(_ index: Int) -> Tensor? {
      guard index < node.inputs.count, let value = node.inputs[index], case .constant(let tensor) = graph[value].source
      else { return nil }
      return tensor
    }
    guard let scale = constant(1), scale.dtype == .f32 else { return nil }
    if node.inputs.count > 2, node.inputs[2] != nil {
      guard let zero = constant(2), zero.withUnsafeBytes({ $0.allSatisfy { $0 == 0 } }) else { return nil }
    }
    return scale.array(of: Float.self)
  }
}
