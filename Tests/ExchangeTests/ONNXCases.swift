import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// A small network around one operator, and what is put into it: written as ONNX, checked by ONNX Runtime.
struct ONNXCase {
  let name: String
  let op: String
  let model: Model
  let inputs: [String: Tensor]
}

/// One operand of a case.
enum CaseOperand {
  /// An input, of which some axes are open.
  case input(Tensor, open: Set<Int> = [0])
  /// A parameter of the network.
  case parameter(Tensor)
  case missing
}

extension ONNXCase {
  init(_ op: any Operator.Type, _ operands: [CaseOperand], _ attributes: Attributes = [:]) throws {
    try self.init(op, "", operands, attributes)
  }

  /// A case whose graph is the operator alone.
  init(
    _ op: any Operator.Type, _ variant: String, _ operands: [CaseOperand], _ attributes: Attributes = [:]
  ) throws {
    var graph = Graph()
    let store = Store()
    var inputs: [String: Tensor] = [:]
    var values: [Value?] = []
    for (index, operand) in operands.enumerated() {
      switch operand {
      case .missing: values.append(nil)
      case .input(let tensor, let open):
        inputs["x\(index)"] = tensor
        values.append(graph.addInput("x\(index)", TensorType(tensor.dtype, tensor.shape), open: open))
      case .parameter(let tensor):
        let parameter = Parameter(path: "node.w\(index)", role: .weight, initializer: .constant(0))
        values.append(graph.addParameter(parameter, TensorType(tensor.dtype, tensor.shape)))
        try store.set(parameter.path, to: tensor)
      }
    }
    let results = graph.add(op, values, attributes, origin: Origin(path: "node", layer: "Node()"))
    for (index, value) in results.enumerated() where !op.auxiliaryOutputs.contains(index) {
      graph.addOutput("y\(index)", value)
    }
    try graph.check()
    name = op.name + (variant.isEmpty ? "" : "-" + variant)
    self.op = op.name
    self.inputs = inputs
    model = Model(graph: graph, store: store)
  }

