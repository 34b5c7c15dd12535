import FoveaTensors

/// What a folder holds, seen before anything is trained: kind, classes, sizes, broken files.
///
/// ```swift
/// for found in try DatasetInspection.look(at: "photos") { print(found.form ?? "-", found.parts.map(\.count)) }
/// ```
public struct DatasetInspection: Sendable {
  /// A part of a data set.
  public struct Part: Sendable {
    /// `train`, `test`, or `all` where it is not divided.
    public let name: String
    /// Examples that can be used.
    public let count: Int
    /// Examples of each class, in the order of `classNames`.
    public let classCounts: [Int]
  }

  /// As `--data` takes it; nil for files that no data set can be made of.
  public let form: String?
  /// Where it is.
  public let path: String
  /// What it is, in a few words.
  public let summary: String
  public let classNames: [String]
  public let parts: [Part]
  /// Shape of an example, where all have the same.
  public let sampleShape: Shape?
  /// Of pictures in files.
  public let sizes: PictureSizes?
  /// Files that training would leave out, and why.
  public let skipped: [SkippedFile]
  /// What is wrong, or worth knowing.
  public let notes: [String]

  init(
    form: String?, path: String, summary: String, classNames: [String] = [], parts: [Part] = [],
    sampleShape: Shape? = nil, sizes: PictureSizes? = nil, skipped: [SkippedFile] = [], notes: [String] = []
  ) {
    self.form = form
    self.path = path
    self.summary = summary
    self.classNames = classNames
    self.parts = parts
    self.sampleShape = sampleShape
    self.sizes = sizes
    self.skipped = skipped
    self.notes = notes
  }

  /// What is in a directory, or in the directories in it where it is none itself; or in a table. Looks at every file,
  /// but decodes no picture.
  /// - Parameter threads: that look at files; nil is one for each processor, at most 16.
  /// - Throws: `DataError.tensors` when the directory cannot be read.
  public static func look(at path: String, threads: Int? = nil) throws(DataError) -> [DatasetInspection] {
    var path = expandedHome(path)
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    let inspector = Inspector(threads: threads)
    if Folder.kind(of: path) == .file { return [inspector.table(path)] }
    let names = try Folder.names(in: path)
    let folders = names.filter { Folder.kind(of: path + "/" + $0) == .directory }
    let own = inspector.binary(path, names) + inspector.tables(path, names)
    if own.isEmpty, let inner = collection(path, folders, inspector) { return inner }
    return own + inspector.pictures(path, names, folders)
  }

  /// Those of the folders in `path`, when one of them is a data set of its own: then they are no classes.
  private static func collection(
    _ path: String, _ folders: [String], _ inspector: Inspector
  ) -> [DatasetInspection]? {
    guard !folders.contains("train") else { return nil }
    var found: [DatasetInspection] = []
    var isCollection = false
    for folder in folders {
      let inside = path + "/" + folder
      guard let names = try? Folder.names(in: inside) else { continue }
      let binary = inspector.binary(inside, names)
      let inner = names.filter { Folder.kind(of: inside + "/" + $0) == .directory }
      if !binary.isEmpty || inner.contains("train") { isCollection = true }
      found += binary.isEmpty ? inspector.tables(inside, names) + inspector.pictures(inside, names, inner) : binary
    }
    return isCollection ? found : nil
  }
}

/// Recognizes one kind after the other.
private struct Inspector {
  let threads: Int?

  // MARK: Files of many examples

  func binary(_ path: String, _ names: [String]) -> [DatasetInspection] {
    var found: [DatasetInspection] = []
    if names.contains(where: { $0.hasPrefix("train-images") || $0.hasPrefix("t10k-images") }) {
      found.append(whole(.mnist(path), "labelled pictures in MNIST's format"))
    }
    let records = names.filter { $0.hasSuffix(".bin") }
    if records.contains(where: { $0.hasPrefix("data_batch") || $0.contains("train") || $0.contains("test") }),
      (try? CIFAR10.sizes(of: CIFAR10.files(path, .train))) != nil
        || (try? CIFAR10.sizes(of: CIFAR10.files(path, .test))) != nil || names.contains("batches.meta.txt")
    {
      found.append(whole(.cifar10(path), "CIFAR-10, binary version"))
    }
    return found
  }

  private func whole(_ source: DatasetSource, _ summary: String) -> DatasetInspection {
    var parts: [DatasetInspection.Part] = []
    var notes: [String] = []
    var shape: Shape?
    var names: [String] = []
    for part in DatasetPart.allCases {
      do {
        let set = try source.load(split: part)
        if let shape, shape != set.sampleShape {
          notes.append("the parts have pictures \(shape) and \(set.sampleShape)")
        }
        (shape, names) = (set.sampleShape, set.classNames)
        let labels = (0..<set.count).map { set.label($0) }
        parts.append(self.part(part.rawValue, labels, classes: names.count))
      } catch { notes.append(error.description) }
    }
    return DatasetInspection(
      form: source.description, path: source.location, summary: summary, classNames: names, parts: parts,
      sampleShape: shape, notes: notes)
  }

