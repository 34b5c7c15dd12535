import Foundation
import FoveaExchange
import FoveaTensors
import Testing

@Suite struct SafetensorsTests {
  /// What `make_golden.py` writes, made again here.
  static let metadata = ["format": "np", "text": "quotes \" slashes / \\ lines\n and ∇"]

  static func tensors() throws -> [(name: String, tensor: Tensor)] {
    let numbers: [Int64] = [0, 1, -2, 3, 100, -128]
    let quarters = try Tensor(numbers.map { Float($0) / 4 }, shape: [2, 3])
    return [
      ("f64", try Tensor(numbers.map { Double($0) / 3 }, shape: [2, 3])),
      ("f32", try Tensor(numbers.map { Float($0) / 3 }, shape: [2, 3])),
      ("f16", quarters.converted(to: .f16)),
      ("bf16", quarters.converted(to: .bf16)),
      ("i64", Tensor(numbers.map { $0 * 1_000_000_000_000 })),
      ("i32", Tensor(numbers.map { Int32($0) * 1_000_000 })),
      ("i16", Tensor(numbers.map { Int16($0) * 100 })),
      ("i8", Tensor(numbers.map { Int8($0) })),
      ("u8", Tensor([0, 1, 127, 128, 255] as [UInt8])),
      ("bool", Tensor([true, false, true])),
      ("empty", Tensor(zeros: [0, 4])),
      ("scalar", Tensor(scalar: 2.5 as Float)),
      ("layer1.0.weight/ünï", Tensor([7 as Float])),
    ]
  }

  @Test func readsWhatPythonWrote() throws {
    let file = try SafetensorsFile(path: golden("python.safetensors"))
    #expect(file.metadata == SafetensorsTests.metadata)
    let expected = try SafetensorsTests.tensors()
    #expect(Set(file.names) == Set(expected.map(\.name)))
    #expect(file.names.count == expected.count)
    for (name, tensor) in expected {
      #expect(try file.tensor(name).isIdentical(to: tensor), "\(name)")
      #expect(file.shape(of: name) == tensor.shape)
      #expect(file.dtype(of: name) == tensor.dtype)
    }
  }

  /// `FOVEA_SAFETENSORS_OUT=ours.safetensors swift test …`, then `make_golden.py ours.safetensors`.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["FOVEA_SAFETENSORS_OUT"] != nil))
  func pythonReadsOurs() throws {
    let path = ProcessInfo.processInfo.environment["FOVEA_SAFETENSORS_OUT"] ?? ""
    try Safetensors.write(SafetensorsTests.tensors(), metadata: SafetensorsTests.metadata, to: path)
  }

  @Test func roundTripOfEveryType() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("all.safetensors")
    let tensors = try SafetensorsTests.tensors()
    try Safetensors.write(tensors, metadata: SafetensorsTests.metadata, to: path)
    let file = try SafetensorsFile(path: path)
    #expect(Set(file.names.compactMap { file.dtype(of: $0) }) == Set(DType.allCases))
    #expect(file.names == tensors.map(\.name))
    #expect(file.metadata == SafetensorsTests.metadata)
    for (name, tensor) in tensors { #expect(try file.tensor(name).isIdentical(to: tensor), "\(name)") }
    #expect(try directory.contents == ["all.safetensors"])
  }

  @Test func dataAreAlignedWhateverTheNames() throws {
    let directory = try TemporaryDirectory()
    for length in 0..<70 {
      let path = directory.file("a")
      try Safetensors.write(
        [("b", Tensor([1, 2, 3] as [UInt8])), (String(repeating: "n", count: length), Tensor([1.0, 2.0]))], to: path)
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let header = Int(bytes[0]) + Int(bytes[1]) << 8
      #expect((8 + header) % 64 == 0 && header % 8 == 0)
      let file = try SafetensorsFile(path: path)
      let address = try file.tensor(file.names[1]).withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
      #expect(address % 64 == 0, "the doubles come first")
    }
  }

  @Test func noTensorsAndNoMetadata() throws {
    let directory = try TemporaryDirectory()
    try Safetensors.write([], to: directory.file("none"))
    let file = try SafetensorsFile(path: directory.file("none"))
    #expect(file.names.isEmpty && file.metadata.isEmpty)
  }

