import Foundation
import Fovea
import Testing

private let shared = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared").path

/// Trained networks in ONNX files against the outputs that ONNX Runtime gives for them.
@Suite(.enabled(if: FileManager.default.fileExists(atPath: shared + "/models"), "no ../shared/models here"))
struct ONNXModelTests {
  /// What a `.ref.json` says.
  struct Reference: Decodable {
    struct Part: Decodable {
      let name: String
      let shape: [Int]
      let file: String
    }
    let model: String
    let input: Part
    let outputs: [Part]
  }

  static func tensor(_ part: Reference.Part, _ folder: String) throws -> Tensor {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(shared)/models/\(folder)/\(part.file)"))
    let numbers = data.withUnsafeBytes { bytes in
      (0..<data.count / 4).map {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
      }
    }
    return try Tensor(numbers, shape: Shape(part.shape))
  }

  @Test(arguments: [
    ("resnet-cifar10", "resnet20-12fca82f"), ("resnet-cifar10", "resnet56-4bfd9763"),
    ("retina-unet", "retina_unet_kernels_flipped"), ("squeezenet1.0", "squeezenet_v1.0_decoded"),
    ("ultraface", "version-RFB-320_simplified"),
  ])
  func answersAsTheReferenceDoes(folder: String, name: String) async throws {
    let json = try Data(contentsOf: URL(fileURLWithPath: "\(shared)/models/\(folder)/\(name).ref.json"))
    let reference = try JSONDecoder().decode(Reference.self, from: json)
    let model = try ONNXFile.read("\(shared)/models/\(folder)/\(reference.model)")
    let input = try ONNXModelTests.tensor(reference.input, folder)
    let answers = try await Predictor(model, device: .cpu(threads: 2)).run([reference.input.name: input])
    #expect(answers.count == reference.outputs.count)
    for part in reference.outputs {
      let expected = try ONNXModelTests.tensor(part, folder).array(of: Double.self)
      let found = try #require(answers[part.name]).array(of: Double.self)
      let largest = expected.map(abs).max() ?? 0
      let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(found.count == expected.count && worst <= 1e-4 * largest, "\(part.name): \(worst) of \(largest)")
    }
  }

  @Test func theRetinaNetworkRunsAtThreeSizes() async throws {
    let model = try ONNXFile.read("\(shared)/models/retina-unet/retina_unet_kernels_flipped.onnx")
    let predictor = Predictor(model, device: .cpu(threads: 2))
    for (height, width) in [(64, 64), (48, 96), (128, 100)] {
      let input = Tensor(zeros: [2, 1, height, width])
      let answer = try #require(try await predictor.run(["input": input])["output"])
      #expect(answer.shape == [2, 2, height, width])
      // Vessel or not: two shares of one.
      let shares = answer.array(of: Float.self)
      let places = height * width
      #expect((0..<places).allSatisfy { abs(shares[$0] + shares[places + $0] - 1) < 1e-5 })
    }
  }

  /// As many faces as the files that came with the network say, with one more or less: scores near the threshold
  /// depend on how a picture is shrunk.
  @Test func ultraFaceFindsFaces() async throws {
    let model = try ONNXFile.read("\(shared)/models/ultraface/version-RFB-320_simplified.onnx")
      .with(
        preprocessing: Preprocessing(
          size: [240, 320], mean: [Double](repeating: 127.0 / 255, count: 3),
          std: [Double](repeating: 128.0 / 255, count: 3), antialias: false))
    let predictor = Predictor(model, device: .cpu(threads: 2))
    for (name, count) in [("1", 46), ("2", 19), ("3", 25)] {
      let picture = try ImageDecoder.decode(path: "\(shared)/models/ultraface/\(name).jpg")
      let input = try model.preprocessing.tensor(of: picture)
      let answers = try await predictor.run(["input": input.reshaped(to: Shape([1] + input.shape.dims))])
      let scores = try #require(answers["scores"]).array(of: Float.self)
      let corners = try #require(answers["boxes"]).array(of: Float.self)
      let found = (0..<scores.count / 2).map { index in
        Detection(
          box: Box(
            left: Double(corners[index * 4]), top: Double(corners[index * 4 + 1]),
            right: Double(corners[index * 4 + 2]), bottom: Double(corners[index * 4 + 3])),
          classIndex: 0, score: Double(scores[index * 2 + 1]))
      }
      let faces = nonMaximumSuppression(found, by: Suppression(overlap: 0.5, score: 0.94))
      #expect(abs(faces.count - count) <= 1, "picture \(name): \(faces.count) faces")
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: shared + "/data/mnist"), "no ../shared/data/mnist here"))
  func theOldMNISTNetworkIsRightAsOftenAsItWas() async throws {
    let model = try ONNXFile.read("\(shared)/models/mnist-onnx/cntk-mnist.onnx")
      .with(preprocessing: Preprocessing(channels: .gray, size: [28, 28], std: [1.0 / 255]))
    let evaluation = try await model.evaluate(
      on: DatasetSource.parse("mnist:\(shared)/data/mnist"), device: .cpu(threads: 1))
    #expect(evaluation.examples == 10_000)
    #expect(abs(evaluation.top1 - 0.9891) < 1e-4)
  }
}
