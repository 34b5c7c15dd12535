import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The networks that are known by name.
///
/// ```swift
/// let model = try Zoo.standard.model("two-conv", input: [3, 32, 32], classes: 10)
/// ```
public struct Zoo: Sendable {
  /// A network and what its paper gives it.
  public struct Entry: Sendable {
    /// The name on the command line.
    public let name: String
    /// One sentence.
    public let summary: String
    /// Authors and year, e.g. `He et al. 2015`; empty for our own.
    public let paper: String
    /// The shape of one example, [C, H, W], unless another is asked for.
    public let input: InputShape
    /// Number of classes, unless another is asked for.
    public let classes: Int
    /// What its output says.
    public let task: Task
    /// The scale of random weights that the network was published with, unless another is asked for.
    public let initialization: InitializationScheme
    /// How pictures become the inputs that published weights were trained on; nil where there are none.
    public let preprocessing: Preprocessing?
    /// Beginnings of the names that published weights have and this network has no place for, e.g. of heads that
    /// serve training only.
    public let leavesOut: [String]
    /// The network for a number of classes.
    public let network: @Sendable (_ classes: Int) -> any Layer

    /// What a network's output says.
    public enum Task: String, Sendable, CaseIterable {
      /// A score for each class, [N, classes].
      case classification
      /// Something for every place: classes, heatmaps, a picture, the rest of a signal.
      case dense
      /// Where things are.
      case detection
      /// Quantities.
      case regression
    }

    public init(
      name: String, summary: String, paper: String = "", input: InputShape, classes: Int, task: Task = .classification,
      initialization: InitializationScheme = .standard, preprocessing: Preprocessing? = nil,
      leavesOut: [String] = [], network: @escaping @Sendable (_ classes: Int) -> any Layer
    ) {
      self.name = name
      self.summary = summary
      self.paper = paper
      self.input = input
      self.classes = classes
      self.task = task
      self.initialization = initialization
      self.preprocessing = preprocessing
      self.leavesOut = leavesOut
      self.network = network
    }
  }

  /// The entries, in the order of lists.
  public let entries: [Entry]

  public init(_ entries: [Entry]) { self.entries = entries }

  /// The networks of the folder `Models`, family by family; each list stands in a file of its own.
  public static let standard = Zoo(small + torchvision + history + dense + detection)

  /// This zoo and one network more; one of the same name is replaced.
  public func adding(_ entry: Entry) -> Zoo { Zoo(entries.filter { $0.name != entry.name } + [entry]) }

  /// The network called `name`.
  /// - Throws: `ZooError.unknownModel` with the nearest names.
  public func entry(_ name: String) throws(ZooError) -> Entry {
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    let names = entries.map(\.name)
    throw .unknownModel(name: name, nearest: nearestNames(to: name, among: names), known: names)
  }

  /// A model with random weights.
  ///
  /// - Parameters:
  ///   - input: the shape of one example; the entry's own when nil.
  ///   - classes: number of classes; that of `classNames`, or the entry's own when nil.
  ///   - initialization: the scale of random weights; the entry's own when nil.
  ///   - isEmpty: leaves out the values, for a look at the network or for weights that follow.
  /// - Throws: `ZooError`, or `GraphError.mistakes` when the network does not fit the input.
  public func model(
    _ name: String, input: InputShape? = nil, classes: Int? = nil, classNames: [String] = [], seed: UInt64 = 0,
    initialization: InitializationScheme? = nil, preprocessing: Preprocessing? = nil, isEmpty: Bool = false
  ) throws -> Model {
    let entry = try entry(name)
    let count = classes ?? (classNames.isEmpty ? entry.classes : classNames.count)
    if !classNames.isEmpty, classNames.count != count {
      throw ZooError.classCount(names: classNames.count, classes: count)
    }
    return try Model(
      input: input ?? entry.input, classes: classNames, seed: seed,
      initialization: initialization ?? entry.initialization,
      preprocessing: preprocessing, name: name, isEmpty: isEmpty
    ) { entry.network(count) }
  }
}

/// What can go wrong when a network is asked for by name.
public enum ZooError: Error, Sendable, Equatable {
  case unknownModel(name: String, nearest: [String], known: [String])
  case classCount(names: Int, classes: Int)
}

extension ZooError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownModel(let name, let nearest, let known):
      let all = known.count > 12 ? "\(known.count), which fovea models lists" : known.joined(separator: ", ")
      let list = nearest.isEmpty ? "; there are \(all)" : suggestion(nearest)
      return "no network is called \"\(name)\"\(list)"
    case .classCount(let names, let classes):
      return "\(names) class names for \(classes) classes"
    }
  }
}
