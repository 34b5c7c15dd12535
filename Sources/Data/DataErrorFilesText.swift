import FoveaTensors

extension DataError {
  /// The texts of files of records, folders, tables and options.
  var filesDescription: String? {
    switch self {
    case .badRecords(let path, let fileBytes, let recordBytes):
      "\(path): has \(fileBytes) bytes, which is no whole number of CIFAR-10's records of \(recordBytes); "
        + (fileBytes > 0 && fileBytes % (recordBytes + 1) == 0
          ? "it looks like CIFAR-100, which has two labels a record" : "fetch the file again")
    case .badClassNames(let path, let expected, let found):
      "\(path): names \(found) different \(plural("class", found, "es")), expected \(expected), one a line"
    case .badText(let path, let reason):
      "\(path): \(reason); save it as UTF-8 text"
    case .noClasses(let directory):
      "\(directory) has no folders; put the pictures of each class into a folder of the class's name"
    case .emptyTable(let path):
      "\(path) lists no pictures; write a line path,class for each"
    case .badRow(let path, let line, let text, let found):
      "\(path):\(line): \"\(text)\" has \(found == 0 ? "a quote that does not end" : "\(found) \(plural("field", found))"), "
        + "expected path,class"
    case .unknownClass(let path, let line, let name, let suggestion, let known):
      "\(path)\(line.map { ":\($0)" } ?? ""): class '\(name)' is none of the \(known) known; "
        + (suggestion.map { "did you mean '\($0)'?" } ?? "correct it, or train with it")
    case .tooManySkipped(let name, let count, let total, let limit, let first):
      "\(name): \(count) of \(total) files cannot be used, more than the \(limit) that may be left out; the first: \(first)"
    case .differentSizes(let name, let sizes):
      "\(name): the pictures have different sizes, from \(text(sizes.smallest)) to \(text(sizes.largest)), half of them "
        + "up to \(text(sizes.median)); say which size the network is to see, e.g. 224"
    case .badOption(let name, let value, let expected):
      "\(name) cannot be \(value), expected \(expected)"
    case .notFinite(let name, let example):
      "\(name): example \(example) has a value that is not finite; remove or repair it"
    case .badAugmentation(let term, let reason):
      "augmentation '\(term)': \(reason)"
    case .augmentationUnfit(let dataset, let shape, let augmentation):
      "\(dataset) has examples of shape \(shape), which \(augmentation) cannot vary: only pictures [C×H×W] can; "
        + "leave the augmentation out"
    default: nil
    }
  }

  private func text(_ size: [Int]) -> String { size.map(String.init).joined(separator: "×") }

  private func plural(_ word: String, _ count: Int, _ ending: String) -> String { count == 1 ? word : word + ending }
}
