import Foundation
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// Model files of every format that was ever released can be read, and compute what they did.
///
/// Golden/Models has one small file of each format. When the format changes, `FOVEA_MODEL_OUT=DIR` writes one of the new
/// format (`aFileOfTodaysFormat`), and `make_models.py` computes with PyTorch what it must answer.
@Suite struct ModelVersionTests {
  /// The network of the golden files: most of what a graph can hold.
  private func network() throws -> Model {
    let model = try Model(
      input: .picture(channels: 2, height: 8, width: 8), classes: ["cat", "dog \"ü\"", "ox"], seed: 4,
      preprocessing: Preprocessing(channels: .bgr, resize: 9, size: [8, 8], mean: [0.1, 0.25], std: [0.5, 2]),
      name: "versions"
    ) {
      Conv2D(4, kernel: 3, padding: .explicit(before: [1, 0], after: [1, 2]), bias: false).named("conv")
      BatchNorm().named("bn")
      ReLU().tap("features")
      Add {
        Conv2D(4, kernel: 1, groups: 2).named("side")
        Identity()
      }
      MaxPool2D(4)
      Flatten()
      Dropout(0.3).named("drop")
      Dense(3).named("fc")
      Softmax()
    }
    for (path, values) in [
      ("bn.running_mean", [0.1, -0.2, 0.3, -0.4]), ("bn.running_var", [0.5, 1, 1.5, 2]),
      ("bn.weight", [1, -1, 0.5, 2]), ("bn.bias", [0.25, 0, -0.25, 0.5]),
    ] as [(String, [Float])] { try model.store.set(path, to: Tensor(values)) }
    return model
  }

  private func input() throws -> Tensor {
    try Tensor((0..<256).map { Float($0 * 37 % 101) / 50 - 1 }, shape: [2, 2, 8, 8])
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["FOVEA_MODEL_OUT"] != nil))
  func aFileOfTodaysFormat() throws {
    let directory = ProcessInfo.processInfo.environment["FOVEA_MODEL_OUT"] ?? ""
    try network().save(to: "\(directory)/format-1.safetensors")
    try input().writeNPY(to: "\(directory)/input.npy")
  }

  @Test(arguments: [1]) func everyFormatIsReadAndComputesTheSame(_ format: Int) throws {
    let model = try ModelFile.read(golden("Models/format-\(format).safetensors"))
    let today = try network()
    #expect(model.graph.lines == today.graph.lines)
    #expect(model.classNames == today.classNames && model.preprocessing == today.preprocessing)
    #expect(model.name == today.name && model.detection.isEmpty)
    let input = try Tensor(npy: golden("Models/input.npy"))
    #expect(input.isIdentical(to: try self.input()))
    let graph = try model.graph.specialized(to: ["input": input.shape])
    var feeds = [graph.inputs[0]: input]
    for (value, parameter) in graph.parameters + graph.states { feeds[value] = try model.store.tensor(parameter.path) }
    let results = try Interpreter.run(graph, feeds)
    for output in ["output", "features"] {
      let expected = try Tensor(npy: golden("Models/format-\(format)-\(output).npy"))
      let found = try #require(graph.output(output).flatMap { results[$0] })
      #expect(found.shape == expected.shape)
      for (a, b) in zip(found.array(of: Double.self), expected.array(of: Double.self)) { #expect(abs(a - b) < 1e-5) }
    }
  }

  @Test func aNewerFormatIsRefused() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("new.safetensors")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: golden("Models/format-1.safetensors")))
    let place = try #require(bytes.firstRange(of: Data(#"format\":1"#.utf8)))
    bytes[place.upperBound - 1] = UInt8(ascii: "2")
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: ModelFileError.self) { try ModelFile.read(path) }
    #expect(
      error?.description
        == "\(path): its network is in format 2, this program knows formats up to 1; use a newer fovea")
  }
}
