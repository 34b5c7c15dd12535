import FoveaTensors

/// Which files a set has, with the class of each: from folders or from a table.
struct PictureFiles: Sendable {
  /// Paths as they are opened.
  var paths: [String] = []
  /// One for each path, an index into `classNames`.
  var labels: [Int32] = []
  var classNames: [String] = []
  /// What was left out while listing, with its place among all.
  var skipped: [(file: SkippedFile, order: Int)] = []

  /// Files and leavings.
  var total: Int { paths.count + skipped.count }

  mutating func skip(_ path: String, line: Int? = nil, _ error: DataError) {
    skipped.append((SkippedFile(path: path, line: line, reason: error.description), paths.count))
  }
}

/// A folder per class.
enum PictureFolder {
  static let endings = ["png", "jpg", "jpeg"]
  /// Pictures all the same, which nothing here decodes: named, not passed over.
  static let otherEndings = ["gif", "webp", "bmp", "tif", "tiff", "heic", "avif", "jp2", "jfif", "jpe", "ppm", "svg"]
  /// Folders within a class that are looked into.
  private static let deepest = 8

  /// The lower-case ending of a name; empty where there is none.
  static func ending(of name: String) -> String {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "" }
    return String(name[name.utf8.index(after: dot)...]).lowercased()
  }

  /// The directory of a part: DIR/train and DIR/test (or val), or, for training, DIR itself.
  /// - Throws: `DataError.datasetMissing` where the part is not.
  static func directory(of part: DatasetPart, in directory: String) throws(DataError) -> String {
    guard Folder.kind(of: directory) == .directory else {
      throw .datasetMissing(
        name: "folder", directory: directory, file: "directory", mend: "name a folder that has a folder for each class")
    }
    let names = try Folder.directories(in: directory)
    let isDivided = names.contains("train")
    switch part {
    case .train: return isDivided ? directory + "/train" : directory
    case .test:
      if isDivided, let name = ["test", "val", "valid", "validation"].first(where: names.contains) {
        return directory + "/" + name
      }
      throw .datasetMissing(
        name: "folder", directory: directory, file: "test",
        mend: "put the pictures into \(directory)/train/CLASS and \(directory)/test/CLASS")
    }
  }

  /// The pictures of a part, class after class.
  /// - Parameter classNames: see `PictureOptions.classNames`; of a test part, those of the training part.
  /// - Throws: `DataError.noClasses` for a folder without folders; `.tensors`.
  static func list(
    _ directory: String, _ part: DatasetPart, classNames: [String]?
  ) throws(DataError) -> PictureFiles {
    let place = try self.directory(of: part, in: directory)
    let folders = try Folder.directories(in: place)
    guard !folders.isEmpty else { throw .noClasses(directory: place) }
    var files = PictureFiles()
    if let classNames {
      files.classNames = classNames
    } else {
      files.classNames = part == .train ? folders : try Folder.directories(in: directory + "/train")
    }
    for folder in folders {
      let found = try names(in: place + "/" + folder)
      guard let label = files.classNames.firstIndex(of: folder) else {
        for name in found.pictures + found.others {
          let path = "\(place)/\(folder)/\(name)"
          files.skip(path, unknownClass(folder, in: path, line: nil, known: files.classNames))
        }
        continue
      }
      for name in Folder.sorted(found.pictures + found.others) {
        let path = "\(place)/\(folder)/\(name)"
        files.paths.append(path)
        files.labels.append(Int32(label))
      }
    }
    return files
  }

  /// The names below a class's folder: pictures that can be read, and those of other kinds.
  static func names(in directory: String) throws(DataError) -> (pictures: [String], others: [String]) {
    var pictures: [String] = []
    var others: [String] = []
    var waiting = [(path: "", depth: 0)]
    while let (inside, depth) = waiting.popLast() {
      for name in try Folder.names(in: directory + "/" + inside) {
        let path = inside + name
        switch Folder.kind(of: directory + "/" + path) {
        // A link to a folder may lead round in circles.
        case .directory:
          if depth < deepest, !Folder.isLink(directory + "/" + path) { waiting.append((path + "/", depth + 1)) }
        case .file, .other, nil:
          if endings.contains(ending(of: name)) {
            pictures.append(path)
          } else if otherEndings.contains(ending(of: name)) {
            others.append(path)
          }
        }
      }
    }
    return (Folder.sorted(pictures), Folder.sorted(others))
  }

  static func unknownClass(_ name: String, in path: String, line: Int?, known: [String]) -> DataError {
    .unknownClass(
      path: path, line: line, name: name, suggestion: nearestName(to: name, among: known), known: known.count)
  }
}

