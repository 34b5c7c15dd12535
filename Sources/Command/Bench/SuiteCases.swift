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
    case step(network: String, task: SummaryCommand.Task, batch: Int, precision: String)
    /// A whole process, from its start to its end.
    case process(WholeProcess)
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

  static let all: [Case] =
    WholeProcess.allCases.map { Case(name: "process \($0.rawValue)", work: .process($0)) }
    + training.map { step($0, .train, $1) } + inference.map { step($0, .infer, $1) }
    + [1, 16].map { step("resnet50", .infer, $0, "bf16") }

  private static let training: [(String, Int)] = [
    ("mnist-1d-conv", 100), ("lenet5", 64), ("two-conv", 128), ("resnet18-cifar", 128), ("resnet18", 16),
    ("resnet50", 16), ("unet", 2),
  ]

  private static let inference: [(String, Int)] = [
    ("mnist-1d-conv", 1), ("mnist-1d-conv", 100), ("lenet5", 1), ("lenet5", 64), ("vgg16", 1), ("vgg16", 16),
    ("unet", 1), ("resnet18", 1), ("resnet18", 16), ("resnet50", 1), ("resnet50", 16), ("googlenet", 16),
    ("densenet121", 16), ("alexnet", 16),
  ]

  private static func step(
    _ network: String, _ task: SummaryCommand.Task, _ batch: Int, _ precision: String = "f32"
  ) -> Case {
    let ending = precision == "f32" ? "" : " \(precision)"
    return Case(
      name: "\(task.rawValue) \(network) b\(batch)\(ending)",
      work: .step(network: network, task: task, batch: batch, precision: precision))
  }
}
