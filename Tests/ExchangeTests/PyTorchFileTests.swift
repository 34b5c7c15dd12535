import Foundation
import FoveaExchange
import FoveaExecution
import FoveaLayers
import FoveaTensors
import Testing

/// Files that `make_pytorch.py` made with PyTorch.
@Suite struct PyTorchFileTests {
  private func open(_ name: String) throws -> PyTorchFile { try PyTorchFile(path: golden("PyTorch/\(name)")) }

  @Test(arguments: ["types.pth", "protocol4.pth"]) func everyTypeOfElement(_ name: String) throws {
    let numbers: [Int64] = [0, 1, -2, 3, 100, -128]
    let quarters = try Tensor(numbers.map { Float($0) / 4 }, shape: [2, 3])
    let expected: [(name: String, tensor: Tensor)] = [
      ("f64", try Tensor(numbers.map { Double($0) / 3 }, shape: [2, 3])),
      ("f32", try Tensor(numbers.map { Float($0) / 3 }, shape: [2, 3])),
      ("f16", quarters.converted(to: .f16)), ("bf16", quarters.converted(to: .bf16)),
      ("i64", Tensor(numbers.map { $0 * 1_000_000_000_000 })), ("i32", Tensor(numbers.map { Int32($0) * 1_000_000 })),
      ("i16", Tensor(numbers.map { Int16($0) * 100 })), ("i8", Tensor(numbers.map { Int8($0) })),
      ("u8", Tensor([0, 1, 127, 128, 255] as [UInt8])), ("bool", Tensor([true, false, true])),
      ("empty", Tensor(zeros: [0, 4])), ("scalar", Tensor(scalar: 2.5 as Float)),
    ]
    let file = try open(name)
    #expect(file.names == expected.map(\.name))
    #expect(file.remarks.isEmpty && file.metadata.isEmpty)
    for (name, tensor) in expected {
      #expect(try file.tensor(name).isIdentical(to: tensor), "\(name)")
      #expect(file.shape(of: name) == tensor.shape && file.dtype(of: name) == tensor.dtype)
    }
    #expect(throws: PyTorchFileError.noSuchTensor(path: file.path, name: "f63", nearest: "f64", count: 12)) {
      try file.tensor("f63")
    }
  }

  @Test func viewsComeInOrder() throws {
    let text = try Data(contentsOf: URL(fileURLWithPath: golden("PyTorch/views.json")))
    let views = try #require(try JSONSerialization.jsonObject(with: text) as? [String: [String: Any]])
    let file = try open("views.pth")
    #expect(Set(file.names) == Set(views.keys))
    for (name, view) in views {
      let tensor = try file.tensor(name)
      #expect(tensor.shape.dims == view["shape"] as? [Int], "\(name)")
      #expect(tensor.array(of: Double.self) == (view["values"] as? [Double]), "\(name)")
    }
  }

  /// Two names for one storage share its pages, and nothing is copied.
  @Test func tensorsInOrderAreViewsOfTheFile() throws {
    let file = try open("views.pth")
    let whole = try file.tensor("whole").withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    let row = try file.tensor("row").withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    #expect(row == whole + UInt((1 * 12 + 2 * 4) * 4))
    #expect(whole % 64 == 0)
  }

  /// The format before PyTorch 1.6, with and without the parts of storages that it knew.
  @Test(arguments: ["old-types.pth", "old-views.pth"])
  func filesFromBeforeOneDotSix(_ name: String) throws {
    let (old, new) = (try open(name), try open(String(name.dropFirst("old-".count))))
    #expect(old.names == new.names)
    for name in new.names { #expect(try old.tensor(name).isIdentical(to: new.tensor(name)), "\(name)") }
  }

  @Test func whatPythonTwoSaved() throws {
    let file = try open("old-python2.pth")
    #expect(file.names == ["conv.weight", "conv.bias"])
    #expect(try file.tensor("conv.weight").array(of: Float.self) == [2, 3, 4, 5])
    #expect(try file.tensor("conv.weight").shape == [2, 2])
    #expect(try file.tensor("conv.bias").array(of: Int64.self) == [7, 8, 9])
  }

  /// A storage that ends behind the file, a list of storages that is not the tensors', another version, a tar archive.
  @Test func damagedOldFiles() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: golden("PyTorch/old-python2.pth"))))
    func problem(_ change: (inout [UInt8]) -> Void) -> PyTorchProblem? {
      var bytes = bytes
      change(&bytes)
      do throws(PyTorchFileError) {
        let storage = TensorStorage(byteCount: bytes.count)
        storage.base.copyMemory(from: bytes, byteCount: bytes.count)
        _ = try PyTorchFile(path: "x", storage: storage)
        return nil
      } catch {
        guard case .malformed(_, let problem) = error else { return nil }
        return problem
      }
    }
    func replace(_ old: String, _ new: String, _ bytes: inout [UInt8]) {
      let (old, new) = (Array(old.utf8), Array(new.utf8))
      guard let at = bytes.indices.last(where: { bytes[$0...].starts(with: old) }) else { return }
      bytes.replaceSubrange(at..<(at + old.count), with: new)
    }
    #expect(problem { _ in } == nil)
    if case .storageCutOff? = problem({ $0.removeLast() }) {} else { Issue.record("cut off") }
    #expect(problem { replace("bias-key", "bios-key", &$0) } == .storageKeys)
    #expect(
      problem { bytes in
        if let at = bytes[16...].firstIndex(of: 0x4d) { bytes[at + 1] = 0 }
      } == .legacyVersion)
    for length in stride(from: 16, to: bytes.count, by: 3) {
      #expect(problem { $0.removeLast($0.count - length) } != nil, "\(length) of \(bytes.count) bytes")
    }
  }

  static let keys = [
    "conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked",
    "fc.weight", "fc.bias",
  ]

  @Test func aCheckpointIsTheStateDictInIt() throws {
    let file = try open("checkpoint.pth")
    #expect(file.names == PyTorchFileTests.keys.map { "module." + $0 })
    #expect(
      file.remarks == [
        #"takes the tensors under "state_dict" and leaves out "epoch", "optimizer", "best", "arch", "big" and 2 more"#
      ])
    #expect(try file.tensor("module.fc.weight").array(of: Float.self) == (0..<6).map { Float($0) / 8 })
    #expect(try file.tensor("module.bn.num_batches_tracked").array(of: Int64.self) == [1])
    let two = try open("two.pth")
    #expect(two.names == PyTorchFileTests.keys)
    #expect(two.remarks == [#"takes the tensors under "model" and leaves out "ema""#])
  }

  /// The checkpoint's network, as layers.
  private func network(_ classes: Int) throws -> Model {
    try Model(input: [1, 3, 3]) {
      Conv2D(2, kernel: 3).named("conv")
      BatchNorm().named("bn")
      Flatten()
      Dense(classes).named("fc")
    }
  }

  @Test func weightsLoadIntoANetwork() throws {
    let path = golden("PyTorch/checkpoint.pth")
    let model = try network(3)
    #expect(try ModelFile.loadWeights(path, into: model).count == 2)
    #expect(try model.store.tensor("conv.weight").array(of: Float.self) == (0..<18).map { Float($0) / 8 })
    let error = #expect(throws: ModelFileError.self) { try ModelFile.loadWeights(path, into: try network(4)) }
    #expect(
      error?.description
        == "the tensors of \(path) do not fit the network:\n  misshaped (2):\n"
        + "    \"fc.weight\": f32[3×2], but the network takes f32[4×2]\n"
        + "    \"fc.bias\": f32[3], but the network takes f32[4]")
  }

  @Test func aFileWithoutANetworkIsNone() throws {
    let path = golden("PyTorch/checkpoint.pth")
    #expect(try !ModelFile.hasGraph(path))
    let error = #expect(throws: ModelFileError.self) { try ModelFile.read(path) }
    #expect(error?.description.contains("holds 9 tensors but no network; name the network") == true)
    #expect(try PretrainedWeights.networks(fitting: path).isEmpty)
    let directory = try TemporaryDirectory()
    let lenet = try Zoo.standard.model("lenet5", classes: 7)
    let file = directory.file("lenet.safetensors")
    try Safetensors.write(try lenet.parameterTensors().map { (name: $0.path, tensor: $0.tensor) }, to: file)
    #expect(try PretrainedWeights.networks(fitting: file).contains("lenet5"))
  }

  @Test(arguments: [
    (
      "ambiguous.pth", #"it holds several sets of tensors: "left", "right"; save the one you mean with torch.save"#
    ),
    (
      "module.pth",
      #"the file asks to call "torch.nn.modules.container.Sequential", which is neither a tensor nor a container; "#
        + "nothing was run: save model.state_dict() with torch.save, not the model or other objects"
    ),
    (
      "evil.pth",
      #"the file asks to call "posix.system", which is neither a tensor nor a container; "#
        + "nothing was run: save model.state_dict() with torch.save, not the model or other objects"
    ),
    ("list.pth", "it holds a list without tensors under names; save model.state_dict() with torch.save"),
    (
      "complex.pth",
      #"it has elements of "torch.ComplexFloatStorage", and known are f64, f32, f16, bf16, i64, i32, i16, i8, u8, "#
        + "bool; convert them before saving"
    ),
  ]) func othersAreRefusedInClearWords(_ name: String, _ text: String) throws {
    let error = #expect(throws: PyTorchFileError.self) { try open(name) }
    #expect(error?.description == "\(golden("PyTorch/\(name)")) cannot be read as weights of PyTorch: \(text)")
  }
}
