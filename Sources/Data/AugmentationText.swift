import FoveaTensors

extension Augmentation: CustomStringConvertible {
  /// The terms that `parse` knows, with what they mean, for help texts.
  public static let terms: [(form: String, meaning: String)] = [
    ("crop:N", "a random crop of the picture with N black pixels around it"),
    ("resized-crop[:A]", "a random part of at least A of the area, resized (0.08)"),
    ("flip[:P]", "left and right exchanged with probability P (0.5)"),
    ("jitter:X", "brightness, contrast and saturation times 1 ± X"),
    ("brightness:X, contrast:X, saturation:X", "one of them alone"),
  ]

  /// As `parse` reads it; `none` for none.
  public var description: String {
    var parts: [String] = []
    if let crop { parts.append("crop:\(crop)") }
    if let resizedCrop { parts.append(resizedCrop == 0.08 ? "resized-crop" : "resized-crop:\(resizedCrop)") }
    if flip > 0 { parts.append(flip == 0.5 ? "flip" : "flip:\(flip)") }
    if brightness > 0, brightness == contrast, contrast == saturation {
      parts.append("jitter:\(brightness)")
    } else {
      for (name, value) in [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)]
      where value > 0 { parts.append("\(name):\(value)") }
    }
    return parts.isEmpty ? "none" : parts.joined(separator: ",")
  }

  /// Understands terms separated by commas, e.g. `crop:4,flip,jitter:0.2`; `none` is none.
  /// - Throws: `DataError.badAugmentation`, which names the term.
  public static func parse(_ text: String) throws(DataError) -> Augmentation {
    var result = Augmentation()
    var seen: Set<String> = []
    if text == "none" { return result }
    for term in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      let parts = term.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let name = parts.first ?? ""
      let number = parts.count == 2 ? parts[1] : nil
      for field in try fields(of: name, term) where !seen.insert(field).inserted {
        throw .badAugmentation(term: term, reason: "\(field) is given twice; leave one out")
      }
      try result.set(name, number, term)
    }
    try result.check()
    return result
  }

  /// What a term sets.
  private static func fields(of name: String, _ term: String) throws(DataError) -> [String] {
    let names = ["crop", "resized-crop", "flip", "brightness", "contrast", "saturation"]
    if names.contains(name) { return [name] }
    if name == "jitter" { return ["brightness", "contrast", "saturation"] }
    let nearest = nearestName(to: name, among: names + ["jitter"])
    throw .badAugmentation(
      term: term,
      reason: "it is unknown; "
        + (nearest.map { "did you mean \($0)?" } ?? "there are \((names + ["jitter"]).joined(separator: ", "))"))
  }

  private mutating func set(_ name: String, _ text: String?, _ term: String) throws(DataError) {
    func number(_ standard: Double?) throws(DataError) -> Double {
      guard let text else {
        if let standard { return standard }
        throw .badAugmentation(term: term, reason: "it needs a number, e.g. \(name):0.2")
      }
      guard let value = Double(text), value.isFinite else {
        throw .badAugmentation(term: term, reason: "\"\(text)\" is no number")
      }
      return value
    }
    switch name {
    case "crop":
      guard let text else { throw .badAugmentation(term: term, reason: "it needs a number of pixels, e.g. crop:4") }
      guard let pixels = Int(text) else {
        throw .badAugmentation(term: term, reason: "\"\(text)\" is no whole number of pixels")
      }
      crop = pixels
    case "resized-crop": resizedCrop = try number(0.08)
    case "flip": flip = try number(0.5)
    case "brightness": brightness = try number(nil)
    case "contrast": contrast = try number(nil)
    case "saturation": saturation = try number(nil)
    default:
      let strength = try number(nil)
      (brightness, contrast, saturation) = (strength, strength, strength)
    }
  }
}
