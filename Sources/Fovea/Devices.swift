import FoveaExecution
import FoveaInference
import FoveaLanesBackend
import FoveaOneDNNBackend

extension Device {
  /// This machine's processors: oneDNN where it can be opened, else the reference backend alone.
  ///
  /// ```swift
  /// let device = Device.cpu(threads: 2)
  /// if let shortcoming = device.shortcoming { print(shortcoming) }
  /// ```
  /// - Parameters:
  ///   - threads: as many as there are processors when nil.
  ///   - tuning: how ways of running convolutions are chosen; `.measured` is faster on large networks and `.fixed`
  ///     computes the same bits everywhere.
  ///   - precision: the type in which convolutions and matrix products read their operands; `shortcoming` says where
  ///     the processor does not gain by `.bf16`.
  public static func cpu(
    threads: Int? = nil, tuning: OneDNNBackend.Tuning = .fixed, precision: OneDNNBackend.Precision = .f32
  ) -> Device {
    let backend = OneDNNBackend(precision: precision, tuning: tuning)
    var backends: [any Backend] = []
    // What takes small networks whole computes in f32.
    if precision == .f32, let lanes = LanesBackend() { backends.append(lanes) }
    if let backend { backends.append(backend) }
    return Device(
      name: "cpu", backends: backends, threads: threads ?? Device.processors,
      tuning: backend?.tuning.rawValue, precision: precision.rawValue)
  }

  /// The devices that have a name on the command line.
  public static let names = ["cpu", "reference"]

  /// The device of a name, nil when there is none of that name.
  public static func named(
    _ name: String, threads: Int? = nil, tuning: OneDNNBackend.Tuning = .fixed,
    precision: OneDNNBackend.Precision = .f32
  ) -> Device? {
    switch name {
    case "cpu": .cpu(threads: threads, tuning: tuning, precision: precision)
    case "reference": .reference
    default: nil
    }
  }

  /// What runs on it, for people: `cpu, oneDNN 2.6.3, 2 threads`.
  public var text: String {
    // What takes small networks whole is not worth a word here.
    let backends = backends.filter { !($0 is any RegionBackend) }
    let runs = backends.isEmpty ? "reference backend, 1 thread" : backends.map(\.name).joined(separator: ", ")
    let count = backends.isEmpty ? "" : threads == 1 ? ", 1 thread" : ", \(threads) threads"
    return name == "reference" ? runs : "\(name), \(runs)\(count)"
  }

  /// One sentence that says what is missing on this machine, what that costs and how to get it; nil when
  /// nothing is missing.
  public var shortcoming: String? {
    guard name == "cpu" else { return nil }
    if !backends.contains(where: { $0 is OneDNNBackend }), let why = OneDNNBackend.unavailable {
      return "no oneDNN (\(why)): the reference backend is some hundred times slower; install libdnnl-dev"
    }
    guard precision == OneDNNBackend.Precision.bf16.rawValue else { return nil }
    switch OneDNNBackend.bf16Support {
    case .native: return nil
    case .emulated: return "this processor has no bf16 (AVX512-BF16): it is emulated, which is slower than f32"
    case .none: return "this processor has no bf16 (AVX512-BF16): everything is computed in f32"
    }
  }
}
