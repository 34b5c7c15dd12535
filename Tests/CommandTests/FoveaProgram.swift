import Foundation
import Testing

/// The built program, started as a user does.
enum FoveaProgram {
  /// What a run left behind.
  struct Outcome {
    let status: Int32
    let out: String
    let err: String

    /// The lines of standard output as JSON objects.
    func objects() throws -> [[String: Any]] {
      try out.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "no JSON: \(line)")
      }
    }

    /// The only JSON object.
    func object() throws -> [String: Any] {
      let all = try objects()
      #expect(all.count == 1, "\(all.count) lines of JSON")
      return try #require(all.first)
    }
  }

  /// Beside the test program.
  static let path: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    var folder = URL(fileURLWithPath: own).deletingLastPathComponent()
    // On macOS the tests lie in a bundle.
    while folder.path.contains(".xctest") { folder = folder.deletingLastPathComponent() }
    return folder.appendingPathComponent("fovea").path
  }()

  /// Runs `fovea` with these words and waits for its end.
  static func run(
    _ words: String..., in directory: Scratch? = nil, environment: [String: String] = [:],
    interruptWhen: (() -> Bool)? = nil
  ) throws -> Outcome {
    try run(words, in: directory, environment: environment, interruptWhen: interruptWhen)
  }

  /// Runs a script, whose `$0` and so on are the words.
  static func shell(_ script: String, _ words: String...) throws -> Outcome {
    try run(["-c", script] + words, executable: "/bin/bash")
  }

  static func run(
    _ words: [String], in directory: Scratch? = nil, environment: [String: String] = [:],
    interruptWhen: (() -> Bool)? = nil, executable: String = path
  ) throws -> Outcome {
    let scratch = try Scratch()
    // Files and not pipes: nobody need read while the program writes.
    let files = ["out", "err"].map { scratch.file($0) }
    for file in files { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = words
    // Nothing is timed or kept unless a test is about that: results must not depend on the machine's mood.
    let usual = ["FOVEA_TUNE": "off", "FOVEA_CACHE": ""].merging(environment) { _, new in new }
    process.environment = ProcessInfo.processInfo.environment.merging(usual) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: files[0])
    process.standardError = FileHandle(forWritingAtPath: files[1])
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory.path) }
    try process.run()
    if let interruptWhen {
      // At most half a minute, however busy the machine is.
      for _ in 0..<1500 where process.isRunning && !interruptWhen() { Thread.sleep(forTimeInterval: 0.02) }
      kill(process.processIdentifier, SIGINT)
    }
    process.waitUntilExit()
    func text(_ file: String) -> String { String(decoding: (try? Scratch.bytes(of: file)) ?? [], as: UTF8.self) }
    // A program that a signal killed has no status; shells add 128.
    let status = process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
    return Outcome(status: status, out: text(files[0]), err: text(files[1]))
  }
}

/// A directory for one test, removed at the end.
final class Scratch: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("fovea-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in it.
  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// The names in a folder of it, sorted.
  func names(_ folder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file(folder)).sorted()
  }

  static func bytes(of path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
