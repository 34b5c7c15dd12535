import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `fovea doctor`
struct DoctorCommand: Command {
  static let name = "doctor"
  static let summary = "say what this machine has, what is missing and what that costs"
  static let operands: [OperandSpec] = []
  static let options = [OptionSpec("json", nil, "one JSON object")]
  static let examples = [Example("fovea doctor", "one line for each part, ok or missing")]

  let json: Bool

  init(_ arguments: inout Arguments) { json = arguments.has("json") }

  /// A part that may be there or not.
  private struct Part {
    let key: String
    let name: String
    let isThere: Bool
    let text: String
  }

  func run(_ console: Console) async throws -> Int32 {
    let parts = [oneDNN(), png(), jpeg(), zlib()] + dataSets()
    if json {
      var object: [String: Any] = [
        "fovea": Version.text, "swift": DoctorCommand.swiftVersion, "cpu": Machine.processor,
        "cpu_features": Machine.features, "threads": Device.processors, "memory_bytes": Machine.memory,
      ]
      object["parts"] = parts.map { ["name": $0.key, "ok": $0.isThere, "text": $0.text] as [String: Any] }
      try console.json(object)
      return Program.Status.done
    }
    let features = Machine.features.isEmpty ? "" : " (\(Machine.features.joined(separator: ", ")))"
    let lines = [
      ("fovea", "\(Version.text), compiled by Swift \(DoctorCommand.swiftVersion)"),
      ("processor", "\(Machine.processor), \(Device.processors) threads\(features)"),
      ("memory", Text.bytes(Machine.memory)),
    ]
    let width = (lines.map(\.0) + parts.map(\.name)).map(\.count).max() ?? 0
    func padded(_ text: String) -> String { text + String(repeating: " ", count: width - text.count) }
    for (name, text) in lines { try console.out("ok       \(padded(name))  \(text)") }
    for part in parts { try console.out("\(part.isThere ? "ok     " : "missing")  \(padded(part.name))  \(part.text)") }
    return Program.Status.done
  }

  private func oneDNN() -> Part {
    let text =
      OneDNNBackend.version.map { "\($0): fast convolutions on the CPU, \(bf16)" }
      ?? "\(OneDNNBackend.unavailable ?? "unknown"); the reference backend is some hundred times slower; "
      + "install libdnnl-dev (./bootstrap does it)"
    return Part(key: "onednn", name: "oneDNN", isThere: OneDNNBackend.version != nil, text: text)
  }

  /// What `--precision bf16` is worth here.
  private var bf16: String {
    switch OneDNNBackend.bf16Support {
    case .native: "--precision bf16 runs some twice as fast"
    case .emulated: "bf16 only emulated, so slower"
    case .none: "no bf16"
    }
  }

  private func png() -> Part {
    part("libpng", "libpng", "reads and writes PNG pictures") {
      _ = try PNGWriter.encode(try Image8(height: 1, width: 1, channels: 1, pixels: [0]))
    }
  }

  private func jpeg() -> Part {
    // The beginning of every JPEG file: with the library there, the rest is what is missing.
    part("turbojpeg", "TurboJPEG", "reads JPEG pictures") {
      let beginning: [UInt8] = [0xff, 0xd8, 0xff, 0xd9]
      _ = try beginning.withUnsafeBytes { (bytes) throws(DataError) in try ImageDecoder.decode(bytes, name: "test") }
    }
  }

  private func zlib() -> Part {
    part("zlib", "zlib", "reads compressed files") {
      let none: [UInt8] = [0x1f, 0x8b]
      _ = try none.withUnsafeBytes { (bytes) throws(TensorError) in try GzipReader(bytes, name: "test") }
    }
  }

  /// A library that is there when `probe` ends, or fails for another reason than that it is not.
  private func part(_ key: String, _ name: String, _ use: String, _ probe: () throws -> Void) -> Part {
    do { try probe() } catch DataError.libraryMissing(_, _, let reason, let package) {
      return Part(
        key: key, name: name, isThere: false,
        text: "\(reason); \(use); install \(package) and its -dev package (./bootstrap does it)")
    } catch let error as TensorError {
      return Part(key: key, name: name, isThere: false, text: "\(error)")
    } catch {}
    return Part(key: key, name: name, isThere: true, text: use)
  }

  private func dataSets() -> [Part] {
    DatasetListing.all().filter { $0.location != nil }.map { listing in
      let text =
        if let train = listing.trainCount, let test = listing.testCount {
          "\(Text.grouped(train)) to train, \(Text.grouped(test)) to test, in \(listing.location ?? "?")"
        } else { listing.problem ?? "not here" }
      return Part(key: listing.form, name: listing.form, isThere: listing.isPresent, text: text)
    }
  }

  /// The compiler that made this program, as far as it can be asked.
  private static var swiftVersion: String {
    #if compiler(>=6.5)
      "6.5 or later"
    #elseif compiler(>=6.4)
      "6.4"
    #elseif compiler(>=6.3)
      "6.3"
    #elseif compiler(>=6.2)
      "6.2"
    #else
      "6.1 or earlier"
    #endif
  }
}

/// What the program runs on.
enum Machine {
  /// The processor's own name.
  static var processor: String {
    field("model name") ?? field("Model") ?? "unknown processor"
  }

  /// Vector instructions that decide which kernels run.
  static var features: [String] {
    let flags = Set((field("flags") ?? field("Features") ?? "").split(separator: " ").map(String.init))
    return ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "sve"].filter(flags.contains)
  }

  /// Bytes of physical memory.
  static var memory: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }

  private static func field(_ name: String) -> String? {
    for line in SystemFile.lines("/proc/cpuinfo") where line.hasPrefix(name) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      return value.isEmpty ? nil : String(value)
    }
    return nil
  }
}
