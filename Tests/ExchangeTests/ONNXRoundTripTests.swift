import Foundation
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// What is written is read again, computes the same and is written to the same bytes.
@Suite struct ONNXRoundTripTests {
  @Test(arguments: ["lenet5", "two-conv", "mnist-1d-conv", "mnist-1d-fc", "resnet20", "tdnn", "squeezenet1_1"])
  func aNetworkGoesOutAndComesBack(name: String) throws {
    guard let entry = Zoo.standard.entries.first(where: { $0.name == name }) else { return }
    let model = try Zoo.standard.model(name, seed: 3)
    let directory = try TemporaryDirectory()
    try ONNXFile.write(model, to: directory.file("first.onnx"))
    let again = try ONNXFile.read(directory.file("first.onnx"))
    try ONNXFile.write(again, to: directory.file("second.onnx"))
    let files = try ["first.onnx", "second.onnx"].map {
      try Data(contentsOf: URL(fileURLWithPath: directory.file($0)))
    }
    #expect(files[0] == files[1])
    #expect(again.preprocessing == model.preprocessing && again.classNames == model.classNames)
    #expect(again.name == model.name)
    // The largest of these takes a second by the reference loops.
    guard entry.input.shape.count < 20_000 else { return }
    let stream = RandomStream(seed: 5, purpose: "round trip")
    let shape = Shape([2] + entry.input.shape.dims)
    let input = try Tensor((0..<shape.count).map { Float(stream.normal(index: $0)) }, shape: shape)
    let before = try model.inEvaluation().answers(input)
    let after = try again.inEvaluation().answers(input)
    for (output, expected) in before {
      let (a, b) = (try #require(after[output]).array(of: Float.self), expected.array(of: Float.self))
      #expect(a == b, "\(output)")
    }
  }

  /// What Python wrote comes out the same twice, too: our names for parts of a node stay.
  @Test(arguments: ONNXReadingTests.networks) func aForeignNetworkIsWrittenTheSameTwice(name: String) throws {
    let directory = try TemporaryDirectory()
    let model = try ONNXFile.read(golden("onnx/\(name).onnx"))
    try ONNXFile.write(model, to: directory.file("first.onnx"))
    let again = try ONNXFile.read(directory.file("first.onnx"))
    try ONNXFile.write(again, to: directory.file("second.onnx"))
    let files = try ["first.onnx", "second.onnx"].map {
      try Data(contentsOf: URL(fileURLWithPath: directory.file($0)))
    }
    #expect(files[0] == files[1])
    let input = try SafetensorsFile(path: golden("onnx/\(name).safetensors")).tensor("x")
    let (before, after) = (try model.answers(input), try again.answers(input))
    #expect(before.count == after.count)
    for (output, expected) in before {
      let found = try #require(after[output])
      let worst = zip(found.array(of: Double.self), expected.array(of: Double.self)).map { abs($0 - $1) }.max() ?? 0
      #expect(worst <= 1e-5 * (expected.array(of: Double.self).map(abs).max() ?? 0), "\(output): \(worst)")
    }
  }
}

extension ONNXRoundTripTests {
  /// Cases whose nodes come back as others that compute the same.
  private static let otherwise: Set<String> = [
    "PRelu-computed", "BatchNormFold", "BatchNormFold-no-bias", "Im2Col", "LocallyConnected", "LocallyConnected-plain",
    "AdaptiveAveragePool-room", "AdaptiveAveragePool-depth", "GroupNormalization", "GroupNormalization-open",
    "GroupNormalization-half-open", "GroupNormalization-plain", "GroupNormalization-rows", "Clip-i32",
  ]
  /// Cases whose inputs share a batch, which a file cannot say: they are read for sizes, and come back without open ones.
  private static func isSized(_ name: String) -> Bool {
    ["LSTM-", "GRU-", "RNN-"].contains { name.hasPrefix($0) }
  }
  /// Cases that are nothing but an input, whose result is as large as nothing in the network, or whose sizes are read
  /// as fixed ones, since blocks of open extents are more than `Op.Reshape` can say, or whose batch cannot be 1, or that
  /// come back with factors and sizes, of which ONNX takes one.
  private static let notRead: Set<String> = [
    "AdaptiveAveragePool-9x8", "Dropout", "MaxUnpool-closed", "Crop-open-offset", "DepthToSpace-room",
    "SpaceToDepth-crd", "SpaceToDepth-room", "Gemm-scaled", "GatherND-shared", "Resize-crop",
  ]

  /// Every operator that is written, in all its cases: what is read computes the same, and is written the same again.
  @Test func everyOperatorComesBack() throws {
    let directory = try TemporaryDirectory()
    for one in try ONNXCase.all() where !ONNXRoundTripTests.notRead.contains(one.name) {
      try ONNXFile.write(one.model, to: directory.file("first.onnx"))
      let again: Model
      let sizes = ONNXRoundTripTests.isSized(one.name) ? one.inputs.mapValues(\.shape) : [:]
      do { again = try ONNXFile.read(directory.file("first.onnx"), sizes: sizes) } catch {
        Issue.record("\(one.name): \(error)")
        continue
      }
      let sized: Graph
      do { sized = try again.graph.specialized(to: one.inputs.mapValues(\.shape)) } catch {
        Issue.record("\(one.name), at its sizes: \(error)")
        continue
      }
      let copy = ONNXCase(
        name: one.name, op: one.op, model: Model(graph: sized, store: again.store), inputs: one.inputs)
      let (before, after) = (try one.outputs(), try copy.outputs())
      for (output, expected) in before {
        guard let found = after[output] else {
          Issue.record("\(one.name): \(output) is not there")
          continue
        }
        #expect(found.shape == expected.shape, "\(one.name)")
        let (a, b) = (found.array(of: Double.self), expected.array(of: Double.self))
        let largest = b.filter(\.isFinite).map(abs).max() ?? 0
        let isSame = zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) <= 1e-5 * largest }
        #expect(isSame, "\(one.name): \(output)")
      }
      do { try ONNXFile.write(again, to: directory.file("second.onnx")) } catch {
        Issue.record("\(one.name), again: \(error)")
        continue
      }
      let files = try ["first.onnx", "second.onnx"].map {
        try Data(contentsOf: URL(fileURLWithPath: directory.file($0)))
      }
      if let folder = ProcessInfo.processInfo.environment["FOVEA_ONNX_CASES"], files[0] != files[1] {
        try files[1].write(to: URL(fileURLWithPath: "\(folder)/\(one.name)/again.onnx"))
      }
      #expect(
        files[0] == files[1] || !sizes.isEmpty || ONNXRoundTripTests.otherwise.contains(one.name),
        "\(one.name) is written otherwise")
    }
  }
}

extension Model {
  /// Without dropout.
  fileprivate func inEvaluation() throws -> Model {
    Model(graph: try ChooseMode(mode: .inference).run(graph), store: store)
  }
}
