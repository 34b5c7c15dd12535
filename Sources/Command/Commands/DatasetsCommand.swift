import Fovea

/// `fovea datasets [DIR]` and `fovea datasets fetch NAME`
struct DatasetsCommand: Command {
  static let name = "datasets"
  static let summary = "list the data sets, look into a folder of pictures, or fetch one"
  static let details = [
    "With DIR it says what is there: kind, classes and how many pictures each has, sizes, and the files that training "
      + "would leave out.",
    "fetch gets \(fetchable) into DIR (data/NAME) and checks what came; run it again after an interruption and it goes "
      + "on where it stopped.",
  ]
  static let operands = [
    OperandSpec("DIR", "a directory, or a table .csv, to look into; or the word fetch", isOptional: true),
    OperandSpec("NAME", "behind fetch: \(fetchable)", isOptional: true),
  ]
  static let options = [
    OptionSpec("to", "DIR", "where fetch puts the files", standard: "data/NAME"),
    OptionSpec("from", "URL", "another home that has the same files"),
    OptionSpec("json", nil, "one JSON object a line"),
  ]
  static let examples = [
    Example("fovea datasets", "what --data takes, and what is installed"),
    Example("fovea datasets ~/photos", "what there is in a directory"),
    Example("fovea datasets fetch mnist", "60,000 handwritten digits into data/mnist"),
  ]

  private static let fetchable = DatasetFetch.all.map(\.name).joined(separator: ", ")

  let job: Job
  let json: Bool

  enum Job: Sendable {
    case list
    case look(String)
    case fetch(DatasetFetch, into: String, mirror: String?)
  }

  init(_ arguments: inout Arguments) {
    json = arguments.has("json")
    let words = arguments.operands
    guard words.first == "fetch" else {
      job = words.first.map { Job.look($0) } ?? .list
      if words.count > 1 { arguments.reject("\"\(words[1])\" is too much") }
      for option in ["to", "from"] where arguments.isGiven(option) {
        arguments.reject("--\(option) goes with fetch: fovea datasets fetch NAME")
      }
      return
    }
    var wanted: DatasetFetch?
    if words.count > 1 {
      do { wanted = try DatasetFetch.named(words[1]) } catch { arguments.reject("\(error)") }
    } else {
      arguments.reject("NAME is missing: there are \(Self.fetchable)")
    }
    guard let wanted else {
      job = .list
      return
    }
    job = .fetch(wanted, into: arguments.text("to") ?? "data/\(wanted.name)", mirror: arguments.text("from"))
  }

  func run(_ console: Console) async throws -> Int32 {
    switch job {
    case .list: try list(in: nil, console)
    case .look(let path):
      let found = try DatasetInspection.look(at: path)
      if json {
        try list(in: path, console)
        for one in found { try console.json(DatasetReport(one).object) }
      } else if found.isEmpty {
        throw Failure(
          "\(path) holds nothing to train on: no pictures in folders, no table .csv, no MNIST or CIFAR files")
      } else {
        for one in found {
          for line in DatasetReport(one).lines { try console.out(line) }
        }
      }
    case .fetch(let fetch, let directory, let mirror): try self.fetch(fetch, directory, mirror, console)
    }
    return Program.Status.done
  }

  // MARK: The list

  private func list(in directory: String?, _ console: Console) throws {
    for listing in DatasetListing.all(in: directory) {
      if json {
        try console.json(object(listing))
        continue
      }
      try console.out("\(listing.form): \(listing.summary)")
      try console.out("  \(state(listing))")
    }
  }

  private func state(_ listing: DatasetListing) -> String {
    if let train = listing.trainCount, let test = listing.testCount {
      let counts = "\(Text.grouped(train)) to train, \(Text.grouped(test)) to test"
      return listing.location.map { "here: \(counts), in \($0)" } ?? "always here: \(counts)"
    }
    if let problem = listing.problem { return "missing: \(problem)" }
    let isTable = listing.form.hasSuffix(".csv")
    return
      "name its \(isTable ? "file" : "directory"): fovea datasets \(isTable ? "FILE.csv" : "DIR") looks what is there"
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

  // MARK: Fetching

  private func fetch(_ fetch: DatasetFetch, _ directory: String, _ mirror: String?, _ console: Console) throws {
    var shown = 0.0
    let came = try fetch.run(into: directory, from: mirror) { progress in
      let now = Clock.seconds()
      guard now - shown > 0.1 else { return }
      shown = now
      let share = "\(Text.bytes(progress.done)) of \(Text.bytes(progress.total))"
      console.progress("fetching \(progress.file), \(share)", share)
    }
    console.endProgress()
    let data = fetch.source(in: directory)
    if json { return try console.json(["data": data, "directory": directory, "fetched": came]) }
    let files = came.count == 1 ? "1 file" : "\(came.count) files"
    try console.out(came.isEmpty ? "all files are in \(directory) already" : "fetched \(files) into \(directory)")
    try console.out("train with --data \(ShellLine.quoted(data))")
  }
}
