import Foundation
import FoveaExchange
import FoveaTensors
import Testing

/// Damaged and malicious `.pth` files: an error each time, never a trap, a hang or much memory.
@Suite struct PyTorchHostileTests {
  private static func problem(_ bytes: [UInt8]) -> PyTorchProblem? {
    do throws(PyTorchFileError) {
      _ = try PyTorchFile(path: "x.pth", storage: storage(bytes))
      return nil
    } catch {
      if case .malformed(_, let problem) = error { return problem }
      return nil
    }
  }

  /// Opens a file and touches every tensor, which may fail but must not trap.
  @discardableResult
  private static func exercise(_ bytes: [UInt8]) -> Bool {
    guard let file = try? PyTorchFile(path: "x.pth", storage: storage(bytes)) else { return false }
    for name in file.names { _ = try? file.tensor(name).array(of: Double.self).count }
    return true
  }

  private static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: golden("PyTorch/\(name)"))))
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = try PyTorchHostileTests.bytes("types.pth")
    for count in 0..<whole.count {
      let problem = PyTorchHostileTests.problem(Array(whole[..<count]))
      #expect(count < 4 ? problem == .notPyTorch : problem == .archive(.noEnd), "\(count) bytes")
    }
  }

  /// One flipped bit at every place: what still opens can be read to the end.
  @Test func flippedBitsDoNoHarm() throws {
    for name in ["types.pth", "views.pth", "checkpoint.pth"] {
      var bytes = try PyTorchHostileTests.bytes(name)
      var opened = 0
      for place in bytes.indices {
        let bit = UInt8(1) << UInt8(place % 8)
        bytes[place] ^= bit
        if PyTorchHostileTests.exercise(bytes) { opened += 1 }
        bytes[place] ^= bit
      }
      // Most of a small file is names, padding and checksums that nobody reads.
      #expect(opened > 0 && opened < bytes.count, "\(name)")
    }
  }

  // MARK: Archives

  @Test func whatTheArchiveClaimsIsChecked() throws {
    var zip = TestZip([("a/data.pkl", Pickle.tensor(count: 2)), ("a/data/0", [UInt8](repeating: 0, count: 8))])
    #expect(PyTorchHostileTests.problem(zip.bytes) == nil)
    zip.method = 8
    #expect(PyTorchHostileTests.problem(zip.bytes) == .archive(.compressed(entry: "a/data.pkl")))
    zip.method = 0
    zip.flags = 1
    #expect(PyTorchHostileTests.problem(zip.bytes) == .archive(.encrypted(entry: "a/data.pkl")))
    zip.flags = 0
    zip.count = 3
    #expect(PyTorchHostileTests.problem(zip.bytes) == .archive(.table("3 entries do not fit into 110 bytes")))
    zip.count = 0xfffe
    #expect(PyTorchHostileTests.problem(zip.bytes) == .archive(.table("65534 entries do not fit into 110 bytes")))
    zip.count = 1
    #expect(PyTorchHostileTests.problem(zip.bytes) == .archive(.table("54 bytes of it are no entries")))
  }

  @Test func placesOfEntriesAreChecked() throws {
    let pickle = Pickle.tensor(count: 2)
    var zip = TestZip([("a/data.pkl", pickle), ("a/data/0", [UInt8](repeating: 0, count: 8))])
    zip.sizes = [1: 9]
    #expect(
      PyTorchHostileTests.problem(zip.bytes)
        == .archive(.pastEnd(entry: "a/data/0", begin: 30 + 10 + pickle.count + 30 + 8, size: 9, available: 8)))
    zip.sizes = [0: UInt32(pickle.count) + 4]
    #expect(PyTorchHostileTests.problem(zip.bytes) == .archive(.overlap(first: "a/data.pkl", second: "a/data/0")))
    zip.sizes = [:]
    zip.offsets = [1: 0]
    #expect(PyTorchHostileTests.problem(zip.bytes) == .archive(.place(entry: "a/data/0", offset: 0)))
    zip.offsets = [1: 0xffff_fffe]
    #expect(PyTorchHostileTests.problem(zip.bytes) == .archive(.place(entry: "a/data/0", offset: 0xffff_fffe)))
    // A 64-bit offset that is promised and not there.
    zip.offsets = [1: 0xffff_ffff]
    #expect(
      PyTorchHostileTests.problem(zip.bytes)
        == .archive(.table(#"the 64-bit sizes of "a/data/0" are missing or impossible"#)))
    let twice = TestZip([("a/data.pkl", pickle), ("a/data.pkl", pickle)])
    #expect(PyTorchHostileTests.problem(twice.bytes) == .archive(.duplicate(entry: "a/data.pkl")))
    #expect(PyTorchHostileTests.problem(TestZip([("readme", [1])]).bytes) == .noPickle)
    let script = TestZip([("a/data.pkl", pickle), ("a/constants.pkl", pickle)])
    #expect(PyTorchHostileTests.problem(script.bytes) == .script)
    let big = TestZip([("a/data.pkl", pickle), ("a/byteorder", Array("big".utf8))])
    #expect(PyTorchHostileTests.problem(big.bytes) == .bigEndian)
  }

  /// PyTorch writes 64-bit end records; each number of them may lie.
  @Test func liesOfThe64BitRecordAreFound() throws {
    let whole = try PyTorchHostileTests.bytes("types.pth")
    let record = whole.count - 22 - 20 - 56
    for (place, what) in [(32, "entries"), (40, "size"), (48, "offset")] {
      for value in [0, 1, Int64.max, -1, 1 << 32] {
        var bytes = whole
        withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(record + place..<record + place + 8, with: $0) }
        guard case .archive(.table)? = PyTorchHostileTests.problem(bytes) else {
          Issue.record("\(what) \(value) passes")
          continue
        }
      }
    }
    var bytes = whole
    bytes[whole.count - 22 - 20 + 8] ^= 1
    #expect(
      PyTorchHostileTests.problem(bytes) == .archive(.table("its 64-bit end record is not where it should be")))
  }

  // MARK: Pickles

  static let pickles: [(String, PickleProblem)] = [
    ("cos\nsystem\n", .global("os.system")),
    ("c__builtin__\neval\n", .global("__builtin__.eval")),
    ("ctorch\nload\n", .global("torch.load")),
    ("cnumpy.core.multiarray\nscalar\n", .global("numpy.core.multiarray.scalar")),
    ("}", .cutOff(at: 1)),
    (".", .stack(at: 1)),
    ("(.", .stack(at: 2)),
    ("t", .stack(at: 1)),
    ("h\u{5}", .stack(at: 2)),
    ("}(K\u{1}u", .stack(at: 5)),
    ("i", .instruction(UInt8(ascii: "i"), at: 0)),
    ("S'x'\n", .instruction(UInt8(ascii: "S"), at: 0)),
    ("X\u{7f}\u{7f}\u{7f}\u{7f}a", .cutOff(at: 6)),
    ("ctorch\nFloatStorage\n)R", .call("a storage", found: "nothing")),
    ("ctorch\nSize\n)R", .call("torch.Size", found: "nothing")),
    ("ccollections\nOrderedDict\n(K\u{1}tR", .call("OrderedDict", found: "an int")),
    ("K\u{1}}b", .call("an object's state", found: "a dict")),
    ("K\u{1}Q", .call("a persistent id", found: "an int")),
    ("c" + String(repeating: "x", count: 5000), .cutOff(at: 1025)),
  ]

  @Test(arguments: pickles) func picklesThatAreNone(_ text: String, _ expected: PickleProblem) {
    // Latin-1 keeps each scalar one byte.
    let pickle = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    #expect(PyTorchHostileTests.problem(TestZip([("a/data.pkl", pickle)]).bytes) == .pickle(expected))
  }

  @Test func viewsMustLieInTheirStorage() throws {
    func view(_ offset: Int32, _ sizes: [Int32], _ strides: [Int32], count: Int32 = 4) -> PyTorchProblem? {
      PyTorchHostileTests.problem(
        TestZip([
          ("a/data.pkl", Pickle.tensor(count: count, offset: offset, sizes: sizes, strides: strides)),
          ("a/data/0", [UInt8](repeating: 0, count: 16)),
        ]).bytes)
    }
    func refused(_ problem: PyTorchProblem?) -> Bool {
      if case .pickle(.view)? = problem { return true }
      return false
    }
    #expect(view(0, [2, 2], [2, 1]) == nil)
    #expect(view(0, [2, 2], [1, 2]) == nil)
    #expect(view(9, [0, 7], [7, 1]) == nil)
    #expect(refused(view(1, [2, 2], [2, 1])))
    #expect(refused(view(-1, [2], [1])))
    #expect(refused(view(0, [2], [-1])))
    #expect(refused(view(0, [-2], [1])))
    #expect(refused(view(0, [2, 2], [2])))
    #expect(refused(view(0, [2], [.max])))
    #expect(refused(view(0, [.max, .max, .max], [.max, .max, .max])))
    #expect(refused(view(0, [.max, .max, 0], [0, 0, 0])))
    #expect(
      view(0, [Int32](repeating: 1, count: 65), [Int32](repeating: 1, count: 65))
        == .pickle(.call("_rebuild_tensor", found: "a storage, an int, a tuple, a tuple, a bool, a dict")))
    #expect(view(0, [1 << 20], [0]) == .repeats(tensor: "w", shape: [1 << 20], elements: 4))
    #expect(
      view(0, [2], [1], count: 5) == .storageSize(tensor: "w", key: "0", elements: 5, dtype: .f32, found: 16))
    let alone = TestZip([("a/data.pkl", Pickle.tensor(count: 2))])
    #expect(PyTorchHostileTests.problem(alone.bytes) == .noStorage(tensor: "w", key: "0"))
  }

  /// Depth and cycles would overflow a stack of calls; memoized lists would grow without end if they were copied.
  @Test func depthCyclesAndRepetition() throws {
    let depth = 1_000_000
    let deep =
      [UInt8](repeating: UInt8(ascii: "]"), count: depth) + [UInt8](repeating: UInt8(ascii: "a"), count: depth - 1)
    #expect(
      PyTorchHostileTests.problem(TestZip([("a/data.pkl", deep + [UInt8(ascii: ".")])]).bytes)
        == .noTensors(found: "a list"))
    // A dictionary that is its own value.
    let own = Array("}q".utf8) + [0] + Pickle.text("self") + Array("h".utf8) + [0] + Array("s.".utf8)
    #expect(PyTorchHostileTests.problem(TestZip([("a/data.pkl", own)]).bytes) == .noTensors(found: "a dict"))
    // torch.Size of one long tuple, again and again.
    var again = Array("(".utf8) + [UInt8](repeating: UInt8(ascii: "N"), count: 1_000_000)
    again += Array("t\u{85}".unicodeScalars.map { UInt8($0.value) }) + Array("q".utf8) + [0]
    again += Array("ctorch\nSize\nq".utf8) + [1]
    for _ in 0..<1_000_000 {
      again += [UInt8(ascii: "h"), 1, UInt8(ascii: "h"), 0, UInt8(ascii: "R"), UInt8(ascii: "0")]
    }
    #expect(PyTorchHostileTests.problem(TestZip([("a/data.pkl", again + Array(".".utf8))]).bytes) != nil)
    let long = [UInt8](repeating: UInt8(ascii: "N"), count: 9 << 20)
    #expect(
      PyTorchHostileTests.problem(TestZip([("a/data.pkl", long)]).bytes)
        == .pickle(.tooLong(bytes: 9 << 20, limit: 8 << 20)))
  }
}

