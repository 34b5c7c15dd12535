import Foundation
import FoveaGraphs
import FoveaTensors
import Testing

/// Numbers in nested lists of any depth, with the shape they have.
struct Nested: Decodable {
  let shape: Shape
  let values: [Double]

  init(from decoder: any Decoder) throws {
    let single = try decoder.singleValueContainer()
    if let number = try? single.decode(Double.self) {
      shape = .scalar
      values = [number]
    } else {
      let parts = try single.decode([Nested].self)
      shape = Shape([parts.count] + (parts.first?.shape.dims ?? []))
      values = parts.flatMap(\.values)
    }
  }
}

/// A file beside this one.
private func golden(_ name: String) throws -> Data {
  try Data(contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name)"))
}

/// What PyTorch computes; `Golden/make_golden.py` wrote the numbers.
struct GoldenTests {
  struct File: Decodable { let cases: [Case] }
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let op: String
    let attributes: [String: Setting]
    let inputs: [Entry?]
    let outputs: [Entry?]
    var testDescription: String { "\(op): \(name)" }
  }
  struct Entry: Decodable, Sendable {
    let type: String
    let shape: [Int]
    let values: [Double]
    var tensor: Tensor { doubles(values, Shape(shape)).converted(to: DType(rawValue: type) ?? .f64) }
  }
  struct Setting: Decodable, Sendable {
    let attribute: Attribute
    init(from decoder: any Decoder) throws {
      let single = try decoder.singleValueContainer()
      if let value = try? single.decode(Int.self) {
        attribute = .int(value)
      } else if let value = try? single.decode(Double.self) {
        attribute = .float(value)
      } else if let value = try? single.decode([Int].self) {
        attribute = .ints(value)
      } else if let value = try? single.decode([Double].self) {
        attribute = .floats(value)
      } else {
        attribute = .string(try single.decode(String.self))
      }
    }
  }

  static func cases() throws -> [Case] { try JSONDecoder().decode(File.self, from: golden("golden.json")).cases }

  @Test func allCasesAreThere() throws { #expect(try Self.cases().count == 163) }

  @Test(arguments: try GoldenTests.cases())
  func agreesWithPyTorch(_ item: Case) throws {
    let op = try #require(Registry.standard[item.op])
    let attributes = Attributes(item.attributes.mapValues(\.attribute))
    for dtype in [DType.f64, .f32] {
      let operands = item.inputs.map { $0.map { $0.type == "f64" ? $0.tensor.converted(to: dtype) : $0.tensor } }
      let found = try apply(op, operands, attributes)
      #expect(found.count == item.outputs.count)
      for (tensor, expected) in zip(found, item.outputs) {
        guard let expected else { continue }
        #expect(tensor.shape == Shape(expected.shape))
        let worst = difference(tensor.numbers, expected.values, least: 1e-3)
        #expect(worst < (dtype == .f64 ? 1e-9 : 3e-6), "\(dtype): \(worst)")
      }
    }
  }
}

/// Worked examples of university courses.
struct WorkedExampleTests {
  struct Example: Decodable, Sendable, CustomTestStringConvertible {
    let id: String
    let op: String
    var x: Nested?
    var w: Nested?
    var y: Nested
    var stride: Nested?
    var pad: Nested?
    var dilation: Nested?
    var outpad: Int?
    var k: Nested?
    var s: Int?
    var p: Nested?
    var d: Int?
    var n: Int?
    var cin: Int?
    var cout: Int?
    var widths: [Int]?
    var layers: [[Int]]?
    var z: [Double]?
    var label: Int32?
    var loss: Double?
    var eps: Double?
    var tol: Double?
    var testDescription: String { "\(id) \(op)" }
  }