  private func part(_ name: String, _ labels: [Int32], classes: Int) -> DatasetInspection.Part {
    var counts = [Int](repeating: 0, count: classes)
    for label in labels { counts[Int(label)] += 1 }
    return DatasetInspection.Part(name: name, count: labels.count, classCounts: counts)
  }

  // MARK: Pictures in files

  func tables(_ path: String, _ names: [String]) -> [DatasetInspection] {
    names.filter { ["csv", "tsv"].contains(PictureFolder.ending(of: $0)) && Folder.kind(of: path + "/" + $0) == .file }
      .map { table(path + "/" + $0) }
  }

  func table(_ path: String) -> DatasetInspection {
    let summary = "a table of pictures and their classes"
    do {
      return inspection("labels:\(path)", path, summary, [("all", try PictureTable.list(path, classNames: nil))])
    } catch { return DatasetInspection(form: nil, path: path, summary: "a table", notes: [error.description]) }
  }

  func pictures(_ path: String, _ names: [String], _ folders: [String]) -> [DatasetInspection] {
    let loose = names.filter { PictureFolder.endings.contains(PictureFolder.ending(of: $0)) }
    let isDivided = folders.contains("train")
    let hasPictures =
      isDivided
      || folders.contains { folder in
        guard let found = try? PictureFolder.names(in: path + "/" + folder) else { return false }
        return !found.pictures.isEmpty || !found.others.isEmpty
      }
    guard hasPictures else { return loose.isEmpty ? [] : [withoutClasses(path, loose)] }
    var notes: [String] = []
    if !loose.isEmpty {
      notes.append("\(loose.count) pictures lie beside the folders and have no class, e.g. \(path)/\(loose[0])")
    }
    var lists: [(String, PictureFiles)] = []
    for part in isDivided ? DatasetPart.allCases : [.train] {
      do {
        lists.append((isDivided ? part.rawValue : "all", try PictureFolder.list(path, part, classNames: nil)))
      } catch { notes.append(error.description) }
    }
    return [inspection("folder:\(path)", path, "pictures, a folder for each class", lists, notes)]
  }

  private func withoutClasses(_ path: String, _ names: [String]) -> DatasetInspection {
    let paths = names.map { path + "/" + $0 }
    var files = PictureFiles()
    (files.paths, files.labels, files.classNames) = (paths, paths.map { _ in 0 }, [""])
    let found = inspection(nil, path, "pictures without classes", [("all", files)])
    return DatasetInspection(
      form: nil, path: path, summary: found.summary,
      parts: found.parts.map { .init(name: $0.name, count: $0.count, classCounts: []) },
      sampleShape: found.sampleShape, sizes: found.sizes, skipped: found.skipped,
      notes: ["put each picture into a folder of its class's name, or list them in a table path,class"])
  }

  /// Looks at the files of all parts.
  private func inspection(
    _ form: String?, _ path: String, _ summary: String, _ lists: [(name: String, files: PictureFiles)],
    _ notes: [String] = []
  ) -> DatasetInspection {
    var notes = notes
    var parts: [DatasetInspection.Part] = []
    var skipped: [SkippedFile] = []
    var good: [PictureHeader] = []
    let names = lists.first?.files.classNames ?? []
    for (name, files) in lists {
      let report = SkipReport()
      for (file, order) in files.skipped { report.add(file, order: order) }
      var labels: [Int32] = []
      do {
        for (index, header) in try PictureScan.headers(of: files.paths, threads: threads).enumerated() {
          switch header {
          case .success(let header):
            good.append(header)
            labels.append(files.labels[index])
          case .failure(let error):
            report.add(SkippedFile(path: files.paths[index], line: nil, reason: error.description), order: index)
          }
        }
      } catch { notes.append(error.description) }
      parts.append(part(name, labels, classes: names.count))
      skipped += report.files
      let limit = PictureOptions().skipLimit(of: files.total)
      if report.files.count > limit {
        notes.append(
          "\(report.files.count) of \(files.total) files cannot be used; training stops at more than \(limit)")
      }
    }
    if let first = parts.first, names.count > 1 {
      let empty = names.indices.filter { first.classCounts[$0] == 0 }.map { names[$0] }
      if !empty.isEmpty { notes.append("no picture to train on: \(empty.joined(separator: ", "))") }
    }
    let sizes = good.isEmpty ? nil : PictureSizes(good)
    let same = good.first.flatMap { first in
      good.allSatisfy { $0.height == first.height && $0.width == first.width }
        ? Shape([good.allSatisfy { $0.channels == 1 } ? 1 : 3, first.height, first.width]) : nil
    }
    return DatasetInspection(
      form: form, path: path, summary: summary, classNames: names, parts: parts, sampleShape: same, sizes: sizes,
      skipped: skipped, notes: notes)
  }
}
