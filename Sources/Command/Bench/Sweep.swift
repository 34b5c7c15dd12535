import Fovea

/// What `--sweep` varies, and over which values.
struct Sweep: Sendable {
  enum Axis: String, Sendable, CaseIterable {
    /// Examples in a step.
    case batch
    /// Height and width of a picture, or the length of a signal.
    case size
    /// Width of a network that knows one: maps of its first layers.
    case channels
    /// Members of a family whose names tell their depth, as resnet20 and resnet56.
    case depth
    case threads
  }

  let axis: Axis
  let values: [Int]

  static let form = "AXIS=N,N,…"

  /// `batch=1,2,4`; what is wrong with it is added to the mistakes.
  init?(_ text: String, _ arguments: inout Arguments) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let names = Axis.allCases.map(\.rawValue)
    guard let axis = Axis(rawValue: parts[0]) else {
      let near = nearestName(to: parts[0], among: names).map { "did you mean \($0)? " } ?? ""
      arguments.reject(
        "--sweep varies one of \(names.joined(separator: ", ")), not \"\(parts[0])\"; \(near)"
          + "e.g. --sweep batch=1,2,4,8")
      return nil
    }
    let values = parts.count < 2 ? [] : parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let numbers = values.compactMap { $0 }
    let most = axis == .threads ? 1024 : 1_000_000
    guard !numbers.isEmpty, numbers.count == values.count, numbers.count <= 100,
      numbers.allSatisfy({ (1...most).contains($0) })
    else {
      arguments.reject(
        "--sweep \(axis.rawValue)= takes up to 100 whole numbers from 1 to \(most), e.g. \(axis.rawValue)=1,2,4,8, "
          + "not \"\(parts.count < 2 ? "" : parts[1])\"")
      return nil
    }
    self.axis = axis
    self.values = numbers
  }

  /// A network, its step and what it runs on, for one value.
  struct Point {
    let model: Model
    let batch: Int
    let threads: Int
  }

  /// What is measured at one value.
  /// - Throws: `Failure` where the network cannot be varied that way.
  func point(_ value: Int, _ options: ModelOptions, input: InputSizes, batch: Int, threads: Int) throws -> Point {
    var shape = input.dims
    var name = options.text
    var zoo = Zoo.standard
    switch axis {
    case .batch: return Point(model: try options.load(inputs: input, batch: value), batch: value, threads: threads)
    case .threads: return Point(model: try options.load(inputs: input, batch: batch), batch: batch, threads: value)
    case .size:
      let own = try shape ?? entry(options, name).input.shape.dims
      shape = own.prefix(1) + own.dropFirst().map { _ in value }
    case .depth: name = try member(options, value)
    case .channels: zoo = try widened(options, value)
    }
    return Point(model: try load(zoo, name, shape), batch: batch, threads: threads)
  }

  /// Says what cannot be varied that way, before anything is measured.
  /// - Throws: `Failure`.
  func check(_ options: ModelOptions) throws {
    switch axis {
    case .batch, .threads: break
    case .size: _ = try entry(options, options.text)
    case .depth: for value in values { _ = try member(options, value) }
    case .channels: for value in values { _ = try widened(options, value) }
    }
  }

  /// One of the zoo with random weights.
  private func load(_ zoo: Zoo, _ name: String, _ input: [Int]?) throws -> Model {
    let wish = input.map { InputShape(Shape($0)) }
    do {
      return try zoo.model(name, input: wish)
    } catch let error as GraphError {
      throw Failure("\(name) does not fit inputs of shape \(wish.map { "\($0.shape)" } ?? "of its own"). \(error)")
    }
  }

  private func entry(_ options: ModelOptions, _ name: String) throws -> Zoo.Entry {
    guard !options.isFile, options.weights == nil else {
      throw Failure("--sweep \(axis.rawValue) goes with a name that fovea models lists, without --weights")
    }
    return try Zoo.standard.entry(name)
  }

  /// The network of the same family with another number in its name.
  private func member(_ options: ModelOptions, _ depth: Int) throws -> String {
    _ = try entry(options, options.text)
    let name = options.text
    guard let first = name.firstIndex(where: \.isNumber) else {
      throw Failure("--sweep depth goes with networks whose names tell their depth, such as resnet20; \(name) does not")
    }
    let (head, tail) = (name[..<first], name[first...].drop(while: \.isNumber))
    let wanted = "\(head)\(depth)\(tail)"
    guard Zoo.standard.entries.contains(where: { $0.name == wanted }) else {
      let family = Zoo.standard.entries.map(\.name).filter {
        $0.hasPrefix(head) && $0.hasSuffix(tail) && $0.dropFirst(head.count).dropLast(tail.count).allSatisfy(\.isNumber)
      }
      throw Failure("there is no \(wanted); of this family there are \(family.joined(separator: ", "))")
    }
    return wanted
  }

  /// Networks that can be made wider and narrower.
  private static let widths: [String: @Sendable (_ classes: Int, _ width: Int) -> any Layer] = [
    "generic-cnn": { GenericCNN(modules: 3, width: $1, classes: $0) },
    "generic-cnn-pool": { GenericCNN(modules: 3, width: $1, head: .pool, classes: $0) },
    "unet": { UNet(classes: $0, width: $1) },
    "unet-2015": { UNet(classes: $0, width: $1, padded: false) },
    "fcn32s": { FCN(stride: 32, classes: $0, width: $1) },
    "fcn16s": { FCN(stride: 16, classes: $0, width: $1) },
    "fcn8s": { FCN(stride: 8, classes: $0, width: $1) },
    "deconvnet": { DeconvNet(classes: $0, width: $1) },
    "hourglass": { Hourglass(joints: $0, width: $1) },
    "yolov1-tiny": { FastYOLOv1(classes: $0, width: $1) },
  ]

  private func widened(_ options: ModelOptions, _ width: Int) throws -> Zoo {
    let entry = try entry(options, options.text)
    guard let network = Sweep.widths[entry.name] else {
      throw Failure(
        "--sweep channels goes with networks that have a width: "
          + "\(Sweep.widths.keys.sorted().joined(separator: ", ")); \(entry.name) has none")
    }
    return Zoo.standard.adding(
      Zoo.Entry(
        name: entry.name, summary: entry.summary, paper: entry.paper, input: entry.input, classes: entry.classes,
        task: entry.task, initialization: entry.initialization, network: { network($0, width) }))
  }
}

