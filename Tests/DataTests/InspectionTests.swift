import Foundation
import FoveaData
import FoveaTensors
import Testing

@Suite struct InspectionTests {
  private func one(_ path: String) throws -> DatasetInspection {
    let found = try DatasetInspection.look(at: path)
    #expect(found.count == 1)
    return try #require(found.first)
  }

  @Test func aFolderPerClass() throws {
    let album = try Album()
    for (name, side) in [("cat/1.png", 4), ("cat/2.png", 6), ("dog/3.png", 5), ("dog/4.png", 9), ("dog/5.png", 2)] {
      try album.add(name, Album.picture(10, height: side, width: side + 1))
    }
    try album.add("dog/cut.png", Album.picture(60).dropLast(20))
    try album.add("loose.png", level: 1)
    let found = try one(album.path + "/")
    #expect(found.form == "folder:\(album.path)")
    #expect(found.classNames == ["cat", "dog"])
    #expect(found.parts.map(\.name) == ["all"])
    #expect(found.parts[0].classCounts == [2, 3] && found.parts[0].count == 5)
    #expect(found.sizes?.smallest == [2, 3] && found.sizes?.median == [5, 6] && found.sizes?.largest == [9, 10])
    #expect(found.sampleShape == nil)
    #expect(found.skipped.map(\.path) == [album.path + "/dog/cut.png"])
    #expect(found.notes == ["1 pictures lie beside the folders and have no class, e.g. \(album.path)/loose.png"])
  }

  @Test func partsAndEmptyClasses() throws {
    let album = try Album()
    try album.add("train/a/1.png", Album.picture(10, channels: 1))
    try album.add("train/b/x.txt", [1])
    try album.add("test/a/1.png", Album.picture(10, channels: 1))
    let found = try one(album.path)
    #expect(found.parts.map(\.name) == ["train", "test"] && found.parts.map(\.classCounts) == [[1, 0], [1, 0]])
    #expect(found.sampleShape == [1, 4, 4])
    #expect(found.notes == ["no picture to train on: b"])
  }

  @Test func tablesAndPicturesWithoutClasses() throws {
    let album = try Album()
    try album.add("1.png", level: 1)
    try album.add("2.png", level: 2)
    let loose = try one(album.path)
    #expect(loose.form == nil && loose.parts[0].count == 2 && loose.summary == "pictures without classes")
    try album.add("t.csv", Array("1.png,a\n2.png,b\n3.png,b\n".utf8))
    let found = try DatasetInspection.look(at: album.path)
    #expect(found.map(\.form) == ["labels:\(album.path)/t.csv", nil])
    #expect(found[0].parts[0].classCounts == [1, 1] && found[0].skipped.count == 1)
    #expect(try one(album.path + "/t.csv").form == "labels:\(album.path)/t.csv")
  }

  @Test func binarySetsAndCollections() throws {
    let album = try Album()
    for part in ["train", "t10k"] {
      try album.add("digits/\(part)-images-idx3-ubyte.gz", Golden.idxImagesGzip)
      try album.add("digits/\(part)-labels-idx1-ubyte.gz", Golden.idxLabelsGzip)
    }
    let digits = try one(album.path + "/digits")
    #expect(digits.form == "mnist:\(album.path)/digits" && digits.sampleShape == [1, 2, 2])
    #expect(digits.parts.map(\.count) == [3, 3] && digits.parts[0].classCounts.prefix(3) == [1, 1, 1])
    try album.add("small/data_batch_1.bin", [UInt8](repeating: 2, count: 3073 * 2))
    try album.add("small/test_batch.bin", [UInt8](repeating: 11, count: 3073))
    try album.add("photos/1.png", level: 1)
    let all = try DatasetInspection.look(at: album.path)
    #expect(all.map(\.form) == ["mnist:\(album.path)/digits", nil, "cifar10:\(album.path)/small"])
    #expect(all[2].parts.map(\.count) == [2])
    #expect(all[2].notes.first?.contains("label 0 is 11") == true)
  }

  @Test func nothingIsNothing() throws {
    let scratch = try Scratch()
    #expect(try DatasetInspection.look(at: scratch.path).isEmpty)
    #expect(throws: DataError.self) { try DatasetInspection.look(at: scratch.path + "/none") }
  }
}
