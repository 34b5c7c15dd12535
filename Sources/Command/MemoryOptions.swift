import Fovea

extension MemoryUse {
  /// `--memory`, which `train` and `bench` take.
  static let option = OptionSpec(
    "memory", "usual|low", "low computes activations and norms twice, so that they need not be kept",
    standard: "usual")

  init(_ arguments: inout Arguments) {
    self = arguments.choice("memory", of: MemoryUse.allCases.map(\.rawValue)).flatMap(MemoryUse.init) ?? .usual
  }
}
