import Fovea

/// What a plan answered otherwise.
struct Difference: CustomStringConvertible {
  let name: String
  let text: String
  /// True where no plan came about.
  var isRefusal = false
  var description: String { "\(name): \(text)" }
}

extension Trial {
  /// What rounding may do in one node: a bit of single precision, or of bf16 where products read their operands so.
  private var rounding: Double {
    if graph.nodes.contains(where: { $0.op == Op.QuantizeLinear.name }) { return 2e-3 }
    return setting.isNarrow ? 4e-3 : 1.2e-7
  }

  /// The first thing that a plan answers otherwise than the interpreter in double precision; nil where it does not.
  ///
  /// An answer may be as far off as the plain loops in single precision are, and as results that are shaken a little
  /// at each node; many times that much, since a plan adds up in another order. Where that is more than the answer
  /// itself, nothing is said.
  func difference(seen: (Set<String>) -> Void = { _ in }) -> Difference? {
    let exact: Answers
    do { exact = try reference(.f64) } catch { return nil }
    // Learning that has run away is refused, as it should be.
    if exact.contains(where: { $0.key.hasPrefix("state ") && $0.value.contains { !(abs($0) < 1e12) } }) { return nil }
    var found: Answers
    do { found = try planned(seen) } catch { return Difference(name: "planning", text: "\(error)", isRefusal: true) }
    let missing = exact.keys.filter { found[$0] == nil }.sorted()
    if let name = missing.first { return Difference(name: name, text: "is not there") }
    if setting.poisoned != nil { forgive(&found, exact) }
    var suspects: [String] = []
    for (name, want) in exact {
      let scale = want.reduce(0) { max($0, abs($1)) }
      let gap = Trial.gap(found[name] ?? [], want)
      if !(gap <= 5e-6 * scale) { suspects.append(name) }
    }
    guard !suspects.isEmpty else { return nil }
    // Closer: how far may each be off?
    var rough: [Answers] = []
    if let single = try? reference(.f32) { rough.append(single) }
    for seed in [UInt64(1), 2] {
      if let shaken = try? reference(.f64, noise: (rounding, seed)) { rough.append(shaken) }
    }
    for name in suspects.sorted() {
      let want = exact[name] ?? []
      let scale = max(want.reduce(0) { max($0, abs($1)) }, Trial.gradientScale(name, exact) / 10)
      let noise = rough.map { Trial.gap($0[name] ?? [], want) }.reduce(0, max)
      let gap = Trial.gap(found[name] ?? [], want)
      if gap <= 50 * noise + 1e-6 * scale + 1e-7 || !noise.isFinite { continue }
      return Difference(name: name, text: Trial.words(found[name] ?? [], want, gap, noise))
    }
    return nil
  }

  /// Within the example that has NaN, and where there are no examples, more may be none than must be.
  private func forgive(_ found: inout Answers, _ exact: Answers) {
    let isOpen = graph.inputs.contains {
      if case .input(let open) = graph[$0].source { open.contains(0) } else { false }
    }
    for (name, want) in exact {
      guard let own = found[name], own.count == want.count else { continue }
      let value = graph.outputs.first { name.hasPrefix("\($0.name), ") }?.value
      let examples = value.flatMap {
        graph.shape($0).rank > 0 && graph.shape($0)[0] == batch
          ? (isOpen && name.hasSuffix(" examples") ? setting.otherBatch : batch) : nil
      }
      found[name] = own.enumerated().map { index, number in
        guard number.isNaN, !want[index].isNaN else { return number }
        let isOther = examples.map { own.count % $0 == 0 && index / (own.count / $0) != setting.poisoned } ?? false
        return isOther ? number : want[index]
      }
    }
  }

  /// The largest number in all gradients of a gradient's step: one that is nearly 0 is a difference of such numbers.
  private static func gradientScale(_ name: String, _ answers: Answers) -> Double {
    guard name.hasPrefix("gradient of "), let step = name.split(separator: ",").last else { return 0 }
    return answers.reduce(0) { largest, answer in
      guard answer.key.hasPrefix("gradient of "), answer.key.hasSuffix(step) else { return largest }
      return answer.value.reduce(largest) { max($0, abs($1)) }
    }
  }

  /// The largest distance of two lists; infinite where one is no number and the other is.
  static func gap(_ found: [Double], _ want: [Double]) -> Double {
    guard found.count == want.count else { return .infinity }
    var largest = 0.0
    for (a, b) in zip(found, want) {
      if a.isNaN && b.isNaN || a == b { continue }
      let distance = abs(a - b)
      if distance.isNaN { return .infinity }
      largest = max(largest, distance)
    }
    return largest
  }

  private static func words(_ found: [Double], _ want: [Double], _ gap: Double, _ noise: Double) -> String {
    guard found.count == want.count else { return "\(found.count) numbers, not \(want.count)" }
    let place = zip(found, want).enumerated().max {
      abs($0.element.0 - $0.element.1) < abs($1.element.0 - $1.element.1)
    }
    let at = place.map { "at \($0.offset) of \(want.count) \($0.element.0), not \($0.element.1)" } ?? ""
    return "off by \(gap) where rounding makes \(noise); \(at)"
  }

  /// Whether most of several choices of numbers show a difference: a tie that rounding decides shows it in one.
  var isSteady: Bool {
    var hits = 0
    for shift in 1...3 as ClosedRange<UInt64> {
      var other = self
      other.numbers = numbers &+ shift &* 0x1_0000_0001
      if other.difference() != nil { hits += 1 }
    }
    return hits >= 2
  }
}
