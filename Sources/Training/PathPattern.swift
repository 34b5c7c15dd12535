import FoveaTensors

/// Which parameters a pattern means: `conv1` (everything of that layer), `layer1.*`, `*.bias`, `conv1.weight`.
struct PathPattern {
  let text: String

  init(_ text: String) { self.text = text }

  func matches(_ path: String) -> Bool {
    if path == text || path.hasPrefix(text + ".") { return true }
    return text.contains("*") && PathPattern.glob(Array(text.unicodeScalars), Array(path.unicodeScalars))
  }

  /// Paths, and layers of paths, that the pattern may have meant.
  func nearest(among paths: [String]) -> [String] {
    var names: [String] = []
    for path in paths {
      let layer = path.split(separator: ".").dropLast().joined(separator: ".")
      if !layer.isEmpty, names.last != layer { names.append(layer) }
    }
    return nearestNames(to: text, among: names + paths)
  }

  /// `*` stands for any letters. Linear in practice: one step back per star.
  private static func glob(_ pattern: [Unicode.Scalar], _ text: [Unicode.Scalar]) -> Bool {
    var (p, t) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, t)
        p += 1
      } else if p < pattern.count, pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        p = last.pattern + 1
        t = last.text + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }
}
