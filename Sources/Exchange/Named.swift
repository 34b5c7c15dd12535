/// Names as errors show them.
package enum Named {
  /// A name in quotes, escaped and cut to a readable length: it may come from a damaged file.
  package static func short(_ name: String) -> String {
    let limit = 80
    guard name.unicodeScalars.count > limit else { return JSONText.quoted(name) }
    return JSONText.quoted(String(String.UnicodeScalarView(name.unicodeScalars.prefix(limit))) + "…")
  }

  /// The candidate that most resembles `name`, when one does: at most a third of its letters differ.
  ///
  /// Complexity: O(candidates × length²), candidates longer than 200 bytes left out.
  package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(name.utf8)
    guard wanted.count <= 200 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates where candidate.utf8.count <= 200 {
      let distance = editDistance(wanted, Array(candidate.utf8))
      if distance <= max(1, wanted.count / 3) && distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
  }

  /// Insertions, deletions and replacements that turn `a` into `b` (Levenshtein).
  private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, left) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, right) in b.enumerated() {
        let replaced = diagonal + (left == right ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, min(row[j], row[j + 1]) + 1)
      }
    }
    return row[b.count]
  }
}