/// A row of a sweep.
struct SweepRow: Sendable {
  /// As it was typed.
  let name: String
  let value: Int
  let report: BenchReport

  static func head(_ axis: Sweep.Axis, _ names: [String]) -> String {
    cells(names, "network", axis.rawValue, ["ms", "ms/image", "images/s", "GFLOP/s", "% peak", "GB/s", "MB"])
  }

  func line(_ names: [String]) -> String {
    let roof = report.roof
    return SweepRow.cells(
      names, name, "\(value)",
      [
        Text.milliseconds(report.timing.milliseconds),
        Text.milliseconds(report.timing.milliseconds / Double(report.batch)),
        Text.grouped(Int(report.imagesPerSecond)), Text.decimals(roof.gigaflops, 1),
        Text.decimals(100 * report.shareOfPeak, 0), Text.decimals(roof.gigabytes, 1),
        Text.decimals(report.timing.peakMegabytes, 0),
      ])
  }

  /// Columns of fixed width, since each row is shown when it is measured.
  private static func cells(_ names: [String], _ name: String, _ value: String, _ rest: [String]) -> String {
    let width = max(7, names.map(\.count).max() ?? 0)
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return name + String(repeating: " ", count: max(0, width - name.count)) + right(value, 10)
      + rest.map { right($0, 11) }.joined()
  }
}
