import FoveaExecution

/// What a plan of a run chose, as `run.json` keeps it: enough to tell whether a resumed run computes the same.
public struct PlanRecord: Sendable, Equatable, Codable {
  /// What the plan is for, with its number of examples: `training 128`, `validation 256`, `update`.
  public var name: String
  /// A checksum of every step in order: operator, implementation, the library's kernel, layouts.
  public var choices: String
  /// How many steps each kernel has.
  public var kernels: [String: Int]

  /// What `plan` chose.
  init(_ name: String, _ plan: Plan) {
    self.name = name
    // Where a value lies in memory is no choice: it moves no bit.
    let lines = plan.lines.map { line in
      guard let at = line.lastRange(of: " at ") else { return line }
      return String(line[..<at.lowerBound])
    }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    var kernels: [String: Int] = [:]
    for line in lines {
      for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 10) &* 0x100_0000_01b3
      // `name = Op [implementation kernel] (layouts) → (layouts)`
      if let from = line.firstRange(of: " = "), let to = line[from.upperBound...].firstIndex(of: "]") {
        let kernel = line[from.upperBound..<to].replacing("[", with: "")
        kernels[String(kernel).trimmed, default: 0] += 1
      }
    }
    let digits = String(hash, radix: 16)
    choices = String(repeating: "0", count: 16 - digits.count) + digits
    self.kernels = kernels
  }

  /// In what `other`, a plan for the same, differs; nil where it does not.
  func difference(to other: PlanRecord) -> String? {
    guard choices != other.choices else { return nil }
    let names = Set(kernels.keys).union(other.kernels.keys).sorted()
    let changed = names.filter { kernels[$0] != other.kernels[$0] }
    guard let first = changed.first else { return "the plan for \(name) has other layouts or another order" }
    return "the plan for \(name) runs \(first) \(other.kernels[first] ?? 0) times, before \(kernels[first] ?? 0) times"
      + (changed.count > 1 ? ", and \(changed.count - 1) further kernels differ" : "")
  }
}

extension String {
  /// Without spaces at the end.
  fileprivate var trimmed: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }

  /// The last place of a text.
  fileprivate func lastRange(of text: String) -> Range<Index>? { ranges(of: text).last }
}