/// A table of path and class.
enum PictureTable {
  /// The files that the table lists, line after line; paths are relative to the table's folder.
  ///
  /// Two columns, path and class, divided by commas (or tabs), quoted where they contain one; a first line like
  /// `path,class` is a heading. Classes are those of `classes.txt` beside it when there is one, else all that
  /// occur, in the order of their bytes. Where names are given and none of them occurs, the table may hold their
  /// numbers, from 0.
  /// - Throws: `DataError.tensors`, `.badText`, `.noExamples`.
  static func list(_ path: String, classNames: [String]?) throws(DataError) -> PictureFiles {
    let lines = try TextLines(path: path).lines
    let directory = AtomicFile.parent(of: path)
    var rows: [(line: Int, path: String, name: String)] = []
    var files = PictureFiles()
    var problems: [(line: Int, text: String, found: Int)] = []
    let separator: Character = lines.first.map { $0.contains("\t") && !$0.contains(",") } == true ? "\t" : ","
    for (index, line) in lines.enumerated() where !line.allSatisfy({ $0 == " " }) {
      let fields = self.fields(of: line, separator)
      if index == 0, isHeading(fields, directory) { continue }
      if let fields, fields.count == 2, !fields[0].isEmpty, !fields[1].isEmpty {
        rows.append((index + 1, fields[0], fields[1]))
      } else {
        problems.append((index + 1, line, fields?.count ?? 0))
      }
    }
    guard !rows.isEmpty else { throw .emptyTable(path: path) }
    let known = if let classNames { classNames } else { try listedClasses(directory) }
    files.classNames = known ?? Folder.sorted(Array(Set(rows.map(\.name))))
    var numbers = Dictionary(files.classNames.enumerated().map { ($1, $0) }) { first, _ in first }
    // A table may give the numbers of classes whose names come from elsewhere.
    if classNames != nil, rows.allSatisfy({ numbers[$0.name] == nil }) {
      for number in files.classNames.indices { numbers[String(number)] = number }
    }
    var problem = problems[...]
    for row in rows {
      while let bad = problem.first, bad.line < row.line { skip(problem.removeFirst(), path, &files) }
      let file = row.path.hasPrefix("/") ? row.path : directory == "." ? row.path : directory + "/" + row.path
      guard let label = numbers[row.name] else {
        files.skip(
          file, line: row.line, PictureFolder.unknownClass(row.name, in: path, line: row.line, known: files.classNames))
        continue
      }
      files.paths.append(file)
      files.labels.append(Int32(label))
    }
    for bad in problem { skip(bad, path, &files) }
    return files
  }

  private static func skip(_ bad: (line: Int, text: String, found: Int), _ path: String, _ files: inout PictureFiles) {
    files.skip(
      path, line: bad.line, .badRow(path: path, line: bad.line, text: String(bad.text.prefix(60)), found: bad.found))
  }

  private static func listedClasses(_ directory: String) throws(DataError) -> [String]? {
    let path = directory + "/classes.txt"
    guard Folder.kind(of: path) == .file else { return nil }
    let names = try TextLines(path: path).lines.filter { !$0.isEmpty }
    guard !names.isEmpty, Set(names).count == names.count else {
      throw .badClassNames(path: path, expected: names.count, found: Set(names).count)
    }
    return names
  }

  /// A first line whose path is no file and which speaks of what a path or a class is.
  private static func isHeading(_ fields: [String]?, _ directory: String) -> Bool {
    guard let fields, let first = fields.first?.lowercased() else { return false }
    let words = ["path", "file", "filename", "file_name", "image", "image_path", "picture", "name", "id", "image_id"]
    return words.contains(first) && Folder.kind(of: directory + "/" + fields[0]) != .file
  }

  /// The fields of a line; nil when a quote is not closed.
  static func fields(of line: String, _ separator: Character) -> [String]? {
    var fields: [String] = []
    var field = ""
    var isQuoted = false
    var rest = Substring(line)
    while let letter = rest.popFirst() {
      switch letter {
      case "\"" where isQuoted && rest.first == "\"":
        field.append("\"")
        rest.removeFirst()
      case "\"" where isQuoted: isQuoted = false
      case "\"" where field.allSatisfy({ $0 == " " }): (field, isQuoted) = ("", true)
      case separator where !isQuoted:
        fields.append(trimmed(field))
        field = ""
      default: field.append(letter)
      }
    }
    return isQuoted ? nil : fields + [trimmed(field)]
  }

  private static func trimmed(_ text: String) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
