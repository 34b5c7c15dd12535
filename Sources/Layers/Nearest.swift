/// Number of letters to insert, delete, replace or swap with their neighbour to make `b` of `a`
/// (Damerau's distance). O(|a|·|b|).
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var before: [Int] = []
  var previous = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var best = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
      row.append(best)
    }
    (before, previous) = (previous, row)
  }
  return previous[b.count]
}

/// The candidates that `name` may have meant, nearest first, at most three: those within a third of its
/// length, or that contain it.
package func nearestNames(to name: String, among candidates: [String]) -> [String] {
  let wanted = name.lowercased()
  let scored = candidates.enumerated().compactMap { index, candidate -> (distance: Int, index: Int, name: String)? in
    let distance = editDistance(wanted, candidate.lowercased())
    let contains = wanted.count > 2 && candidate.lowercased().contains(wanted)
    guard distance <= max(2, wanted.count / 3) || contains else { return nil }
    return (distance, index, candidate)
  }
  return scored.sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }.prefix(3).map(\.name)
}
