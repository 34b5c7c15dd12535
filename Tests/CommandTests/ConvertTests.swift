import Foundation
import Fovea
import Testing

/// `fovea convert`.
@Suite struct ConvertTests {
  @Test func writesModelFilesAndONNX() throws {
    let scratch = try Scratch()
    let copy = scratch.file("copy.safetensors")
    let first = try FoveaProgram.run("convert", "lenet5", copy, "--name", "mine", "--json")
    #expect(first.status == 0, "\(first.err)")
    #expect(try first.object()["difference"] as? Double == 0)
    #expect(try first.object()["bytes"] as? Int == Scratch.bytes(of: copy).count)
    #expect(try ModelFile.read(copy).name == "mine")
    let file = try scratch.write("net.onnx", [1, 2, 3])
    let second = try FoveaProgram.run("convert", copy, file)
    #expect(second.status == 0 && second.out.hasPrefix("wrote \(file), 24"), "\(second.out)\(second.err)")
    let bytes = try Scratch.bytes(of: file)
    #expect(Array(bytes.prefix(9)) == [8, 8, 18, 5] + Array("fovea".utf8))
    // The same network, the same bytes; another form is another file.
    #expect(try FoveaProgram.run("convert", copy, scratch.file("again.onnx")).status == 0)
    #expect(try Scratch.bytes(of: scratch.file("again.onnx")) == bytes)
    #expect(try FoveaProgram.run("convert", "alexnet-2012", "--help").status == 0)
    #expect(try scratch.names() == ["again.onnx", "copy.safetensors", "net.onnx"])
  }

  @Test func whatCannotBeWrittenIsSaid() throws {
    let scratch = try Scratch()
    func mistakes(_ words: String...) throws -> String {
      let outcome = try FoveaProgram.run(["convert"] + words)
      #expect(outcome.status == 2)
      return outcome.err
    }
    #expect(try mistakes("lenet5", "a.pth").contains("Python objects"))
    #expect(try mistakes("lenet5", "a.cfg").contains("darknet"))
    #expect(try mistakes("lenet5", "a.txt").contains("ends in .onnx or .safetensors"))
    #expect(try mistakes("lenet5").contains("TO"))
    #expect(try mistakes("a.safetensors", "a.safetensors").contains("give another name"))
    #expect(try mistakes("lenet5", "a.safetensors", "--form", "training").contains("--form is for .onnx files"))
    let missing = try FoveaProgram.run("convert", "lenet5", scratch.file("no/such.onnx"))
    #expect(missing.status == 1 && missing.err.contains("no/such.onnx"), "\(missing.err)")
  }
}