  static func examples() throws -> [Example] {
    try golden("worked-examples.jsonl").split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Example.self, from: $0)
    }
  }

  @Test func allLinesAreThere() throws { #expect(Set(try Self.examples().map(\.id)).count == 51) }

  @Test(arguments: try WorkedExampleTests.examples())
  func answers(_ e: Example) throws {
    let found: [Double]
    switch e.op {
    case "xc1", "xc2", "xc2multi", "conv1full": found = try convolve(e)
    case "tconv1": found = try transposed(e)
    case "maxpool", "minpool":
      let x = try #require(e.x)
      let sign = e.op == "minpool" ? -1.0 : 1.0
      let k = [Int](repeating: Int(e.k?.values[0] ?? 1), count: 2)
      let y = try apply(
        Op.MaxPool.self, [doubles(x.values.map { $0 * sign }, Shape([1, 1] + x.shape.dims))],
        ["kernel_shape": .ints(k), "strides": .ints([e.s ?? 1, e.s ?? 1])])
      found = y[0].numbers.map { $0 * sign }
    case "meanpool", "l2pool":
      let x = try #require(e.x)
      let k = Int(e.k?.values[0] ?? 1)
      let op: any Operator.Type = e.op == "l2pool" ? Op.LpPool.self : Op.AveragePool.self
      found = try apply(
        op, [doubles(x.values, Shape([1, 1] + x.shape.dims))],
        ["kernel_shape": .ints([k, k]), "strides": .ints([e.s ?? 1, e.s ?? 1])])[0].numbers
    case "size":
      let pad = Int(e.p?.values[0] ?? 0)
      let (types, _) = infer(
        Op.Conv.self, [f32(1, 1, e.n ?? 0), f32(1, 1, Int(e.k?.values[0] ?? 0))],
        ["strides": .ints([e.s ?? 1]), "pads": .ints([pad, pad])])
      found = [Double(types[0].shape[2] ?? -1)]
    case "convparams":
      var graph = Graph()
      let shape = Shape([e.cout ?? 0, e.cin ?? 0] + (e.k?.values ?? []).map { Int($0) })
      _ = graph.addParameter(weight("w"), TensorType(.f32, shape))
      _ = graph.addParameter(weight("b"), TensorType(.f32, Shape([e.cout ?? 0])))
      found = [Double(graph.analysis().parameters)]
    case "denseparams":
      var graph = Graph()
      let widths = e.widths ?? []
      for (input, output) in zip(widths, widths.dropFirst()) {
        _ = graph.addParameter(weight("w"), TensorType(.f32, Shape([output, input])))
        _ = graph.addParameter(weight("b"), TensorType(.f32, Shape([output])))
      }
      found = [Double(graph.analysis().parameters)]
    case "field": found = fields(e.layers ?? [])
    case "softmax_ce_grad":
      let scores = doubles(e.z ?? [], [1, 3])
      let forward = try apply(Op.SoftmaxCrossEntropyLoss.self, [scores, ints([e.label ?? 0], [1])])
      #expect(abs(forward[0].numbers[0] - (e.loss ?? 0)) < 1e-6)
      found = try apply(
        Op.SoftmaxCrossEntropyLossBackward.self, [doubles([1], .scalar), forward[1], ints([e.label ?? 0], [1])])[0]
        .numbers
    case "batchnorm":
      let x = e.x?.values ?? []
      found = try apply(
        Op.BatchNormalization.self,
        [doubles(x, [x.count, 1]), doubles([1], [1]), doubles([0], [1]), doubles([0], [1]), doubles([1], [1])],
        ["epsilon": .float(e.eps ?? 0), "training_mode": .int(1)])[0].numbers
    case "convmatrix": found = try matrix(e)
    default:
      Issue.record("nothing answers \(e.op)")
      return
    }
    let expected = e.y.values
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) <= (e.tol ?? 0), "\(found) ≠ \(expected)") }
  }

  private func weight(_ path: String) -> Parameter { Parameter(path: path, role: .weight, initializer: .constant(0)) }

  private func list(_ nested: Nested?, _ axes: Int, _ value: Int) -> [Int] {
    guard let nested else { return [Int](repeating: value, count: axes) }
    return nested.values.count == axes
      ? nested.values.map { Int($0) } : [Int](repeating: Int(nested.values[0]), count: axes)
  }

  private func convolve(_ e: Example) throws -> [Double] {
    let x = try #require(e.x)
    let w = try #require(e.w)
    let axes = e.op == "xc1" || e.op == "conv1full" ? 1 : 2
    // Several channels stand first; a single picture has none written.
    let lead = e.op == "xc2multi" ? [1] : [1, 1]
    var pads = list(e.pad, axes, 0)
    var kernel = w.values
    if e.op == "conv1full" {
      // The mathematicians' convolution: the kernel turned around, every overlap counted.
      kernel.reverse()
      pads = [kernel.count - 1]
    }
    return try apply(
      Op.Conv.self, [doubles(x.values, Shape(lead + x.shape.dims)), doubles(kernel, Shape(lead + w.shape.dims))],
      [
        "strides": .ints(list(e.stride, axes, 1)), "dilations": .ints(list(e.dilation, axes, 1)),
        "pads": .ints(pads + pads),
      ])[0].numbers
  }

  private func transposed(_ e: Example) throws -> [Double] {
    let x = try #require(e.x)
    let w = try #require(e.w)
    let pad = list(e.pad, 1, 0)[0]
    return try apply(
      Op.ConvTranspose.self, [doubles(x.values, [1, 1, x.values.count]), doubles(w.values, [1, 1, w.values.count])],
      [
        "strides": .ints(list(e.stride, 1, 1)), "pads": .ints([pad, pad]), "output_padding": .ints([e.outpad ?? 0]),
      ])[0].numbers
  }

  /// The matrix of a convolution, column by column: what it does to each unit vector.
  private func matrix(_ e: Example) throws -> [Double] {
    let n = e.n ?? 0
    let k = Int(e.k?.values[0] ?? 0)
    let pad = Int(e.p?.values[0] ?? 0)
    var unit = [Double](repeating: 0, count: n * n)
    for index in 0..<n { unit[index * n + index] = 1 }
    let y = try apply(
      Op.Conv.self, [doubles(unit, [n, 1, n]), doubles((1...k).map { Double($0) }, [1, 1, k])],
      [
        "strides": .ints([e.s ?? 1]), "pads": .ints([pad, pad]), "dilations": .ints([e.d ?? 1]),
      ])[0]
    let rows = y.shape[2]
    let columns = y.numbers
    return (0..<(rows * n)).map { columns[$0 % n * rows + $0 / n] }
  }

  private func fields(_ layers: [[Int]]) -> [Double] {
    var graph = Graph()
    var x = graph.addInput("input", TensorType(.f32, Shape([1, 1, 1000])))
    var values: [Value] = []
    for layer in layers {
      let w = graph.addParameter(weight("w"), TensorType(.f32, Shape([1, 1, layer[0]])))
      x = graph.add(Op.Conv.self, [x, w], ["strides": .ints([layer[1]]), "dilations": .ints([layer[2]])])[0]
      values.append(x)
    }
    let fields = graph.receptiveFields()
    return values.map { Double(fields[$0]?.axes[0].max ?? -1) }
  }
}