/// Pieces of pickles.
enum Pickle {
  static func text(_ text: String) -> [UInt8] {
    [UInt8(ascii: "X")] + number(Int32(text.utf8.count)) + Array(text.utf8)
  }

  static func number(_ value: Int32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

  static func tuple(_ values: [Int32]) -> [UInt8] {
    Array("(".utf8) + values.flatMap { Array("J".utf8) + number($0) } + Array("t".utf8)
  }

  /// A dictionary with the tensor `w` in the storage `0`.
  static func tensor(
    count: Int32, offset: Int32 = 0, sizes: [Int32] = [2], strides: [Int32] = [1]
  ) -> [UInt8] {
    var bytes: [UInt8] = [0x80, 2] + Array("}".utf8) + text("w") + Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
    bytes += text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("0") + text("cpu")
    bytes += Array("J".utf8) + number(count) + Array("tQJ".utf8) + number(offset) + tuple(sizes) + tuple(strides)
    return bytes + [0x89] + Array("}tRs.".utf8)
  }
}

/// A zip archive of stored entries that may lie.
struct TestZip {
  var entries: [(name: String, data: [UInt8])]
  var method: UInt16 = 0
  var flags: UInt16 = 0
  /// Claims in the table in place of the truth, by entry.
  var sizes: [Int: UInt32] = [:]
  var offsets: [Int: UInt32] = [:]
  var count: UInt16?

  init(_ entries: [(name: String, data: [UInt8])]) { self.entries = entries }

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var table: [UInt8] = []
    for (index, entry) in entries.enumerated() {
      let offset = UInt32(file.count)
      let name = Array(entry.name.utf8)
      let size = sizes[index] ?? UInt32(entry.data.count)
      file += little(0x0403_4b50 as UInt32) + little(20 as UInt16) + little(flags) + little(method)
      file += [UInt8](repeating: 0, count: 16) + little(UInt16(name.count)) + little(0 as UInt16) + name + entry.data
      table += little(0x0201_4b50 as UInt32) + little(20 as UInt16) + little(20 as UInt16) + little(flags)
      table += little(method) + [UInt8](repeating: 0, count: 8) + little(size) + little(size)
      table += little(UInt16(name.count)) + [UInt8](repeating: 0, count: 12) + little(offsets[index] ?? offset) + name
    }
    let start = UInt32(file.count)
    file += table + little(0x0605_4b50 as UInt32) + [0, 0, 0, 0]
    file += little(count ?? UInt16(entries.count)) + little(count ?? UInt16(entries.count))
    return file + little(UInt32(table.count)) + little(start) + [0, 0]
  }

  private func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
