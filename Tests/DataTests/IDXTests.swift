import FoveaData
import FoveaTensors
import Testing

@Suite struct IDXTests {
  /// Big-endian words, then bytes.
  private func idx(_ words: [UInt32], _ body: [UInt8] = []) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } } + body
  }

  private var images: [UInt8] { idx([0x803, 3, 2, 2], Array(0..<12)) }
  private var labels: [UInt8] { idx([0x801, 3], [2, 0, 1]) }

  private func load(_ images: [UInt8], _ labels: [UInt8], classes: Int = 3) throws -> InMemoryDataset {
    let scratch = try Scratch()
    return try IDX.dataset(
      name: "test", images: scratch.file("images", images), labels: scratch.file("labels", labels),
      classNames: (0..<classes).map(String.init))
  }

  /// The error's text, with the scratch directory taken out.
  private func message(_ images: [UInt8], _ labels: [UInt8], classes: Int = 3) -> String {
    do {
      _ = try load(images, labels, classes: classes)
      return "no error"
    } catch {
      let words = "\(error)".split(separator: " ").map { $0.split(separator: "/").last.map(String.init) ?? "" }
      return words.joined(separator: " ")
    }
  }

  @Test func readsPlainFiles() throws {
    let set = try load(images, labels)
    #expect(set.count == 3)
    #expect(set.sampleShape == [1, 2, 2])
    #expect((0..<3).map(set.label) == [2, 0, 1])
    #expect(Array(set.pixels(of: 1)) == [4, 5, 6, 7])
  }

  @Test func readsGzipWhateverTheNameSays() throws {
    let set = try load(Golden.idxImagesGzip, Golden.idxLabelsGzip)
    #expect((0..<3).map(set.label) == [2, 0, 1])
    #expect(Array(set.pixels(of: 2)) == [8, 9, 10, 11])
    #expect(try load(images, Golden.idxLabelsGzip).count == 3)
  }

  @Test func exchangedFilesAreSaid() {
    #expect(
      message(labels, images)
        == "labels: begins with 0x00000803, expected 0x00000801 (labels in IDX format); "
        + "these are pictures: were the two files exchanged?")
    #expect(message(Array("GIF89a and so on".utf8), labels).contains("begins with 0x47494638, expected 0x00000803"))
  }

  @Test func everyCutIsAnErrorThatSaysBothSizes() {
    for length in 0..<images.count { #expect(message(Array(images[..<length]), labels) != "no error") }
    for length in 0..<labels.count { #expect(message(images, Array(labels[..<length])) != "no error") }
    #expect(
      message(Array(images.dropLast(5)), labels)
        == "images: the header asks for 28 bytes, the file has 23; fetch the file again")
    #expect(
      message(Array(images[..<9]), labels)
        == "images: the header asks for 16 bytes, the file has 9; fetch the file again")
    #expect(message([], labels) == "images: the header asks for 16 bytes, the file has 0; fetch the file again")
  }

  @Test func everyCutOfAGzipFileIsAnError() {
    for length in 0..<Golden.idxImagesGzip.count {
      #expect(message(Array(Golden.idxImagesGzip[..<length]), labels) != "no error", "\(length) bytes")
    }
  }

  @Test func tooMuchIsAnError() {
    #expect(
      message(images + [0], labels)
        == "images: the file goes on after the 28 bytes that its header asks for; fetch the file again")
  }

  @Test func differentCountsNameBothFiles() {
    #expect(
      message(images, idx([0x801, 2], [0, 1]))
        == "images has 3 pictures, but labels has 2 labels; take both files from the same set")
  }

  @Test func labelsWithoutAClassAreNamed() {
    #expect(
      message(images, idx([0x801, 3], [0, 1, 3]))
        == "labels: label 2 is 3, but there are 3 classes (0…2); check that the file belongs to this data set")
  }

  @Test func hugeClaimsFailBeforeMemoryIsTaken() {
    let huge = idx([0x803, 1 << 31, 28, 28], [UInt8](repeating: 0, count: 1008))
    #expect(
      message(huge, labels)
        == "images: the header claims 2147483648 × 28 × 28 bytes, more than a file of 1024 bytes can hold; "
        + "it is damaged: fetch it again")
    #expect(message(Golden.idxHugeGzip, labels).contains("the header claims 2147483648 × 28 × 28 bytes"))
    #expect(message(idx([0x803, .max, .max, .max]), labels).contains("claims 4294967295 × 4294967295 × 4294967295"))
    #expect(message(images, idx([0x801, .max])).contains("the header claims 4294967295 bytes"))
  }

  @Test func emptySetsAndEmptyPicturesAreErrors() {
    #expect(message(idx([0x803, 0, 28, 28]), idx([0x801, 0])) == "test has no examples; at least one is needed")
    #expect(message(idx([0x803, 3, 0, 28]), labels).contains("the pictures have 0×28 pixels, expected at least 1×1"))
  }

  @Test func aMissingFileIsNamed() {
    #expect(
      throws: DataError.tensors(.file(path: "/no/such", action: "open", reason: "No such file or directory"))
    ) { try IDX.labels(path: "/no/such") }
  }
}
