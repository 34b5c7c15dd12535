import Foundation
import FoveaData
import FoveaTensors
import Testing

/// Folders of pictures for one test.
final class Album {
  let scratch: Scratch
  var path: String { scratch.path }

  init() throws { scratch = try Scratch() }

  /// A flat picture.
  static func picture(_ level: UInt8, height: Int = 4, width: Int = 4, channels: Int = 3) throws -> [UInt8] {
    let pixels = (0..<height * width * channels).map { UInt8(clamping: Int(level) + $0 % channels) }
    return try PNGWriter.encode(Image8(height: height, width: width, channels: channels, pixels: pixels))
  }

  @discardableResult func add(_ name: String, _ bytes: [UInt8]) throws -> String {
    let directory = (scratch.file(name) as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    return try scratch.file(name, bytes)
  }

  func add(_ name: String, level: UInt8) throws { try add(name, Album.picture(level)) }

  func folder(_ part: DatasetPart = .train, _ options: PictureOptions = PictureOptions()) throws -> PictureDataset {
    try #require(try DatasetSource.folder(path).load(split: part, pictures: options) as? PictureDataset)
  }

  /// An error's text, with this place taken out.
  func message(_ body: () throws -> Any) -> String {
    do { return "no error: \(try body())" } catch { return "\(error)".replacingOccurrences(of: path, with: "DIR") }
  }

  func names(_ set: PictureDataset) -> [String] { set.paths.map { String($0.dropFirst(path.count + 1)) } }
}

@Suite(.timeLimit(.minutes(1))) struct PictureFolderTests {
  private func animals() throws -> Album {
    let album = try Album()
    try album.add("dog/b.png", level: 20)
    try album.add("dog/a.png", level: 10)
    try album.add("cat/x.PNG", level: 30)
    try album.add("cat/deep/er/y.png", level: 40)
    try album.add("ant/z.png", level: 50)
    try album.add("cat/notes.txt", Array("hello".utf8))
    try album.add("cat/.hidden.png", [])
    try album.add("readme.md", [])
    return album
  }

  @Test func aFolderIsAClass() throws {
    let album = try animals()
    let set = try album.folder()
    #expect(set.classNames == ["ant", "cat", "dog"])
    #expect(album.names(set) == ["ant/z.png", "cat/deep/er/y.png", "cat/x.PNG", "dog/a.png", "dog/b.png"])
    #expect((0..<5).map(set.label) == [0, 1, 1, 2, 2])
    #expect(set.sampleShape == [3, 4, 4])
    #expect(set.skipped == [])
    let (pixels, labels) = try filled(set, [3, 0])
    #expect(labels == [2, 0])
    // Red, green, blue one level apart, in planes.
    #expect(pixels[0] == 10 && pixels[16] == 11 && pixels[47] == 12 && pixels[48] == 50)
    let bgr = try album.folder(.train, PictureOptions(isBGR: true))
    #expect(try filled(bgr, [3]).pixels[0] == 12)
    #expect(set.name == "folder:\(album.path)")
  }

  @Test func partsAreFolders() throws {
    let album = try Album()
    for (name, level) in [("train/a/1.png", 1), ("train/b/2.png", 2), ("val/b/3.png", 3)] {
      try album.add(name, level: UInt8(level))
    }
    #expect(try album.folder(.train).count == 2)
    let test = try album.folder(.test)
    // The class keeps the number that it has in training, though a is absent.
    #expect(test.classNames == ["a", "b"] && test.label(0) == 1)
    try album.add("test/a/4.png", level: 4)
    #expect(try album.names(album.folder(.test)) == ["test/a/4.png"])
    try album.add("test/c/5.png", level: 5)
    let skipped = try album.folder(.test).skipped
    #expect(skipped.count == 1)
    #expect(
      skipped.first?.reason.hasSuffix("test/c/5.png: class 'c' is none of the 2 known; correct it, or train with it")
        == true)
  }