  /// What the graph gives, by its reference.
  func outputs() throws -> [String: Tensor] {
    var feeds: [Value: Tensor] = [:]
    let graph = model.graph
    for value in graph.inputs { feeds[value] = inputs[graph[value].name] }
    for (value, parameter) in graph.parameters + graph.states { feeds[value] = try model.store.tensor(parameter.path) }
    let results = try Interpreter.run(graph, feeds)
    return Dictionary(
      graph.outputs.compactMap { output in results[output.value].map { (output.name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }
}

/// Numbers that are the same in every type and on every machine: multiples of 1/32 from −4 to 4.
func drawn(_ shape: Shape, seed: UInt32 = 1, from low: Float = -4, to high: Float = 4) -> Tensor {
  var state = seed &* 2_654_435_761
  let steps = UInt32((high - low) * 32)
  let values = (0..<shape.count).map { _ -> Float in
    state = state &* 1_664_525 &+ 1_013_904_223
    return low + Float((state >> 8) % (steps + 1)) / 32
  }
  return shaped(values, shape)
}

/// Small numbers, such as weights.
func weights(_ shape: Shape, seed: UInt32 = 7) -> Tensor { drawn(shape, seed: seed, from: -0.5, to: 0.5) }
/// Numbers above 0.
func positive(_ shape: Shape, seed: UInt32 = 3) -> Tensor { drawn(shape, seed: seed, from: 0.25, to: 2) }

func truths(_ shape: Shape, seed: UInt32 = 5) -> Tensor {
  shaped(drawn(shape, seed: seed).array(of: Float.self).map { $0 > 0 }, shape)
}

func places(_ shape: Shape, below count: Int, seed: UInt32 = 9) -> Tensor {
  let values = drawn(shape, seed: seed, from: 0, to: 100).array(of: Float.self)
  return shaped(values.map { Int64($0 * 32) % Int64(count) }, shape)
}

func shaped<T: TensorScalar>(_ values: [T], _ shape: Shape) -> Tensor {
  guard let tensor = try? Tensor(values, shape: shape) else {
    preconditionFailure("\(values.count) numbers for \(shape)")
  }
  return tensor
}

extension ONNXCase {
  /// At least one case of each operator that is written.
  static func all() throws -> [ONNXCase] {
    try pointwise() + activations() + windows() + pooling() + norms() + movement() + selection() + others() + foreign()
      + recurrent() + resizings() + trigonometry() + whole()
  }

  private static func pointwise() throws -> [ONNXCase] {
    let x = drawn([2, 3, 4])
    var cases: [ONNXCase] = []
    for op in [Op.Abs.self, Op.Exp.self, Op.Floor.self, Op.Neg.self, Op.Sign.self] as [any Operator.Type] {
      cases.append(try ONNXCase(op, [.input(x)]))
    }
    for op in [Op.Log.self, Op.Sqrt.self] as [any Operator.Type] {
      cases.append(try ONNXCase(op, [.input(positive([2, 3, 4]))]))
    }
    let pairs: [any Operator.Type] = [
      Op.Add.self, Op.Sub.self, Op.Mul.self, Op.Equal.self, Op.Greater.self, Op.GreaterOrEqual.self, Op.Less.self,
      Op.LessOrEqual.self, Op.Max.self, Op.Min.self,
    ]
    for op in pairs { cases.append(try ONNXCase(op, [.input(x), .parameter(drawn([4], seed: 2))])) }
    cases.append(try ONNXCase(Op.Div.self, [.input(x), .parameter(positive([4]))]))
    cases.append(try ONNXCase(Op.Pow.self, [.input(positive([2, 3, 4])), .parameter(drawn([4], seed: 2))]))
    cases.append(try ONNXCase(Op.Max.self, "three", [.input(x), .input(drawn([2, 3, 4], seed: 4)), .input(x)]))
    cases.append(try ONNXCase(Op.And.self, [.input(truths([2, 3])), .input(truths([2, 3], seed: 6))]))
    cases.append(try ONNXCase(Op.Or.self, [.input(truths([2, 3])), .input(truths([2, 3], seed: 6))]))
    cases.append(try ONNXCase(Op.Not.self, [.input(truths([2, 3]))]))
    cases.append(
      try ONNXCase(Op.Where.self, [.input(truths([2, 3])), .input(drawn([2, 3])), .parameter(drawn([3], seed: 8))]))
    cases.append(try ONNXCase(Op.Cast.self, "i64", [.input(x)], ["to": .string("i64")]))
    cases.append(try ONNXCase(Op.Cast.self, "f32", [.input(places([2, 3], below: 9))], ["to": .int(1)]))
    cases.append(try ONNXCase(Op.Cast.self, "bool", [.input(x)], ["to": .string("bool")]))
    return cases
  }

  private static func activations() throws -> [ONNXCase] {
    let x = drawn([2, 3, 5])
    let picture = drawn([2, 3, 4, 2])
    var cases: [ONNXCase] = []
    for op in [
      Op.Relu.self, Op.Sigmoid.self, Op.Tanh.self, Op.Softplus.self, Op.HardSwish.self, Op.Mish.self, Op.Swish.self,
      Op.Gelu.self, Op.Elu.self, Op.Selu.self, Op.LeakyRelu.self, Op.HardSigmoid.self, Op.Softmax.self,
      Op.LogSoftmax.self, Op.Clip.self,
    ] as [any Operator.Type] {
      cases.append(try ONNXCase(op, [.input(x)]))
    }
    return cases + [
      try ONNXCase(Op.Swish.self, "steep", [.input(x)], ["alpha": .float(1.5)]),
      try ONNXCase(Op.Gelu.self, "tanh", [.input(x)], ["approximate": .string("tanh")]),
      try ONNXCase(Op.Elu.self, "alpha", [.input(x)], ["alpha": .float(0.25)]),
      try ONNXCase(Op.LeakyRelu.self, "alpha", [.input(x)], ["alpha": .float(0.2)]),
      try ONNXCase(Op.HardSigmoid.self, "line", [.input(x)], ["alpha": .float(1.0 / 6), "beta": .float(0.5)]),
      try ONNXCase(Op.Softmax.self, "axis", [.input(x)], ["axis": .int(1)]),
      try ONNXCase(Op.LogSoftmax.self, "axis", [.input(x)], ["axis": .int(1)]),
      try ONNXCase(Op.Clip.self, "low", [.input(x)], ["min": .float(-1)]),
      try ONNXCase(Op.Clip.self, "high", [.input(x)], ["max": .float(1)]),
      try ONNXCase(Op.Clip.self, "both", [.input(x)], ["min": .float(0), "max": .float(6)]),
      try ONNXCase(Op.PRelu.self, "channels", [.input(picture), .parameter(positive([3]))]),
      try ONNXCase(Op.PRelu.self, "one", [.input(picture), .parameter(positive([1]))]),
      try ONNXCase(Op.PRelu.self, "computed", [.input(picture), .input(positive([3]), open: [])]),
      try ONNXCase(Op.PRelu.self, "flat", [.input(drawn([2, 3])), .parameter(positive([3]))]),
    ]
  }

  private static func windows() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 4, 9, 8]))
    let open = CaseOperand.input(drawn([2, 4, 9, 8]), open: [0, 2, 3])
    let w = CaseOperand.parameter(weights([6, 4, 3, 3]))
    let bias = CaseOperand.parameter(weights([6], seed: 8))
    let turned = CaseOperand.parameter(weights([4, 6, 3, 3]))
    let upper: Attributes = ["auto_pad": .string("SAME_UPPER"), "strides": .ints([2, 2])]
    let lower: Attributes = ["auto_pad": .string("SAME_LOWER"), "strides": .ints([2, 3])]
    var dilated = upper
    dilated["dilations"] = .ints([2, 1])
    let window: Attributes = ["kernel_shape": .ints([3, 2]), "pads": .ints([1, 0, 0, 1]), "strides": .ints([2, 1])]
    return [
      try ONNXCase(Op.Conv.self, [x, w, bias], ["pads": .ints([1, 0, 2, 1]), "strides": .ints([2, 1])]),
      try ONNXCase(Op.Conv.self, "plain", [open, w]),
      try ONNXCase(Op.Conv.self, "upper", [open, w, bias], upper),
      try ONNXCase(Op.Conv.self, "lower", [open, w, bias], lower),
      try ONNXCase(Op.Conv.self, "upper-dilated", [x, w, bias], dilated),
      try ONNXCase(Op.Conv.self, "valid", [x, w], ["auto_pad": .string("VALID")]),
      try ONNXCase(
        Op.Conv.self, "groups", [x, .parameter(weights([6, 2, 3, 1]))], ["group": .int(2), "dilations": .ints([2, 1])]),
      try ONNXCase(Op.Conv.self, "line", [.input(drawn([2, 4, 9])), .parameter(weights([3, 4, 3]))]),
      try ONNXCase(Op.Conv.self, "room", [.input(drawn([1, 2, 4, 4, 4])), .parameter(weights([3, 2, 2, 2, 2]))]),
      try ONNXCase(
        Op.ConvTranspose.self, [x, turned, bias],
        ["strides": .ints([2, 2]), "pads": .ints([1, 0, 1, 1]), "output_padding": .ints([1, 0])]),
      try ONNXCase(Op.ConvTranspose.self, "upper", [open, turned], upper),
      try ONNXCase(
        Op.ConvTranspose.self, "lower", [open, .parameter(weights([4, 6, 4, 2]))],
        ["auto_pad": .string("SAME_LOWER"), "strides": .ints([3, 3])]),
      try ONNXCase(
        Op.ConvTranspose.self, "groups", [x, .parameter(weights([4, 3, 2, 2]))],
        ["group": .int(2), "dilations": .ints([2, 1]), "strides": .ints([1, 2])]),
      try ONNXCase(Op.Im2Col.self, [x], window),
      try ONNXCase(
        Op.Col2Im.self, [.input(drawn([2, 12, 48]))],
        ["kernel_shape": .ints([2, 2]), "image_shape": .ints([7, 9])]),
      try ONNXCase(
        Op.Col2Im.self, "like", [.input(drawn([2, 12, 20])), .input(drawn([1, 1, 7, 9]), open: [])],
        ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2]), "pads": .ints([1, 0, 0, 1])]),
      try ONNXCase(
        Op.LocallyConnected.self,
        [.input(drawn([2, 3, 5, 4])), .parameter(weights([6, 4, 12])), .parameter(weights([4, 3, 2], seed: 5))],
        ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2]), "pads": .ints([0, 0, 1, 0])]),
      try ONNXCase(
        Op.LocallyConnected.self, "plain", [.input(drawn([2, 3, 5])), .parameter(weights([3, 2, 9]))],
        ["kernel_shape": .ints([3])]),
    ]
  }

  private static func pooling() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 3, 9, 8]))
    let open = CaseOperand.input(drawn([2, 3, 9, 8]), open: [0, 2, 3])
    let window: Attributes = ["kernel_shape": .ints([3, 2]), "pads": .ints([1, 0, 1, 1]), "strides": .ints([2, 1])]
    func with(_ name: String, _ value: Attribute) -> Attributes {
      var copy = window
      copy[name] = value
      return copy
    }
    let rounded: Attributes = ["kernel_shape": .ints([2, 3]), "strides": .ints([2, 2]), "ceil_mode": .int(1)]
    var cases: [ONNXCase] = []
    for op in [Op.MaxPool.self, Op.AveragePool.self, Op.LpPool.self, Op.MaxPoolWithIndices.self] as [any Operator.Type]
    {
      cases.append(try ONNXCase(op, [x], window))
      cases.append(try ONNXCase(op, "ceil", [open], rounded))
      cases.append(try ONNXCase(op, "dilated", [x], with("dilations", .ints([2, 3]))))
      cases.append(
        try ONNXCase(
          op, "upper", [open],
          ["kernel_shape": .ints([3, 3]), "strides": .ints([2, 2]), "auto_pad": .string("SAME_UPPER")]))
      cases.append(try ONNXCase(op, "line", [.input(drawn([2, 3, 9]))], ["kernel_shape": .ints([3])]))
    }
    for size in [[1, 1], [3, 4], [5, 4], [4, 8], [9, 8], [10, 3]] {
      cases.append(
        try ONNXCase(
          Op.AdaptiveAveragePool.self, size.map(String.init).joined(separator: "x"), [x], ["output_size": .ints(size)]))
    }
    return cases + [
      try ONNXCase(Op.AveragePool.self, "counted", [x], with("count_include_pad", .int(1))),
      try ONNXCase(Op.LpPool.self, "one", [x], with("p", .int(1))),
      try ONNXCase(Op.GlobalAveragePool.self, [open]), try ONNXCase(Op.GlobalMaxPool.self, [open]),
      try ONNXCase(Op.GlobalLpPool.self, [open], ["p": .int(3)]),
      try ONNXCase(Op.AdaptiveAveragePool.self, "line", [.input(drawn([2, 3, 7]))], ["output_size": .ints([3])]),
      try ONNXCase(
        Op.AdaptiveAveragePool.self, "room", [.input(drawn([2, 3, 5, 4, 7]))], ["output_size": .ints([3, 2, 3])]),
      try ONNXCase(
        Op.AdaptiveAveragePool.self, "depth", [.input(drawn([2, 3, 5, 4, 7]))], ["output_size": .ints([3, 4, 7])]),
      try unpool("closed", open: [0]), try unpool("open", open: [0, 2, 3]),
    ]
  }

  /// Numbers pooled and put back.
  private static func unpool(_ variant: String, open: Set<Int>) throws -> ONNXCase {
    let x = drawn([2, 3, 7, 6])
    var graph = Graph()
    let input = graph.addInput("x0", TensorType(.f32, x.shape), open: open)
    let pooled = graph.add(
      Op.MaxPoolWithIndices.self, [input], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])], name: "pool")
    let twice = graph.add(Op.Add.self, [pooled[0], pooled[0]], name: "twice")[0]
    graph.addOutput("y0", graph.add(Op.MaxUnpool.self, [twice, pooled[1], input], name: "back")[0])
    try graph.check()
    return ONNXCase(
      name: "MaxUnpool-\(variant)", op: "MaxUnpool", model: Model(graph: graph, store: Store()), inputs: ["x0": x])
  }
}
