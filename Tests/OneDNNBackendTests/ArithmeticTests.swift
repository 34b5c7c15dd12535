import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// What goes number by number, alone and in chains: ranks, broadcast forms, orders of memory.
@Suite(.enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN")) struct ArithmeticTests {
  static let pairs: [any Operator.Type] = [
    Op.Add.self, Op.Sub.self, Op.Mul.self, Op.Div.self, Op.Max.self, Op.Min.self, Op.Pow.self,
  ]

  @Test(arguments: 0...8)
  func pairsOfAnyRank(rank: Int) throws {
    let shape = Array([2, 3, 1, 2, 2, 1, 3, 2].prefix(rank))
    for op in Self.pairs {
      for other in [shape, Array(shape.dropFirst()), shape.map { _ in 1 }] {
        var bench = Bench()
        let a = bench.input(shape)
        let b = bench.input(other)
        // Above 0, for quotients and powers.
        let (base, exponent) = (bench.graph.add(Op.Exp.self, [a])[0], bench.graph.add(Op.Exp.self, [b])[0])
        let y = bench.graph.add(op, [base, exponent])[0]
        try bench.check([y], runs: [], "\(op.name) of \(shape) and \(other)")
      }
    }
  }

  @Test(arguments: 0...8)
  func functionsOfAnyRank(rank: Int) throws {
    let shape = Array([2, 3, 1, 2, 2, 1, 3, 2].prefix(rank))
    for use in ActivationTests.all {
      var bench = Bench()
      let x = bench.input(shape)
      let y = bench.graph.add(use.op, [x], use.attributes)[0]
      try bench.check([y], runs: [], "\(use.testDescription) of \(shape)")
    }
    for op in [Op.Neg.self, Op.Exp.self, Op.Erf.self, Op.Sign.self, Op.Floor.self] as [any Operator.Type] {
      var bench = Bench()
      let x = bench.input(shape)
      let y = bench.graph.add(op, [x])[0]
      try bench.check([y], runs: [], "\(op.name) of \(shape)")
    }
  }

  /// One channel is left to others: the gradient of its bias is one number, a sum whose parts nearly cancel in bf16.
  @Test(arguments: [3, 8, 15, 16, 17, 31, 32, 40])
  func broadcastsInAChain(channels: Int) throws {
    let (n, h, w) = (2, 3, 5)
    let forms = [
      [], [1], [channels, 1, 1], [n, channels, 1, 1], [w], [1, 1, h, w], [n, 1, 1, 1], [h, 1], [1, channels, h, w],
      [n, channels, h, w], [channels, h, 1],
    ]
    for (index, form) in forms.enumerated() {
      var bench = Bench()
      let x = bench.mixed(bench.input([n, 3, h, w]), to: channels)
      let (b, c) = (bench.input(form), bench.input(forms[(index + 3) % forms.count]))
      let away = bench.graph.add(Op.Sub.self, [x, b])[0]
      let product = bench.graph.add(Op.Mul.self, [away, c])[0]
      let y = bench.graph.add(Op.Tanh.self, [bench.graph.add(Op.Add.self, [product, b])[0]])[0]
      try bench.check([y], runs: [], "\(channels) channels, \(form)", fuses: "Sub+Mul+Add+Tanh", fusesInTraining: false)
    }
  }

  @Test(arguments: [1, 7, 16, 20], [Op.ReduceMean.name, Op.ReduceSum.name])
  func aLossIsOnePass(channels: Int, reduction: String) throws {
    var bench = Bench()
    let x = bench.mixed(bench.input([3, 4, 6, 7]), to: channels)
    let (target, weight) = (bench.input([3, channels, 6, 7]), bench.input([channels, 1, 1]))
    let away = bench.graph.add(Op.Sub.self, [x, target])[0]
    let two = try bench.graph.addConstant(Tensor([2] as [Float], shape: []))
    let square = bench.graph.add(Op.Pow.self, [away, two])[0]
    let weighed = bench.graph.add(Op.Mul.self, [square, weight])[0]
    let op: any Operator.Type = reduction == Op.ReduceMean.name ? Op.ReduceMean.self : Op.ReduceSum.self
    let loss = bench.graph.add(op, [weighed], ["keepdims": .int(0)])[0]
    try bench.check(
      [loss], runs: [], "\(reduction) over \(channels) channels", fuses: "Sub+Pow+Mul+\(reduction)",
      fusesInTraining: false)
  }

  @Test func aChainAcrossTruths() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [2, 3, 5, 7]))
    let y = graph.addInput("y", TensorType(.f32, [3, 1, 1]))
    let larger = graph.add(Op.Greater.self, [x, y])[0]
    let z = graph.add(Op.Where.self, [larger, graph.add(Op.Neg.self, [x])[0], y])[0]
    graph.addOutput("z", z)
    let prepared = try PlanRequest(mode: .inference).prepare(graph)
    #expect(prepared.nodes.count == 1)
    let store = Store()
    let plan = try Plan(
      prepared, mode: .inference, backends: [try #require(OneDNNBackend())], store: store, threads: 2)
    let context = try Context(plan, store: store)
    let (a, b) = ((0..<210).map { Float($0 % 13) - 6 }, [Float(-1), 0, 2])
    try context.feed("x", Tensor(a, shape: [2, 3, 5, 7]))
    try context.feed("y", Tensor(b, shape: [3, 1, 1]))
    try context.run()
    let wanted = a.enumerated().map { $1 > b[$0 / 35 % 3] ? -$1 : b[$0 / 35 % 3] }
    #expect(try context.result("z").array(of: Float.self) == wanted)
  }
}