  @Test func tensorsOutliveTheFileValueAndItsName() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("a")
    try Safetensors.write([("x", Tensor([1, 2] as [Float]))], to: path)
    let tensor = try SafetensorsFile(path: path).tensor("x")
    try Safetensors.write([("x", Tensor([5, 6] as [Float]))], to: path)
    #expect(tensor.array(of: Float.self) == [1, 2], "the old file stays mapped behind the new one")
    #expect(try SafetensorsFile(path: path).tensor("x").array(of: Float.self) == [5, 6])
  }

  @Test func viewsShareTheMapping() throws {
    let file = try SafetensorsFile(path: golden("python.safetensors"))
    let first = try file.tensor("f64").withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    let again = try file.tensor("f64").withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    #expect(first == again)
  }

  @Test func unalignedDataAreCopied() throws {
    let (a, b) = (MalformedTests.entry("U8", "[1]", "[0,1]"), MalformedTests.entry("F32", "[2]", "[1,9]"))
    let header = #"{"a":\#(a),"b":\#(b)}"#
    let data: [UInt8] = [9, 0, 0, 128, 63, 0, 0, 0, 64]
    let file = try SafetensorsFile(path: "m", storage: storage(MalformedTests.file(header, data)))
    let tensor = try file.tensor("b")
    #expect(tensor.array(of: Float.self) == [1, 2])
    #expect(tensor.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } % 4 == 0)
  }

  @Test func aMissingNameIsAnsweredWithTheNearest() throws {
    let file = try SafetensorsFile(path: golden("python.safetensors"))
    #expect(throws: SafetensorsError.noSuchTensor(path: file.path, name: "scaler", nearest: "scalar", count: 13)) {
      try file.tensor("scaler")
    }
    let error = SafetensorsError.noSuchTensor(path: "a.safetensors", name: "scaler", nearest: "scalar", count: 13)
    #expect("\(error)" == #"a.safetensors has no tensor "scaler" among its 13; did you mean "scalar"?"#)
    #expect(!file.contains("scaler") && file.contains("scalar"))
  }
}

@Suite struct SafetensorsWritingErrors {
  let one = Tensor([1 as Float])

  @Test func namesThatCannotBeWritten() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("a")
    #expect(throws: SafetensorsError.duplicateName(path: path, name: "x")) {
      try Safetensors.write([("x", one), ("x", one)], to: path)
    }
    #expect(throws: SafetensorsError.reservedName(path: path, name: "__metadata__")) {
      try Safetensors.write([("__metadata__", one)], to: path)
    }
    #expect(try directory.contents.isEmpty)
  }

  @Test func aMissingDirectory() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("nowhere/a.safetensors")
    #expect(throws: SafetensorsError.unwritable(.system(path: path, action: "write", code: ENOENT))) {
      try Safetensors.write([("x", one)], to: path)
    }
    #expect(
      "\(SafetensorsError.unwritable(.system(path: "n/a", action: "write", code: ENOENT)))"
        == "cannot write n/a: No such file or directory; create the directory first, or correct the path")
  }

  @Test func placesThatAreNoFiles() throws {
    let directory = try TemporaryDirectory()
    #expect(throws: SafetensorsError.unwritable(.system(path: directory.path, action: "write", code: EISDIR))) {
      try Safetensors.write([("x", one)], to: directory.path)
    }
    try AtomicFile.write("text", to: directory.file("file"))
    let below = directory.file("file/a")
    #expect(throws: SafetensorsError.unwritable(.system(path: below, action: "write", code: ENOTDIR))) {
      try Safetensors.write([("x", one)], to: below)
    }
    #expect(throws: SafetensorsError.self) { try Safetensors.write([("x", one)], to: "") }
    #expect(try directory.contents == ["file"])
  }

  @Test(.enabled(if: getuid() != 0, "root may write everywhere"))
  func anUnwritableDirectory() throws {
    let directory = try TemporaryDirectory()
    chmod(directory.path, 0o555)
    defer { chmod(directory.path, 0o755) }
    let path = directory.file("a")
    #expect(throws: SafetensorsError.unwritable(.system(path: path, action: "write", code: EACCES))) {
      try Safetensors.write([("x", one)], to: path)
    }
  }

  /// `/proc` takes no file from anybody, root neither.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
  func aFileSystemThatTakesNothing() throws {
    #expect(throws: SafetensorsError.self) { try Safetensors.write([("x", one)], to: "/proc/self/a.safetensors") }
  }

  /// `FOVEA_FULL_DISK=/mnt/small swift test …`, a file system with less than 4 MB left.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["FOVEA_FULL_DISK"] != nil))
  func aFullDisk() throws {
    let full = ProcessInfo.processInfo.environment["FOVEA_FULL_DISK"] ?? ""
    let path = "\(full)/a.safetensors"
    try Safetensors.write([("x", one)], to: path)
    #expect(throws: SafetensorsError.unwritable(.system(path: path, action: "write", code: ENOSPC))) {
      try Safetensors.write([("x", Tensor(zeros: [1 << 20]))], to: path)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: full) == ["a.safetensors"])
    #expect(try SafetensorsFile(path: path).tensor("x").isIdentical(to: one))
  }
}
