import Foundation
import FoveaExchange
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// Networks as other programs write them, and old forms of operators.
@Suite struct ONNXReadingTests {
  static let networks =
    ["residual", "inverted", "unet", "dense", "mixed"].flatMap { ["torch-\($0)-script", "torch-\($0)-dynamo"] }
    + ["keras-opset9", "keras-opset17"]

  @Test(arguments: networks) func answersAsONNXRuntimeDoes(name: String) throws {
    let model = try ONNXFile.read(golden("onnx/\(name).onnx"))
    let file = try SafetensorsFile(path: golden("onnx/\(name).safetensors"))
    let answers = try model.answers(try file.tensor("x"))
    #expect(Set(answers.keys).union(["x"]) == Set(file.names))
    for (output, answer) in answers {
      let expected = try file.tensor(output)
      #expect(answer.shape == expected.shape)
      let (ours, theirs) = (answer.array(of: Double.self), expected.array(of: Double.self))
      let largest = theirs.map(abs).max() ?? 0
      let worst = zip(ours, theirs).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst <= 1e-5 * largest, "\(output): \(worst) of \(largest)")
    }
  }

  @Test(arguments: ["script", "dynamo"]) func aMapNetworkRunsAtOtherSizes(exporter: String) throws {
    let model = try ONNXFile.read(golden("onnx/torch-unet-\(exporter).onnx"))
    for (height, width) in [(16, 24), (32, 16), (50, 38)] {
      let answers = try model.answers(Tensor(zeros: [3, 1, height, width]))
      #expect(answers.values.first?.shape == [3, 2, height, width])
    }
  }

  @Test func aBatchThatTheFileFixesIsOpened() throws {
    var file = ONNXBytes()
    file.input("x", [1, 1, 2, 2])
    file.ints("shape", [1, 4])
    file.floats("w", [4, 1], [1, 2, 3, 4])
    file.node("Reshape", ["x", "shape"], ["rows"])
    file.node("MatMul", ["rows", "w"], ["y"])
    file.output("y")
    let model = try file.model(TemporaryDirectory())
    #expect(try model.numbers([1, 1, 1, 1, 0, 0, 0, 2], [2, 1, 2, 2]) == [10, 8])
  }

  @Test func aBatchStaysWhereTheNetworkMixesExamples() throws {
    var file = ONNXBytes()
    file.input("x", [1, 4])
    file.ints("shape", [2, 2])
    file.node("Reshape", ["x", "shape"], ["y"])
    file.output("y")
    let model = try file.model(TemporaryDirectory())
    #expect(try model.numbers([1, 2, 3, 4], [1, 4]) == [1, 2, 3, 4])
    #expect(throws: GraphError.self) { try model.numbers([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]) }
  }

  /// Computed shapes follow open sizes: the picture's own size, halved and written as columns.
  @Test func computedShapesStayOpen() throws {
    var file = ONNXBytes()
    file.input("x", [nil, 1, nil, nil])
    file.node("Shape", ["x"], ["s"])
    file.ints("zero", [0])
    file.ints("one", [1])
    file.ints("two", [2])
    file.ints("all", [-1])
    file.node("Gather", ["s", "zero"], ["n"])
    file.node("Concat", ["n", "all"], ["wanted"], ["axis": .int(0)])
    file.node("Reshape", ["x", "wanted"], ["rows"])
    file.node("Slice", ["rows", "zero", "all", "one"], ["but the last"])
    file.node("Slice", ["but the last", "one", "far", "one"], ["y"])
    file.ints("far", [.max])
    file.output("y")
    let model = try file.model(TemporaryDirectory())
    #expect(try model.numbers(Array(1...6).map(Float.init), [1, 1, 2, 3]) == [2, 3, 4, 5])
    #expect(try model.numbers(Array(1...8).map(Float.init), [2, 1, 2, 2]) == [2, 3, 6, 7])
  }

  @Test(arguments: [7, 9, 10, 11]) func upsamplingOfAllAges(opset: Int) throws {
    var file = ONNXBytes()
    file.opset = Int64(opset)
    file.input("x", [nil, 1, 1, 2])
    file.floats("scales", [4], [1, 1, 1, 2])
    file.floats("roi", [0], [])
    switch opset {
    case 7: file.node("Upsample", ["x"], ["y"], ["scales": .floats([1, 1, 1, 2]), "mode": .string("nearest")])
    case 9: file.node("Upsample", ["x", "scales"], ["y"], ["mode": .string("linear")])
    case 10: file.node("Resize", ["x", "scales"], ["y"], ["mode": .string("nearest")])
    default:
      file.node(
        "Resize", ["x", "roi", "scales"], ["y"],
        ["mode": .string("linear"), "coordinate_transformation_mode": .string("align_corners")])
    }
    file.output("y")
    let expected: [Float] =
      switch opset {
      case 9: [1, 2.5, 4, 4]
      case 11: [1, 2, 3, 4]
      default: [1, 1, 4, 4]
      }
    #expect(try file.model(TemporaryDirectory()).numbers([1, 4], [1, 1, 1, 2]) == expected)
  }

  /// Before opset 13 softmax took everything from its axis on as one.
  @Test func oldSoftmaxFlattens() throws {
    for (opset, expected) in [(12, [Float](repeating: 0.25, count: 4)), (13, [0.5, 0.5, 0.5, 0.5])] {
      var file = ONNXBytes()
      file.opset = Int64(opset)
      file.input("x", [1, 2, 2])
      file.node("Softmax", ["x"], ["y"], ["axis": .int(1)])
      file.output("y")
      #expect(try file.model(TemporaryDirectory()).numbers([3, 3, 3, 3], [1, 2, 2]) == expected)
    }
  }

  @Test func attributesThatBecameInputs() throws {
    for opset in [10, 11] {
      var file = ONNXBytes()
      file.opset = Int64(opset)
      file.input("x", [1, 3])
      if opset == 10 {
        file.node("Clip", ["x"], ["c"], ["min": .float(-1), "max": .float(1)])
        file.node("Pad", ["c"], ["p"], ["pads": .ints([0, 1, 0, 0]), "value": .float(9)])
        file.node("Unsqueeze", ["p"], ["u"], ["axes": .ints([0])])
        file.node("Squeeze", ["u"], ["y"], ["axes": .ints([0])])
      } else {
        file.opset = 13
        file.floats("low", [], [-1])
        file.floats("high", [], [1])
        file.ints("pads", [0, 1, 0, 0])
        file.floats("nine", [], [9])
        file.ints("axes", [0])
        file.node("Clip", ["x", "low", "high"], ["c"])
        file.node("Pad", ["c", "pads", "nine"], ["p"])
        file.node("Unsqueeze", ["p", "axes"], ["u"])
        file.node("Squeeze", ["u", "axes"], ["y"])
      }
      file.output("y")
      #expect(try file.model(TemporaryDirectory()).numbers([-5, 0.5, 5], [1, 3]) == [9, -1, 0.5, 1])
    }
  }

  /// Every way of storing the numbers 1, 2, 3.
  @Test func storedNumbersOfEveryType() throws {
    typealias Content = (inout ProtobufWriter) -> Void
    func raw<T: FixedWidthInteger>(_ values: [T]) -> Content {
      { writer in writer.bytes(9, values.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }) }
    }
    let forms: [(type: Int64, content: Content)] = [
      (1, { $0.packed(4, [1, 2, 3] as [Float]) }), (1, raw([Float(1), 2, 3].map(\.bitPattern))),
      (11, { $0.packed(10, [1, 2, 3] as [Double]) }), (11, raw([1.0, 2, 3].map(\.bitPattern))),
      (10, raw([0x3c00, 0x4000, 0x4200] as [UInt16])), (10, { $0.packed(5, [0x3c00, 0x4000, 0x4200] as [Int64]) }),
      (16, raw([0x3f80, 0x4000, 0x4040] as [UInt16])),
      (6, { $0.packed(5, [1, 2, 3] as [Int64]) }), (7, { $0.packed(7, [1, 2, 3] as [Int64]) }),
      (7, raw([1, 2, 3] as [Int64])),
      (3, raw([1, 2, 3] as [Int8])), (2, raw([1, 2, 3] as [UInt8])), (4, raw([1, 2, 3] as [UInt16])),
      (12, raw([1, 2, 3] as [UInt32])), (13, raw([1, 2, 3] as [UInt64])),
    ]
    for (index, form) in forms.enumerated() {
      var file = ONNXBytes()
      file.input("x", [1, 3])
      file.tensor("w", [3], type: form.type, form.content)
      file.node("Cast", ["w"], ["f"], ["to": .int(1)])
      file.node("Mul", ["x", "f"], ["y"])
      file.output("y")
      let numbers = try file.model(TemporaryDirectory()).numbers([1, 10, 100], [1, 3])
      #expect(numbers == [1, 20, 300], "form \(index), type \(form.type)")
    }
  }

  @Test func whatIsLearnedKeepsItsName() throws {
    let model = try ONNXFile.read(golden("onnx/torch-mixed-script.onnx"))
    #expect(model.graph.parameters.contains { $0.parameter.path == "conv.weight" && $0.parameter.trainable })
    #expect(model.graph.parameters.contains { $0.parameter.path == "layer.bias" })
  }
}
