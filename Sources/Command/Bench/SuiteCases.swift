import Fovea

/// What `fovea bench --suite` measures: the table of `Benchmarks/README.md`, row by row.
enum SuiteCases {
  /// A row of the table.
  struct Case: Sendable {
    /// E.g. `train resnet18 b16` or `infer resnet50 b16 bf16`.
    let name: String
    let work: Work
  }

  enum Work: Sendable {
    /// A step, timed by `fovea bench`.
    case step(Step)
    /// A whole process, from its start to its end.
    case process(WholeProcess)
  }

  /// A step of a network.
  struct Step: Sendable {
    let network: String
    let task: SummaryCommand.Task
    let batch: Int
    var precision = "f32"
    var memory = MemoryUse.usual
  }

  /// Processes that users start.
  enum WholeProcess: String, Sendable, CaseIterable {
    /// Load LeNet-5 from its file, decode a picture, say what it is.
    case predict = "predict lenet5"
    /// Load MNIST, train LeNet-5 for one step, write its run.
    case train = "train lenet5 one step"
    case help = "help"
    /// Bytes of the program's file.
    case size
  }

  static let all: [Case] = processes + trainings + inferences

  private static let processes = WholeProcess.allCases.map { Case(name: "process \($0.rawValue)", work: .process($0)) }
  private static let trainings =
    training.map { step(Step(network: $0.0, task: .train, batch: $0.1)) }
    + [step(Step(network: "resnet50", task: .train, batch: 16, memory: .low))]
  private static let inferences =
    inference.map { step(Step(network: $0.0, task: .infer, batch: $0.1)) }
    + [1, 16].map { step(Step(network: "resnet50", task: .infer, batch: $0, precision: "bf16")) }

  private static let training: [(String, Int)] = [
    ("mnist-1d-conv", 100), ("lenet5", 64), ("two-conv", 128), ("resnet18-cifar", 128), ("resnet18", 16),
    ("resnet50", 16), ("unet", 2),
  ]

  private static let inference: [(String, Int)] = [
    ("mnist-1d-conv", 1), ("mnist-1d-conv", 100), ("lenet5", 1), ("lenet5", 64), ("vgg16", 1), ("vgg16", 16),
    ("unet", 1), ("resnet18", 1), ("resnet18", 16), ("resnet50", 1), ("resnet50", 16), ("googlenet", 16),
    ("densenet121", 16), ("alexnet", 16),
  ]

  private static func step(_ step: Step) -> Case {
    var name = "\(step.task.rawValue) \(step.network) b\(step.batch)"
    if step.precision != "f32" { name += " \(step.precision)" }
    if step.memory != .usual { name += " \(step.memory.rawValue) memory" }
    return Case(name: name, work: .step(step))
  }
}
