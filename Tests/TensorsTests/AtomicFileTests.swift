import Foundation
import FoveaTensors
import Testing

@Suite struct AtomicFileTests {
  @Test func writesAndReplaces() throws {
    let scratch = try Scratch()
    let path = scratch.file("note.txt")
    try AtomicFile.write("one", to: path)
    try AtomicFile.write(to: path) { file throws(FileError) in
      try file.write(Array("two, ".utf8))
      try file.write([0x33])
    }
    #expect(try String(decoding: Scratch.bytes(of: path), as: UTF8.self) == "two, 3")
    #expect(try scratch.names() == ["note.txt"])
  }

  @Test func whatNeedNotLastIsCompleteAllTheSame() throws {
    let scratch = try Scratch()
    let path = scratch.file("note.txt")
    try AtomicFile.write("one", to: path)
    try AtomicFile.write("two", to: path, lasting: false)
    #expect(try String(decoding: Scratch.bytes(of: path), as: UTF8.self) == "two")
    #expect(try scratch.names() == ["note.txt"])
    try AtomicFile.makeLasting(path)
    #expect(try String(decoding: Scratch.bytes(of: path), as: UTF8.self) == "two")
    // Who writes beside it says that it is gone.
    try AtomicFile.makeLasting(scratch.file("gone.txt"))
  }

  @Test func whatFailsHalfWayLeavesTheOldFile() throws {
    let scratch = try Scratch()
    let path = scratch.file("note.txt")
    try AtomicFile.write("old", to: path)
    #expect(throws: FileError.refused(path: "x", action: "write", reason: "a test")) {
      try AtomicFile.write(to: path) { file throws(FileError) in
        try file.write(Array("half of the new".utf8))
        throw .refused(path: "x", action: "write", reason: "a test")
      }
    }
    #expect(try String(decoding: Scratch.bytes(of: path), as: UTF8.self) == "old")
    #expect(try scratch.names() == ["note.txt"])
  }

  @Test func aMissingDirectoryIsNamed() throws {
    let scratch = try Scratch()
    let path = scratch.file("no/such/x.npy")
    let error = #expect(throws: TensorError.self) { try Tensor(zeros: [2]).writeNPY(to: path) }
    #expect(
      error?.description
        == "cannot write \(path): No such file or directory; create the directory first, or correct the path")
  }

  @Test func aDirectoryInTheWayIsAnError() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(atPath: scratch.file("d"), withIntermediateDirectories: false)
    #expect(throws: FileError.self) { try AtomicFile.write("x", to: scratch.file("d")) }
    #expect(try scratch.names() == ["d"])
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "no /dev/full here"))
  func aFullDiskIsAnError() throws {
    let reason = "No space left on device; free some space, or choose another disk"
    #expect(throws: TensorError.file(path: "/dev/full", action: "write", reason: reason)) {
      try Tensor(zeros: [100]).writeNPY(to: "/dev/full")
    }
    #expect(FileManager.default.fileExists(atPath: "/dev/full"))
  }

  @Test func aDeviceStaysADevice() throws {
    try AtomicFile.write("gone", to: "/dev/null")
    let type = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
    #expect(type == .typeCharacterSpecial)
  }

  @Test func aLinkIsWrittenThroughAndPermissionsStay() throws {
    let scratch = try Scratch()
    let (real, link) = (scratch.file("real"), scratch.file("link"))
    try AtomicFile.write("old", to: real)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: real)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: real)
    try AtomicFile.write("new", to: link)
    #expect(try String(decoding: Scratch.bytes(of: real), as: UTF8.self) == "new")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == real)
    let mode = try FileManager.default.attributesOfItem(atPath: real)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func aNameAsLongAsAllowedWorks() throws {
    let scratch = try Scratch()
    let name = String(repeating: "n", count: 255)
    try AtomicFile.write("x", to: scratch.file(name))
    #expect(try scratch.names() == [name])
  }

  @Test func parents() {
    #expect(AtomicFile.parent(of: "a") == ".")
    #expect(AtomicFile.parent(of: "/a") == "/")
    #expect(AtomicFile.parent(of: "a/b/c") == "a/b")
    #expect(AtomicFile.parent(of: "a/b/") == "a")
    #expect(AtomicFile.parent(of: "/") == "/")
    #expect(AtomicFile.parent(of: "") == ".")
  }

  @Test func directoriesAreMadeWithThoseAbove() throws {
    let scratch = try Scratch()
    try AtomicFile.makeDirectory(scratch.file("a/b/c"))
    try AtomicFile.makeDirectory(scratch.file("a/b/c/"))
    try AtomicFile.write("x", to: scratch.file("a/b/c/file"))
    #expect(throws: FileError.self) { try AtomicFile.makeDirectory(scratch.file("a/b/c/file/d")) }
  }
}
