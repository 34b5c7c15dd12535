import FoveaTensors

/// The part of a data set that its makers set apart.
public enum DatasetPart: String, Sendable, CaseIterable {
  case train, test
}

/// A data set as the command line names it: `fashion-mnist`, `mnist:DIR`, `folder:DIR` …
///
/// ```swift
/// let source = try DatasetSource.parse("mnist:/data/mnist")
/// let train = try source.load(split: .train)
/// ```
public struct DatasetSource: Sendable, Hashable, CustomStringConvertible {
  let kind: DatasetKind
  /// The directory or file that was named; nil for a set that knows its own place.
  public let directory: String?

  /// Fashion-MNIST (Xiao et al. 2017), where the Debian package puts it.
  public static let fashionMNIST = DatasetSource(kind: .fashionMNIST, directory: nil)

  /// MNIST, or any set in MNIST's format with ten classes, in `directory`.
  public static func mnist(_ directory: String) -> DatasetSource {
    DatasetSource(kind: .mnist, directory: directory)
  }

  /// MNIST-1D, made by its generator.
  public static let mnist1D = DatasetSource(kind: .mnist1D, directory: nil)

  /// CIFAR-10's binary version in `directory`.
  public static func cifar10(_ directory: String) -> DatasetSource {
    DatasetSource(kind: .cifar10, directory: directory)
  }

  /// Pictures in a folder per class.
  public static func folder(_ directory: String) -> DatasetSource {
    DatasetSource(kind: .folder, directory: directory)
  }

  /// Pictures that a table of path and class lists.
  public static func labels(_ file: String) -> DatasetSource { DatasetSource(kind: .labels, directory: file) }

  /// Understands a name, or a name and a directory behind a colon. Nothing is read yet.
  /// - Throws: `DataError.unknownDataset` (with the nearest name), `.pathMissing`, `.pathUnwanted`.
  public static func parse(_ text: String) throws(DataError) -> DatasetSource {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let path = parts.count == 2 ? String(parts[1]) : nil
    guard let kind = DatasetKind.all.first(where: { $0.name == name }) else {
      let suggestion = nearestName(to: name, among: DatasetKind.all.map(\.name))
      let form = DatasetKind.all.first { $0.name == suggestion }?.form
      throw .unknownDataset(name: name, suggestion: form, known: DatasetKind.all.map(\.form))
    }
    switch kind.place {
    case .made: if let path { throw .pathUnwanted(name: name, path: path) }
    case .known: if path?.isEmpty ?? false { throw .pathMissing(form: kind.form) }
    case .directory, .file: if path?.isEmpty ?? true { throw .pathMissing(form: kind.form) }
    }
    return DatasetSource(kind: kind, directory: path)
  }

  /// Where the files are looked for; empty for a set that is made.
  public var location: String {
    if let directory { return expandedHome(directory) }
    if case .known(let place) = kind.place { return place() }
    return ""
  }

  /// Reads one part into memory, or, of pictures in files, looks at the files.
  /// - Parameter pictures: what pictures in files are made into; other sets have their own sizes.
  /// - Throws: `DataError`: `.datasetMissing` tells how to get it; what is wrong with its files.
  public func load(
    split: DatasetPart, pictures: PictureOptions = PictureOptions()
  ) throws(DataError) -> any Dataset {
    try kind.load(location, split, pictures)
  }

  /// The test part; all of it where the pictures are not divided into parts, as a set made for testing is not.
  /// - Throws: as `load`.
  public func loadForEvaluation(pictures: PictureOptions = PictureOptions()) throws(DataError) -> any Dataset {
    do {
      return try load(split: .test, pictures: pictures)
    } catch {
      guard case .datasetMissing = error, kind == .folder || kind == .labels else { throw error }
      return try load(split: .train, pictures: pictures)
    }
  }

  /// As `parse` reads it.
  public var description: String { directory.map { "\(kind.name):\($0)" } ?? kind.name }
}

/// A kind of data set. A new one is one file and one line in `all`.
struct DatasetKind: Sendable {
  /// Where a set comes from.
  enum Place: Sendable {
    /// From nowhere: it is made.
    case made
    /// A directory that it knows, unless another is named.
    case known(@Sendable () -> String)
    /// A directory that the user names.
    case directory
    /// A file that the user names.
    case file
  }

  /// The word before the colon.
  let name: String
  /// One line that says what it is.
  let summary: String
  let place: Place
  let load:
    @Sendable (_ location: String, _ part: DatasetPart, _ pictures: PictureOptions) throws(DataError) -> any Dataset
  /// Number of examples, from the files' headers.
  let count: @Sendable (_ location: String, _ part: DatasetPart) throws(DataError) -> Int

  /// As a user writes it.
  var form: String {
    switch place {
    case .made, .known: name
    case .directory: "\(name):DIR"
    case .file: "\(name):FILE.csv"
    }
  }

  /// Every kind there is.
  static let all: [DatasetKind] = [.fashionMNIST, .mnist, .mnist1D, .cifar10, .folder, .labels]
}

extension DatasetKind: Hashable {
  static func == (a: DatasetKind, b: DatasetKind) -> Bool { a.name == b.name }
  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A line of `fovea datasets`: what a data set is and whether it is here.
public struct DatasetListing: Sendable, Hashable {
  /// As `--data` takes it, e.g. `mnist:DIR`.
  public let form: String
  /// One line that says what it is.
  public let summary: String
  /// The directory that was looked into; nil when the user has to name one.
  public let location: String?
  /// Number of training examples; nil when they are not there.
  public let trainCount: Int?
  /// Number of test examples; nil when they are not there.
  public let testCount: Int?
  /// Why it cannot be used, with the mend; nil when it can.
  public let problem: String?

  /// True when both parts are there.
  public var isPresent: Bool { trainCount != nil && testCount != nil }

  /// Every kind of data set. One that needs a directory is looked for in `directory` and in the
  /// folder of its name there. Reads headers only. Pictures of one's own are `DatasetInspection`'s business.
  public static func all(in directory: String? = nil) -> [DatasetListing] {
    DatasetKind.all.map { kind in
      switch kind.place {
      case .made: return listing(kind, at: nil)
      case .known(let place): return listing(kind, at: place())
      case .file:
        return DatasetListing(
          form: kind.form, summary: kind.summary, location: nil, trainCount: nil, testCount: nil, problem: nil)
      case .directory:
        guard let directory, kind != .folder else {
          return DatasetListing(
            form: kind.form, summary: kind.summary, location: nil, trainCount: nil, testCount: nil, problem: nil)
        }
        let inside = listing(kind, at: directory + "/" + kind.name)
        if inside.isPresent { return inside }
        let here = listing(kind, at: directory)
        return here.isPresent ? here : inside
      }
    }
  }

  private static func listing(_ kind: DatasetKind, at directory: String?) -> DatasetListing {
    var problem: String?
    func count(_ part: DatasetPart) -> Int? {
      do {
        return try kind.count(directory ?? "", part)
      } catch {
        problem = problem ?? error.description
        return nil
      }
    }
    let train = count(.train)
    let test = count(.test)
    return DatasetListing(
      form: kind.form, summary: kind.summary, location: directory, trainCount: train, testCount: test,
      problem: problem)
  }
}
