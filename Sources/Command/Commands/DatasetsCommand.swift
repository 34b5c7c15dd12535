import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `fovea datasets [DIR]`
struct DatasetsCommand: Command {
  static let name = "datasets"
  static let summary = "list the data sets, and which of them are here"
  static let operands = [OperandSpec("DIR", "a directory to look for data sets in", isOptional: true)]
  static let options = [OptionSpec("json", nil, "one JSON object a line")]
  static let examples = [
    Example("fovea datasets", "what --data takes, and what is installed"),
    Example("fovea datasets ~/data", "what there is in a directory"),
  ]

  let directory: String?
  let json: Bool

  init(_ arguments: inout Arguments) {
    directory = arguments.operands.first
    json = arguments.has("json")
  }

  func run(_ console: Console) async throws -> Int32 {
    if let directory {
      guard let folder = opendir(directory) else {
        throw Failure("cannot look into \(directory): \(String(cString: strerror(errno)))")
      }
      closedir(folder)
    }
    for listing in DatasetListing.all(in: directory) {
      if json {
        try console.json(object(listing))
        continue
      }
      try console.out("\(listing.form): \(listing.summary)")
      try console.out("  \(state(listing))")
    }
    return Program.Status.done
  }

  private func state(_ listing: DatasetListing) -> String {
    if let train = listing.trainCount, let test = listing.testCount {
      return "here: \(Text.grouped(train)) to train, \(Text.grouped(test)) to test, in \(listing.location ?? "?")"
    }
    if let problem = listing.problem { return "missing: \(problem)" }
    return "name its directory: fovea datasets DIR looks what is there"
  }

  private func object(_ listing: DatasetListing) -> [String: Any] {
    var object: [String: Any] = [
      "data": listing.form, "summary": listing.summary, "present": listing.isPresent,
    ]
    object["location"] = listing.location
    object["train"] = listing.trainCount
    object["test"] = listing.testCount
    object["problem"] = listing.problem
    return object
  }
}