  @Test func anUndividedFolderHasNoTestPart() throws {
    let album = try animals()
    #expect(
      album.message { try album.folder(.test) }
        == "folder: DIR has no test; put the pictures into DIR/train/CLASS and DIR/test/CLASS")
    #expect(try DatasetSource.folder(album.path).loadForEvaluation().count == 5)
    #expect(throws: DataError.self) { try DatasetSource.mnist(album.path).loadForEvaluation() }
  }

  @Test func classesOfAModelAreKept() throws {
    let album = try animals()
    let set = try album.folder(.train, PictureOptions(classNames: ["dog", "cow", "cat"], skipLimit: 1))
    #expect(set.classNames == ["dog", "cow", "cat"])
    #expect((0..<4).map(set.label) == [2, 2, 0, 0])
    #expect(
      set.skipped.map(\.reason) == ["\(album.path)/ant/z.png: class 'ant' is none of the 3 known; did you mean 'cat'?"])
  }

  @Test func sizesAreAskedForWhereTheyDiffer() throws {
    let album = try animals()
    try album.add("ant/large.png", Album.picture(200, height: 9, width: 6))
    #expect(
      album.message { try album.folder() }
        == "folder:DIR: the pictures have different sizes, from 4×4 to 9×6, half of them up to 4×4; "
        + "say which size the network is to see, e.g. 224")
    #expect(try album.folder(.train, PictureOptions(size: [5, 7])).sampleShape == [3, 5, 7])
    #expect(try album.folder(.train, PictureOptions(resize: 6)).sampleShape == [3, 6, 6])
    #expect(try album.folder(.train, PictureOptions(size: [2, 3], resize: 3, channels: 1)).sampleShape == [1, 2, 3])
    for bad in [
      PictureOptions(size: [0, 3]), PictureOptions(size: [4]), PictureOptions(size: [4, 4], resize: 3),
      PictureOptions(channels: 2), PictureOptions(size: [70_000, 1]), PictureOptions(channels: 1, isBGR: true),
      PictureOptions(skipLimit: -1),
    ] { #expect(throws: DataError.self) { try album.folder(.train, bad) } }
  }

  @Test func grayPicturesStayGray() throws {
    let album = try Album()
    try album.add("a/1.png", Album.picture(9, channels: 1))
    #expect(try album.folder().sampleShape == [1, 4, 4])
    #expect(
      try filled(album.folder(.train, PictureOptions(channels: 3)), [0]).pixels == [Float](repeating: 9, count: 48))
    try album.add("a/2.png", level: 5)
    #expect(try album.folder().sampleShape == [3, 4, 4])
  }

  @Test func aFilePreparesAsPredictDoes() throws {
    let album = try Album()
    let stream = RandomStream(seed: 1, purpose: "pixels")
    let image = try Image8(
      height: 30, width: 50, channels: 3, pixels: (0..<4500).map { UInt8(stream.word(index: $0) >> 24) })
    try album.add("a/1.png", PNGWriter.encode(image))
    let norm = try Normalization(mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4])
    let cropped = try image.resized(shortSide: 20).centerCropped(height: 16, width: 18)
    let set = try album.folder(.train, PictureOptions(size: [16, 18], resize: 20))
    #expect(try filled(set, [0], norm).pixels == cropped.tensor(using: norm).array(of: Float.self))
    let whole = try album.folder(.train, PictureOptions(size: [16, 18]))
    let resized = try image.resized(height: 16, width: 18)
    #expect(try filled(whole, [0], norm).pixels == resized.tensor(using: norm).array(of: Float.self))
  }

  @Test func brokenFilesAreNamedAndLeftOut() throws {
    let album = try animals()
    try album.add("dog/cut.png", Album.picture(60).dropLast(20))
    try album.add("dog/text.jpg", Array("not a picture".utf8))
    try album.add("dog/empty.jpeg", [])
    try album.add("dog/film.gif", Array("GIF89a".utf8))
    let set = try album.folder()
    #expect(set.count == 5)
    #expect(
      set.skipped.map { $0.reason.replacingOccurrences(of: album.path, with: "DIR") } == [
        "DIR/dog/cut.png: cannot be decoded: the file is cut off: it ends after 70 bytes in the middle of the picture; "
          + "fetch or convert it again",
        "DIR/dog/empty.jpeg: looks like an empty file, expected a PNG or JPEG picture; convert it first",
        "DIR/dog/film.gif: looks like a GIF picture, expected a PNG or JPEG picture; convert it first",
        "DIR/dog/text.jpg: looks like a text, expected a PNG or JPEG picture; convert it first",
      ])
    #expect(
      album.message { try album.folder(.train, PictureOptions(skipLimit: 3)) }.hasPrefix(
        "folder:DIR: 4 of 9 files cannot be used, more than the 3 that may be left out; the first: DIR/dog/cut.png"))
  }

  @Test func aFileThatBreaksInDecodingIsStoodInFor() throws {
    let album = try Album()
    for index in 0..<6 { try album.add("a/\(index).png", level: UInt8(10 * index)) }
    var damaged = try Album.picture(99)
    // Inside the pixels: the structure stays whole.
    let data = try #require((0..<damaged.count - 4).first { damaged[$0..<$0 + 4].elementsEqual(Array("IDAT".utf8)) })
    for at in data + 6..<data + 12 { damaged[at] ^= 0xff }
    let path = try album.add("a/2.png", damaged)
    for workers in [1, 4] {
      let set = try album.folder()
      #expect(set.count == 6 && set.skipped == [])
      let loader = try Loader(
        set, batchSize: 6, order: .sequential, normalization: .levels, epochs: 2, workers: workers)
      while let batch = try loader.next() {
        let input = try #require(batch["input"]).array(of: Float.self)
        #expect((0..<6).map { input[$0 * 48] } == [0, 10, 30, 30, 40, 50])
        loader.recycle(batch)
      }
      #expect(loader.skipped.count == 1)
      #expect(set.skipped.first?.path == path && set.skipped.first?.reason.contains("cannot be decoded") == true)
    }
    let strict = try album.folder(.train, PictureOptions(skipLimit: 0))
    #expect(throws: DataError.self) { try filled(strict, [2]) }
  }

  @Test func hopelessFoldersAreSaid() throws {
    let album = try Album()
    #expect(
      album.message { try album.folder() }
        == "DIR has no folders; put the pictures of each class into a folder of the class's name")
    try FileManager.default.createDirectory(atPath: album.path + "/a", withIntermediateDirectories: true)
    #expect(album.message { try album.folder() } == "folder:DIR has no examples; at least one is needed")
    #expect(
      album.message { try DatasetSource.folder(album.path + "/none").load(split: .train) }.hasPrefix(
        "folder: DIR/none has no directory"))
    // A folder that contains itself ends.
    try FileManager.default.createSymbolicLink(atPath: album.path + "/a/round", withDestinationPath: album.path)
    try album.add("a/1.png", level: 3)
    #expect(try album.folder().count == 1)
  }

  @Test func threadsDoNotChangeTheBatches() throws {
    let album = try Album()
    for index in 0..<40 {
      try album.add("\(index % 3)/\(index).png", Album.picture(UInt8(5 * index), height: 12, width: 10))
    }
    let all = Augmentation(resizedCrop: 0.2, flip: 0.5, brightness: 0.3, contrast: 0.3, saturation: 0.3)
    func drain(_ workers: Int, _ augmentation: Augmentation) throws -> [[Float]] {
      let set = try album.folder(.train, PictureOptions(size: [8, 8], threads: workers))
      let loader = try Loader(
        set, batchSize: 16, order: .shuffled(seed: 2), normalization: .unit, epochs: 2, augmentation: augmentation,
        workers: workers)
      var found: [[Float]] = []
      while let batch = try loader.next() {
        found.append(try #require(batch["input"]).array(of: Float.self))
        found.append(try #require(batch["target"]).array(of: Float.self))
        loader.recycle(batch)
      }
      return found
    }
    for augmentation in [Augmentation.none, all, Augmentation(crop: 2)] {
      let one = try drain(1, augmentation)
      #expect(one.count == 12)
      for workers in [2, 5] { #expect(try drain(workers, augmentation) == one) }
    }
    let set = try album.folder(.train, PictureOptions(size: [8, 8]))
    let found = try PixelStatistics(of: set)
    let sum = try (0..<40).reduce(0.0) { $0 + Double(try filled(set, [$1]).pixels[..<64].reduce(0, +)) }
    #expect(abs(found.mean[0] - sum / (40 * 64 * 255)) < 1e-12)
  }
}

@Suite struct PictureTableTests {
  private func album(_ table: String) throws -> Album {
    let album = try Album()
    for name in ["one.png", "in/two.png", "three, or so.png"] { try album.add(name, level: UInt8(name.utf8.count)) }
    try album.add("table.csv", Array(table.utf8))
    return album
  }

  private func load(_ album: Album, _ options: PictureOptions = PictureOptions()) throws -> PictureDataset {
    try #require(
      try DatasetSource.labels(album.path + "/table.csv").load(split: .train, pictures: options) as? PictureDataset)
  }

  @Test func headingsQuotesAndTabs() throws {
    for table in [
      "path,class\none.png,cat\nin/two.png,ant\n\"three, or so.png\",cat\n",
      "one.png,cat\r\nin/two.png, ant \r\n\"three, or so.png\",\"cat\"\r\n\r\n",
      "\u{feff}File\tLabel\none.png\tcat\nin/two.png\tant\nthree, or so.png\tcat",
    ] {
      let album = try album(table)
      let set = try load(album)
      #expect(set.classNames == ["ant", "cat"])
      #expect((0..<set.count).map(set.label) == [1, 0, 1], "\(table)")
      #expect(try filled(set, [0]).pixels[0] == 7)
      withExtendedLifetime(album) {}
    }
    let album = try album("one.png,\"a \"\"b\"\"\"\n")
    #expect(try load(album).classNames == ["a \"b\""])
    withExtendedLifetime(album) {}
  }

  /// Names that come from elsewhere, such as a network's, may be given by their numbers.
  @Test func numbersStandForNamesThatAreKnown() throws {
    let album = try album("one.png,2\nin/two.png,0\n")
    let set = try load(album, PictureOptions(classNames: ["dog", "cow", "cat"]))
    #expect(set.classNames == ["dog", "cow", "cat"] && (0..<set.count).map(set.label) == [2, 0])
    // Where one of the names occurs, a number is no class.
    let mixed = try self.album("one.png,cat\nin/two.png,0\n")
    let half = try load(mixed, PictureOptions(classNames: ["dog", "cow", "cat"], skipLimit: 1))
    #expect((0..<half.count).map(half.label) == [2] && half.skipped.map(\.line) == [2])
    withExtendedLifetime((album, mixed)) {}
  }

  @Test func mistakesAreNamedWithTheirLines() throws {
    let album = try album("path,class\none.png,cat\nin/two.png\nno.png,cat\n\"in/two.png,dog\nin/two.png,dgo\n")
    try album.add("classes.txt", Array("dog\ncat\n".utf8))
    let set = try load(album)
    #expect(set.classNames == ["dog", "cat"] && set.count == 1)
    #expect(set.skipped.map(\.line) == [3, nil, 5, 6])
    #expect(
      set.skipped.map { $0.reason.replacingOccurrences(of: album.path, with: "DIR") } == [
        "DIR/table.csv:3: \"in/two.png\" has 1 field, expected path,class",
        "cannot open DIR/no.png: No such file or directory",
        "DIR/table.csv:5: \"\"in/two.png,dog\" has a quote that does not end, expected path,class",
        "DIR/table.csv:6: class 'dgo' is none of the 2 known; did you mean 'dog'?",
      ])
    #expect(throws: DataError.self) { try load(album, PictureOptions(skipLimit: 3)) }
  }

  @Test func hopelessTablesAreSaid() throws {
    for table in ["", "path,class\n", "\n\n"] {
      let album = try album(table)
      #expect(album.message { try load(album) } == "DIR/table.csv lists no pictures; write a line path,class for each")
    }
    let binary = try album("one.png,\u{0}\n")
    #expect(
      binary.message { try load(binary) } == "DIR/table.csv: line 1 is no UTF-8 text; save it as UTF-8 text")
    #expect(
      binary.message { try DatasetSource.labels(binary.path + "/table.csv").load(split: .test) }
        == "labels: DIR/table.csv has no test part; make a table of its own for the pictures that test")
    #expect(throws: DataError.self) { try DatasetSource.labels("/no/such.csv").load(split: .train) }
  }
}
