import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension DatasetKind {
  /// Handwritten digits (LeCun et al. 1998).
  static let mnist = DatasetKind(
    name: "mnist", summary: "handwritten digits, 28×28 gray, 10 classes (IDX files, plain or .gz)",
    place: .directory,
    load: { (directory, part, _) throws(DataError) in
      try mnistLayout.load("mnist", directory, part, classNames: (0..<10).map(String.init))
    },
    count: { (directory, part) throws(DataError) in try mnistLayout.count("mnist", directory, part) })

  /// Articles of clothing (Xiao, Rasul, Vollgraf 2017), in MNIST's format.
  static let fashionMNIST = DatasetKind(
    name: "fashion-mnist", summary: "articles of clothing, 28×28 gray, 10 classes",
    place: .known {
      getenv("FOVEA_FASHION_MNIST").map { String(cString: $0) } ?? "/usr/share/datasets/fashion-mnist"
    },
    load: { (directory, part, _) throws(DataError) in
      try fashionLayout.load(
        "fashion-mnist", directory, part,
        classNames: [
          "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        ])
    },
    count: { (directory, part) throws(DataError) in try fashionLayout.count("fashion-mnist", directory, part) })

  private static let mnistLayout = MNISTLayout(
    mend: "put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
      + "t10k-labels-idx1-ubyte there (.gz is fine)")
  private static let fashionLayout = MNISTLayout(
    mend: "install it (Debian: apt-get install dataset-fashion-mnist) or name its directory in FOVEA_FASHION_MNIST")
}

/// The four files that MNIST and its imitators come in.
struct MNISTLayout: Sendable {
  let mend: String

  /// Finds a file under any of the names that are in use: with `-` or `.` before `idx`, plain or `.gz`.
  private func find(
    _ dataset: String, _ directory: String, _ stem: String, _ kind: String
  ) throws(DataError) -> String {
    for dot in ["-", "."] {
      for ending in ["", ".gz"] {
        let path = "\(directory)/\(stem)\(dot)\(kind)\(ending)"
        if access(path, F_OK) == 0 { return path }
      }
    }
    throw .datasetMissing(name: dataset, directory: directory, file: "\(stem)-\(kind)[.gz]", mend: mend)
  }

  private func stem(_ part: DatasetPart) -> String { part == .train ? "train" : "t10k" }

  func load(
    _ dataset: String, _ directory: String, _ part: DatasetPart, classNames: [String]
  ) throws(DataError) -> any Dataset {
    let images = try find(dataset, directory, stem(part) + "-images", "idx3-ubyte")
    let labels = try find(dataset, directory, stem(part) + "-labels", "idx1-ubyte")
    return try IDX.dataset(name: dataset, images: images, labels: labels, classNames: classNames)
  }

  func count(_ dataset: String, _ directory: String, _ part: DatasetPart) throws(DataError) -> Int {
    _ = try find(dataset, directory, stem(part) + "-images", "idx3-ubyte")
    return try IDX.labelCount(path: find(dataset, directory, stem(part) + "-labels", "idx1-ubyte"))
  }
}

/// Replaces a leading `~/`, which a shell leaves alone behind a colon.
func expandedHome(_ path: String) -> String {
  guard path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
  return String(cString: home) + path.dropFirst()
}
