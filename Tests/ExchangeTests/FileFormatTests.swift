import Foundation
import FoveaExchange
import FoveaExecution
import FoveaLayers
import FoveaTensors
import Testing

/// Files are what stands in them, whatever they are called, and names lose what wrappers have put before them.
struct FileFormatTests {
  private func network() throws -> Model {
    try Model(input: [1, 3, 3]) {
      Conv2D(2, kernel: 3).named("conv")
      Flatten()
      Dense(3).named("fc")
    }
  }

  @Test func formatsAreToldByContent() throws {
    let directory = try TemporaryDirectory()
    func copy(_ name: String, as other: String) throws -> String {
      let path = directory.file(other)
      try FileManager.default.copyItem(atPath: golden(name), toPath: path)
      return path
    }
    #expect(try FileFormat(of: copy("python.safetensors", as: "a.pth")) == .safetensors)
    #expect(try FileFormat(of: copy("python.safetensors", as: "a.onnx")) == .safetensors)
    #expect(try FileFormat(of: copy("PyTorch/types.pth", as: "b.safetensors")) == .pytorch)
    #expect(try FileFormat(of: copy("PyTorch/old.pth", as: "c.bin")) == .pytorch)
    #expect(try FileFormat(of: copy("Darknet/classifier.cfg", as: "d.txt")) == .darknet)
    let names = try FileManager.default.contentsOfDirectory(atPath: golden("onnx"))
    for name in names where name.hasSuffix(".onnx") {
      #expect(try FileFormat(of: copy("onnx/\(name)", as: "\(name).pb")) == .onnx, "\(name)")
    }
    // What says nothing goes by its name, so that the reader it was meant for says what is wrong.
    for (name, format) in [("x.onnx", FileFormat.onnx), ("x.pt", .pytorch), ("x.weights", .darknetWeights)] {
      let path = directory.file(name)
      try Data([0, 1, 2, 3]).write(to: URL(fileURLWithPath: path))
      #expect(try FileFormat(of: path) == format)
    }
    let other = directory.file("x.dat")
    try Data().write(to: URL(fileURLWithPath: other))
    #expect(try FileFormat(of: other) == nil)
    #expect(throws: TensorError.self) { try FileFormat(of: directory.file("nothing.onnx")) }
  }

  @Test func weightsInAnyNamesOpen() throws {
    let directory = try TemporaryDirectory()
    let model = try network()
    let path = directory.file("weights.pth")
    try Safetensors.write(try model.parameterTensors().map { (name: $0.path, tensor: $0.tensor) }, to: path)
    #expect(try ModelFile.loadWeights(path, into: try network()).isEmpty)
    let onnx = directory.file("network.safetensors")
    try FileManager.default.copyItem(atPath: golden("onnx/torch-dense-script.onnx"), toPath: onnx)
    let error = #expect(throws: ModelFileError.self) { try ModelFile.loadWeights(onnx, into: model) }
    #expect(error?.description.contains("is in the format of ONNX or darknet") == true)
  }

  @Test(arguments: [
    "module.", "_orig_mod.", "model.", "net.", "backbone.", "encoder.", "module._orig_mod.", "state_dict.model.net.",
    "anything.0.else.",
  ])
  func prefixesComeOff(prefix: String) throws {
    let directory = try TemporaryDirectory()
    let model = try network()
    let tensors = try model.parameterTensors().map { (name: prefix + $0.path, tensor: $0.tensor) }
    let counter = (name: prefix + "bn.num_batches_tracked", tensor: Tensor(zeros: .scalar, dtype: .i64))
    let path = directory.file("weights.safetensors")
    try Safetensors.write(tensors + [counter], to: path)
    let other = try network()
    #expect(
      try ModelFile.loadWeights(path, into: other) == [
        "takes \"\(prefix)\" off the names, which a wrapper around the network has put there"
      ])
    for (own, tensor) in try other.parameterTensors() {
      #expect(tensor.isIdentical(to: try model.store.tensor(own)), "\(own)")
    }
  }

  /// One name without the beginning, or a network of another shape: then all is said as it stands in the file.
  @Test func whatDoesNotFitIsSaid() throws {
    let directory = try TemporaryDirectory()
    let model = try network()
    var tensors = try model.parameterTensors().map { (name: "model." + $0.path, tensor: $0.tensor) }
    tensors[0].name = "conv.weight"
    let path = directory.file("weights.safetensors")
    try Safetensors.write(tensors, to: path)
    let error = #expect(throws: ModelFileError.self) { try ModelFile.loadWeights(path, into: try network()) }
    #expect(error?.description.contains("\"model.fc.bias\"") == true)
    // Beside the whole network something else: it is not passed over in silence.
    tensors[0].name = "model.conv.weight"
    try Safetensors.write(tensors + [(name: "head.weight", tensor: Tensor(zeros: [2]))], to: path)
    let second = #expect(throws: ModelFileError.self) { try ModelFile.loadWeights(path, into: try network()) }
    #expect(second?.description.contains("\"head.weight\"") == true)
    #expect(second?.description.contains("fc.bias") == false)
  }
}
