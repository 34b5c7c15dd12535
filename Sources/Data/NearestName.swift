/// The name in `known` that `typed` most likely means: fewest letters to change, add, drop or swap
/// with a neighbour, at most a third of the word; nil when none is that near.
package func nearestName(to typed: String, in known: [String]) -> String? {
  let word = typed.lowercased()
  let limit = max(1, word.count / 3)
  var best: (distance: Int, name: String)?
  for name in known {
    let distance = editDistance(Array(word.unicodeScalars), Array(name.lowercased().unicodeScalars))
    if distance <= limit, distance < best?.distance ?? Int.max { best = (distance, name) }
  }
  return best?.name
}

/// Number of letters to change, add, drop or swap with a neighbour (optimal string alignment).
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  // Names are short; whoever types a novel gets no suggestion.
  guard a.count <= 100, b.count <= 100 else { return Int.max }
  var before: [Int] = []
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
      row.append(cost)
    }
    before = last
    last = row
  }
  return last[b.count]
}
