import Foundation
import FoveaData
import FoveaTensors
import Testing

@Suite struct CIFAR10Tests {
  /// A record of one label and three flat colours.
  private func record(_ label: UInt8, _ red: UInt8, _ green: UInt8, _ blue: UInt8) -> [UInt8] {
    [label] + [red, green, blue].flatMap { [UInt8](repeating: $0, count: 1024) }
  }

  @Test func readsEveryFileOfAPart() throws {
    let scratch = try Scratch()
    _ = try scratch.file("data_batch_2.bin", record(3, 7, 8, 9))
    _ = try scratch.file("data_batch_1.bin", record(9, 1, 2, 3) + record(0, 4, 5, 6))
    _ = try scratch.file("more_train.bin", record(5, 0, 0, 255))
    _ = try scratch.file("test_batch.bin", record(1, 10, 20, 30))
    _ = try scratch.file("readme.html", [1, 2, 3])
    let source = try DatasetSource.parse("cifar10:\(scratch.path)")
    let train = try source.load(split: .train)
    #expect(train.count == 4 && train.sampleShape == [3, 32, 32])
    #expect((0..<4).map(train.label) == [9, 0, 3, 5])
    #expect(train.classNames[9] == "truck")
    let (pixels, _) = try filled(train, [1])
    #expect(pixels[0] == 4 && pixels[1024] == 5 && pixels[3071] == 6)
    #expect(try source.load(split: .test).count == 1)
    let line = try #require(DatasetListing.all(in: scratch.path).first { $0.form == "cifar10:DIR" })
    #expect(line.trainCount == 4 && line.testCount == 1)
  }

  @Test func namesComeFromTheFileBeside() throws {
    let scratch = try Scratch()
    _ = try scratch.file("test_batch.bin", record(1, 0, 0, 0))
    _ = try scratch.file("batches.meta.txt", Array("a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj\n\n".utf8))
    let set = try DatasetSource.cifar10(scratch.path).load(split: .test)
    #expect(set.classNames == ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"])
    _ = try scratch.file("batches.meta.txt", Array("a\na\n".utf8))
    #expect(throws: DataError.badClassNames(path: scratch.file("batches.meta.txt"), expected: 10, found: 2)) {
      try DatasetSource.cifar10(scratch.path).load(split: .test)
    }
  }

  @Test func badFilesAreNamed() throws {
    let scratch = try Scratch()
    let path = try scratch.file("data_batch_1.bin", record(3, 0, 0, 0).dropLast())
    func message() -> String {
      do {
        return "no error: \(try DatasetSource.cifar10(scratch.path).load(split: .train).count)"
      } catch { return error.description }
    }
    #expect(
      message()
        == "\(path): has 3072 bytes, which is no whole number of CIFAR-10's records of 3073; fetch the file again")
    _ = try scratch.file("data_batch_1.bin", [UInt8](repeating: 0, count: 3074 * 5))
    #expect(message().hasSuffix("it looks like CIFAR-100, which has two labels a record"))
    _ = try scratch.file("data_batch_1.bin", [])
    #expect(message().contains("has 0 bytes"))
    _ = try scratch.file("data_batch_1.bin", record(3, 0, 0, 0) + record(10, 0, 0, 0))
    #expect(
      message() == "\(path): label 1 is 10, but there are 10 classes (0…9); "
        + "check that the file belongs to this data set")
    #expect(throws: DataError.self) { try DatasetSource.cifar10(scratch.path).load(split: .test) }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: sharedData + "/cifar10"), "no ../shared/data/cifar10 here"))
  func theRealOne() throws {
    let source = DatasetSource.cifar10(sharedData + "/cifar10")
    let (train, test) = (try source.load(split: .train), try source.load(split: .test))
    #expect(train.count == 15_000 && test.count == 10_000)
    #expect((0..<5).map(train.label) == [5, 2, 7, 8, 5])
    #expect((0..<10).map { c in (0..<10_000).count { test.label($0) == c } } == Array(repeating: 1000, count: 10))
    #expect(
      test.classNames == [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
      ])
    // NumPy's numbers.
    let found = try PixelStatistics(of: train)
    let mean = [0.49130907041462524, 0.48195577435661685, 0.4455181712111908]
    let std = [0.24647327979842895, 0.24318439712891834, 0.26063254233776745]
    for channel in 0..<3 {
      #expect(abs(found.mean[channel] - mean[channel]) < 1e-12)
      #expect(abs(found.std[channel] - std[channel]) < 1e-12)
    }
  }
}
