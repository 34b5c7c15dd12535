import FoveaGraphs
import FoveaTensors
import Testing

struct FusedTests {
  /// Conv + add + relu, with the sum given out too, and a constant inside.
  private func body(batch: Int) -> Graph {
    var body = Graph()
    let x = body.addInput("x", f32(batch, 2, 5, 5))
    let w = body.addInput("w", f32(3, 2, 3, 3))
    let skip = body.addInput("skip", f32(batch, 3, 5, 5))
    let y = body.add(Op.Conv.self, [x, w], ["pads": .ints([1, 1, 1, 1])])[0]
    let scaled = body.add(Op.Mul.self, [y, body.addConstant(floats([0.5], .scalar))])[0]
    let sum = body.add(Op.Add.self, [scaled, skip])[0]
    let result = body.add(Op.Relu.self, [sum])[0]
    body.addOutput("y", result)
    body.addOutput("sum", sum)
    body.addOutput("again", result)
    body.addOutput("skip", skip)
    return body
  }

  private func fused() throws -> (graph: Graph, inputs: [Value], outputs: [Value]) {
    var graph = Graph()
    let x = graph.addInput("x", f32(1, 2, 5, 5), open: [0])
    let w = graph.addInput("w", f32(3, 2, 3, 3))
    let skip = graph.addInput("skip", f32(1, 3, 5, 5), open: [0])
    let outputs = graph.add(
      Op.Fused.self, [x, w, skip], ["pattern": .string("Conv+Mul+Add+Relu")], body: body(batch: 1))
    try graph.check()
    return (graph, [x, w, skip], outputs)
  }

  @Test(arguments: [DType.f32, .f64])
  func runsItsBody(dtype: DType) throws {
    let (graph, inputs, outputs) = try fused()
    let ready = try graph.specialized(to: ["x": [3, 2, 5, 5], "skip": [3, 3, 5, 5]]).converted(to: dtype)
    #expect(outputs.map { ready.shape($0) } == [Shape](repeating: [3, 3, 5, 5], count: 4))
    var draws = Draws(seed: 1)
    let tensors = [draws.tensor([3, 2, 5, 5]), draws.tensor([3, 2, 3, 3]), draws.tensor([3, 3, 5, 5])]
      .map { $0.converted(to: dtype) }
    let found = try Interpreter.run(ready, Dictionary(uniqueKeysWithValues: zip(inputs, tensors)))
    let plain = try body(batch: 3).converted(to: dtype)
    let expected = try Interpreter.run(plain, Dictionary(uniqueKeysWithValues: zip(plain.inputs, tensors)))
    for (output, (_, value)) in zip(outputs, plain.outputs) {
      #expect(found[output]!.isIdentical(to: expected[value]!))
    }
  }

  @Test func costsAndSeesWhatItsBodyDoes() throws {
    let (graph, _, outputs) = try fused()
    #expect(graph.analysis().total.multiplyAdds == 25 * 3 * 18)
    #expect(graph.receptiveFields()[outputs[0]]?.axes.map(\.max) == [3, 3])
    let text = graph.op(of: graph.nodes[0]).explain(graph.site(graph.nodes[0]))
    #expect(text.hasPrefix("Does Conv, then Mul, then Add, then Relu in one go. Each of 3 kernels"))
  }

  @Test func hasNoGradient() throws {
    var (graph, inputs, outputs) = try fused()
    let loss = graph.add(Op.ReduceSum.self, [outputs[0]], ["keepdims": .int(0)])[0]
    #expect(throws: GraphError.self) { try graph.differentiate(loss, withRespectTo: [inputs[0]]) }
  }

  @Test func runsAtTheSameTimeDoNotMeet() async throws {
    let (graph, _, _) = try fused()
    let node = graph.nodes[0]
    let site = graph.site(node)
    let kernel = Interpreter.kernel(Op.Fused.self, site)
    let sizes = (site.inputs.compactMap { $0?.shape.concrete } + site.outputs.compactMap(\.shape.concrete)).map(\.count)
    await withTaskGroup(of: Bool.self) { group in
      for number in 1...8 {
        group.addTask {
          let storages = sizes.map { TensorStorage(byteCount: $0 * 4) }
          for (storage, size) in zip(storages, sizes).prefix(3) {
            for index in 0..<size {
              storage.base.storeBytes(of: Float(number), toByteOffset: index * 4, as: Float.self)
            }
          }
          for _ in 0..<200 {
            let inputs = storages.prefix(3).map { UnsafeRawPointer($0.base) as UnsafeRawPointer? }
            let outputs = storages.dropFirst(3).map { $0.base as UnsafeMutableRawPointer? }
            inputs.withUnsafeBufferPointer { ins in
              outputs.withUnsafeBufferPointer { outs in
                kernel(Buffers(inputs: ins.baseAddress!, outputs: outs.baseAddress!))
              }
            }
            // In the middle of the picture: 18 products of n², halved, plus n.
            let middle = storages[3].base.load(fromByteOffset: 12 * 4, as: Float.self)
            if middle != Float(9 * number * number + number) { return false }
          }
          return true
        }
      }
      for await fine in group { #expect(fine) }
    }
  }
}
