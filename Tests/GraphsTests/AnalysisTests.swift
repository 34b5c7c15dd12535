import FoveaGraphs
import FoveaTensors
import Testing

/// A small builder of networks, as the layers will be.
struct Net {
  var graph = Graph()
  var x: Value
  var marks: [Value] = []
  private var channels: Int

  init(_ shape: Shape) {
    x = graph.addInput("input", TensorType(.f32, shape), open: [0])
    channels = shape[1]
  }

  private mutating func parameter(_ shape: Shape) -> Value {
    graph.addParameter(
      Parameter(path: "p\(graph.values.count)", role: .weight, initializer: .constant(0)), TensorType(.f32, shape))
  }
  mutating func conv(_ outputs: Int, _ kernel: Int, stride: Int = 1, pad: Int = 0) {
    let w = parameter([outputs, channels, kernel, kernel])
    let b = parameter([outputs])
    x =
      graph.add(
        Op.Conv.self, [x, w, b], ["strides": .ints([stride, stride]), "pads": .ints([Int](repeating: pad, count: 4))])[
        0]
    channels = outputs
    marks.append(x)
  }
  mutating func relu() { x = graph.add(Op.Relu.self, [x])[0] }
  mutating func pool(_ kernel: Int, _ stride: Int) {
    x =
      graph.add(Op.MaxPool.self, [x], ["kernel_shape": .ints([kernel, kernel]), "strides": .ints([stride, stride])])[0]
    marks.append(x)
  }
  mutating func dense(_ outputs: Int) {
    if graph[x].type.shape.rank != 2 { x = graph.add(Op.Flatten.self, [x])[0] }
    let inputs = graph.shape(x)[1]
    x = graph.add(Op.Gemm.self, [x, parameter([outputs, inputs]), parameter([outputs])], ["transB": .int(1)])[0]
  }
  func fields() -> [Int] {
    let all = graph.receptiveFields()
    return marks.map { all[$0]?.axes.last?.max ?? -1 }
  }
}

struct AnalysisTests {
  @Test func twoConvolutions() throws {
    // 32·26 + 64·(32·25 + 1) + 1025·10: a published count.
    var net = Net([4, 1, 28, 28])
    net.conv(32, 5)
    net.relu()
    net.pool(2, 2)
    net.conv(64, 5)
    net.pool(2, 2)
    net.dense(10)
    try net.graph.check()
    let found = net.graph.analysis()
    #expect(found.parameters == 62_346)
    #expect(found.parameterBytes == 4 * 62_346)
    #expect(found.batch == 4)
    let perExample = 24 * 24 * 32 * 25 + 8 * 8 * 64 * 800 + 1024 * 10
    #expect(found.multiplyAddsPerExample == perExample)
    #expect(found.total == Cost(multiplyAdds: 4 * perExample, biasAdds: 4 * (24 * 24 * 32 + 8 * 8 * 64 + 10)))
    // The pooling's indices do not count.
    let numbers = 4 * (2 * 24 * 24 * 32 + 12 * 12 * 32 + 8 * 8 * 64 + 2 * 1024 + 10)
    #expect(found.activationBytes == 4 * numbers)
    #expect(found.nodes.map(\.outputBytes).reduce(0, +) == found.activationBytes)
  }

  @Test func alexNet() throws {
    var net = Net([1, 3, 227, 227])
    net.conv(96, 11, stride: 4)
    net.pool(3, 2)
    net.conv(256, 5, pad: 2)
    net.pool(3, 2)
    net.conv(384, 3, pad: 1)
    net.conv(384, 3, pad: 1)
    net.conv(256, 3, pad: 1)
    net.pool(3, 2)
    #expect(net.fields() == [11, 19, 51, 67, 99, 131, 163, 195])
  }

  @Test(arguments: [([2, 2, 3, 3, 3], 212, 138_357_544), ([2, 2, 4, 4, 4], 268, 143_667_240)])
  func vgg(blocks: [Int], field: Int, parameters: Int) throws {
    var net = Net([1, 3, 224, 224])
    for (count, width) in zip(blocks, [64, 128, 256, 512, 512]) {
      for _ in 0..<count { net.conv(width, 3, pad: 1) }
      net.pool(2, 2)
    }
    let last = net.marks[net.marks.count - 1]
    #expect(net.fields().last == field)
    #expect(net.graph.receptiveFields()[last]?.axes.map(\.jump) == [32, 32])
    net.dense(4096)
    net.dense(4096)
    net.dense(1000)
    try net.graph.check()
    #expect(net.graph.analysis().parameters == parameters)
    #expect(net.graph.receptiveFields()[net.x]?.axes.map(\.max) == [224, 224], "a dense layer sees everything")
  }

  @Test func vgg16MultiplyAdds() {
    var net = Net([1, 3, 224, 224])
    for (count, width) in zip([2, 2, 3, 3, 3], [64, 128, 256, 512, 512]) {
      for _ in 0..<count { net.conv(width, 3, pad: 1) }
      net.pool(2, 2)
    }
    for width in [4096, 4096, 1000] { net.dense(width) }
    #expect(net.graph.analysis().multiplyAddsPerExample == 15_470_264_320)
  }

  @Test func pathsOfAResidualBlock() throws {
    var graph = Graph()
    let x = graph.addInput("input", f32(1, 1, 32, 32))
    let w = graph.addInput("w", f32(1, 1, 3, 3))
    let pads: Attributes = ["pads": .ints([1, 1, 1, 1])]
    let one = graph.add(Op.Conv.self, [x, w], pads)[0]
    let two = graph.add(Op.Conv.self, [one, w], pads)[0]
    let sum = graph.add(Op.Add.self, [two, x])[0]
    let after = graph.add(Op.Conv.self, [sum, w], pads)[0]
    // A gate that sees everything, beside the local path.
    let gate = graph.add(Op.ReduceMean.self, [after], ["axes": .ints([2, 3])])[0]
    let gated = graph.add(Op.Mul.self, [after, gate])[0]
    let last = graph.add(Op.Conv.self, [gated, w], pads)[0]
    try graph.check()
    let fields = graph.receptiveFields()
    func axis(_ value: Value) -> ReceptiveField.Axis? { fields[value]?.axes[0] }
    #expect(axis(sum).map { [$0.min, $0.max, $0.jump] } == [1, 5, 1])
    #expect(axis(after).map { [$0.min, $0.max, $0.jump] } == [3, 7, 1])
    #expect(axis(gate).map { [$0.min, $0.max, $0.jump] } == [32, 32, 32])
    #expect(axis(gated).map { [$0.min, $0.max, $0.jump] } == [3, 32, 1])
    #expect(axis(last).map { [$0.min, $0.max, $0.jump] } == [5, 32, 1])
  }

  @Test func openSizesCountNothing() {
    var graph = Graph()
    let x = graph.addInput("x", f32(nil, 3))
    graph.add(Op.Relu.self, [x])
    #expect(graph.analysis().total == .none)
    #expect(graph.analysis().activationBytes == 0)
  }

  @Test func hugeCountsDoNotOverflow() {
    var graph = Graph()
    let a = graph.addInput("a", f32(1 << 27, 1 << 27))
    let b = graph.addInput("b", f32(1 << 27, 1 << 27))
    graph.add(Op.Gemm.self, [a, b])
    #expect(graph.mistakes.isEmpty)
    #expect(graph.analysis().total.multiplyAdds == .max)
  }
}
