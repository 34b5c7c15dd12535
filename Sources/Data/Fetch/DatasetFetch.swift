import CFoveaCurl
import FoveaTensors

/// Fetches the well-known data sets from their homes.
///
/// ```swift
/// let fetch = try DatasetFetch.named("mnist")
/// try fetch.run(into: "data/mnist") { print($0.file, $0.done, $0.total) }
/// ```
/// Every file's size and SHA-256 are known and checked. What is there already is not fetched again, and a transfer that
/// was interrupted goes on where it stopped.
public struct DatasetFetch: Sendable {
  /// As `fovea datasets fetch` takes it.
  public let name: String
  /// Where the files come from.
  public let home: String
  /// Bytes to be fetched.
  public var totalBytes: Int { files.reduce(0) { $0 + $1.size } }

  let files: [PublishedFile]
  /// True for an archive that is unpacked when it is here.
  let isArchive: Bool

  /// How far a fetch is.
  public struct Progress: Sendable {
    /// The file that is coming.
    public let file: String
    /// Bytes of all files that are here.
    public let done: Int
    /// Bytes of all files.
    public let total: Int
  }

  /// The sets that can be fetched.
  public static let all: [DatasetFetch] = [
    DatasetFetch(
      name: "mnist", home: "https://ossci-datasets.s3.amazonaws.com/mnist",
      files: [
        ("train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
      ]),
    DatasetFetch(
      name: "fashion-mnist", home: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
      files: [
        ("train-images-idx3-ubyte.gz", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        ("train-labels-idx1-ubyte.gz", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ("t10k-images-idx3-ubyte.gz", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        ("t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
      ]),
    DatasetFetch(
      name: "cifar10", home: "https://www.cs.toronto.edu/~kriz", isArchive: true,
      files: [
        ("cifar-10-binary.tar.gz", 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
      ]),
  ]

  package init(name: String, home: String, isArchive: Bool = false, files: [(String, Int, String)]) {
    self.name = name
    self.home = home
    self.isArchive = isArchive
    self.files = files.map { PublishedFile(name: $0.0, size: $0.1, checksum: $0.2) }
  }

  /// The set of a name.
  /// - Throws: `FetchError.unknown`, with the nearest name.
  public static func named(_ name: String) throws(FetchError) -> DatasetFetch {
    if let found = all.first(where: { $0.name == name }) { return found }
    let known = all.map(\.name)
    throw .unknown(name: name, suggestion: nearestName(to: name, among: known), known: known)
  }

  /// How the set is named when its files lie in `directory`: what `--data` takes.
  public func source(in directory: String) -> String { "\(name):\(directory)" }

  /// Fetches into `directory`, which is made when it is not there.
  /// - Parameters:
  ///   - mirror: another home that has the same files.
  ///   - progress: called now and then, on the calling thread.
  /// - Returns: the files that came; empty when all were there.
  /// - Throws: `FetchError`, which says where to put what by hand.
  @discardableResult
  public func run(
    into directory: String, from mirror: String? = nil, progress: (Progress) -> Void = { _ in }
  ) throws(FetchError) -> [String] {
    let home = try checkedHome(mirror)
    do throws(FileError) { try AtomicFile.makeDirectory(directory) } catch { throw .file(error) }
    var missing: [PublishedFile] = []
    for file in files where try !isHere(file, directory) { missing.append(file) }
    try withoutActuallyEscaping(progress) { (progress) throws(FetchError) in
      try fetch(missing, directory, home, progress)
    }
    if isArchive { try unpack(directory, isFresh: !missing.isEmpty) }
    return missing.map(\.name)
  }

  private func checkedHome(_ mirror: String?) throws(FetchError) -> String {
    guard let mirror else { return home }
    guard mirror.hasPrefix("http://") || mirror.hasPrefix("https://") else { throw .badMirror(mirror) }
    return mirror.hasSuffix("/") ? String(mirror.dropLast()) : mirror
  }

  /// True when a file lies there with the right content.
  private func isHere(_ file: PublishedFile, _ directory: String) throws(FetchError) -> Bool {
    let path = directory + "/" + file.name
    guard Folder.kind(of: path) != nil else { return false }
    let bytes: MappedFile
    do { bytes = try MappedFile(path: path) } catch { throw .data(.tensors(error)) }
    var sum = SHA256()
    sum.update(bytes.bytes)
    let found = sum.hexadecimal()
    withExtendedLifetime(bytes) {}
    guard found == file.checksum else { throw .foreignFile(path: path, expected: file.checksum, found: found) }
    return true
  }

  private func fetch(
    _ missing: [PublishedFile], _ directory: String, _ home: String, _ progress: @escaping (Progress) -> Void
  ) throws(FetchError) {
    guard !missing.isEmpty else { return }
    var why: UnsafePointer<CChar>?
    guard let library = fovea_curl_open(&why) else {
      throw .noLibrary(
        reason: why.map { String(cString: $0) } ?? "", urls: missing.map { home + "/" + $0.name }, directory: directory)
    }
    var before = totalBytes - missing.reduce(0) { $0 + $1.size }
    for file in missing {
      let (start, total) = (before, totalBytes)
      try Download(
        url: home + "/" + file.name, file: file, path: directory + "/" + file.name,
        progress: { progress(Progress(file: file.name, done: start + $0, total: total)) }
      ).run(library)
      before += file.size
    }
  }

  /// CIFAR-10's files out of their archive, when it is new or they are not there.
  private func unpack(_ directory: String, isFresh: Bool) throws(FetchError) {
    func isComplete() -> Bool {
      let parts = DatasetPart.allCases.map { try? CIFAR10.sizes(of: CIFAR10.files(directory, $0)).reduce(0, +) }
      return parts == [50_000, 10_000]
    }
    if !isFresh, isComplete() { return }
    for file in files {
      _ = try TarReader.unpack(directory + "/" + file.name, into: directory) {
        $0.hasSuffix(".bin") || $0 == "batches.meta.txt"
      }
    }
  }
}
