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
  public static func cpu(threads: Int? = nil, tuning: OneDNNBackend.Tuning = .fixed) -> Device {
    let backend = OneDNNBackend(tuning: tuning)
    var backends: [any Backend] = []
    if let lanes = LanesBackend() { backends.append(lanes) }
    if let backend { backends.append(backend) }
    return Device(
      name: "cpu", backends: backends, threads: threads ?? Device.processors,
      tuning: backend?.tuning.rawValue)
  }

  /// The devices that have a name on the command line.
  public static let names = ["cpu", "reference"]

  /// The device of a name, nil when there is none of that name.
  public static func named(
    _ name: String, threads: Int? = nil, tuning: OneDNNBackend.Tuning = .fixed
  ) -> Device? {
    switch name {
    case "cpu": .cpu(threads: threads, tuning: tuning)
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
    guard name == "cpu", !backends.contains(where: { $0 is OneDNNBackend }), let why = OneDNNBackend.unavailable else {
      return nil
    }
    return "no oneDNN (\(why)): the reference backend is some hundred times slower; install libdnnl-dev"
  }
}
