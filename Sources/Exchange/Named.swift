/// Names as errors show them.
package enum Named {
  /// A name in quotes, escaped and cut to a readable length: it may come from a damaged file.
  package static func short(_ name: String) -> String {
    let limit = 80
    guard name.unicodeScalars.count > limit else { return JSONText.quoted(name) }
    return JSONText.quoted(String(String.UnicodeScalarView(name.unicodeScalars.prefix(limit))) + "…")
  }
}
