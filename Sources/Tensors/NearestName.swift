/// The candidates that `name` may have meant, nearest first, at most three: those within a third of its
/// length (two letters for short names), or that contain it. Upper and lower case count as the same.
///
/// Complexity: O(candidates × length²); a name or candidate of more than 200 letters is left out.
package func nearestNames(to name: String, among candidates: some Sequence<String>) -> [String] {
  let wanted = Array(name.lowercased().unicodeScalars)
  guard wanted.count <= 200 else { return [] }
  let limit = max(min(2, wanted.count - 1), wanted.count / 3)
  var scored: [(distance: Int, index: Int, name: String)] = []
  for (index, candidate) in candidates.enumerated() {
    let letters = candidate.lowercased()
    guard letters.unicodeScalars.count <= 200 else { continue }
    let distance = editDistance(wanted, Array(letters.unicodeScalars))
    let contains = wanted.count > 2 && letters.contains(String(String.UnicodeScalarView(wanted)))
    if distance <= limit || contains { scored.append((distance, index, candidate)) }
  }
  return scored.sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }.prefix(3).map(\.name)
}

/// The one candidate that `name` most likely means; nil when none is near.
package func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
  nearestNames(to: name, among: candidates).first
}

/// Number of letters to change, add, drop or swap with a neighbour (optimal string alignment).
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var before: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
      row.append(cost)
    }
    (before, last) = (last, row)
  }
  return last[b.count]
}
