import FoveaExecution

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Where plans run: a list of backends in order of preference, and a number of threads.
///
/// ```swift
/// let device = Device.cpu(threads: 2)   // with `import Fovea`
/// ```
public struct Device: Sendable {
  /// As the command line and `run.json` call it, e.g. `cpu`.
  public let name: String
  /// Best first; the reference backend is added last by every plan.
  public let backends: [any Backend]
  public let threads: Int
  /// How its backends choose among ways of running a step, as `run.json` calls it; nil where there is no choice.
  public let tuning: String?
  /// The type in which convolutions and matrix products read their operands, e.g. `bf16`.
  public let precision: String

  public init(
    name: String, backends: [any Backend], threads: Int = Device.processors, tuning: String? = nil,
    precision: String = "f32"
  ) {
    self.name = name
    self.backends = backends
    self.tuning = tuning
    self.precision = precision
    self.threads = max(1, threads)
  }

  /// The plain loops on one thread: slow, and right.
  public static let reference = Device(name: "reference", backends: [], threads: 1)

  /// The number of processors of this machine.
  public static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
