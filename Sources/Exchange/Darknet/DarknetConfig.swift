import FoveaTensors

/// A darknet `.cfg`: sections in square brackets, each with lines `key=value`. Blanks mean nothing; `#` and `;` begin
/// comments.
struct DarknetConfig {
  struct Section {
    /// What stands in the brackets.
    let kind: String
    let line: Int
    var options: [(key: String, value: String, line: Int)] = []

    /// The first value of a key, as darknet takes it.
    subscript(key: String) -> String? { options.first { $0.key == key }?.value }
  }

  /// Far above any network that was published.
  static let longest = 4 << 20
  static let most = 1024

  let path: String
  /// The network's own section, `[net]`.
  let net: Section
  /// One for each layer, in order.
  let layers: [Section]

  /// - Throws: `DarknetError.config`.
  init(path: String, parsing bytes: UnsafeRawBufferPointer) throws(DarknetError) {
    func problem(_ line: Int, _ text: String) -> DarknetError { .config(path: path, line: line, problem: text) }
    guard bytes.count <= DarknetConfig.longest else {
      throw problem(1, "the file has \(bytes.count) bytes, and a configuration has at most \(DarknetConfig.longest)")
    }
    var sections: [Section] = []
    var number = 0
    for raw in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      // Darknet takes blanks out of the middle of lines too.
      let line = raw.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\r") }
      switch line.first {
      case nil, UInt8(ascii: "#"), UInt8(ascii: ";"): continue
      case UInt8(ascii: "["):
        guard let end = line.firstIndex(of: UInt8(ascii: "]")), end > 1 else {
          throw problem(number, "a section without its closing ]; write e.g. [convolutional]")
        }
        guard sections.count <= DarknetConfig.most else {
          throw problem(number, "more than \(DarknetConfig.most) layers; divide the network")
        }
        sections.append(Section(kind: String(decoding: line[1..<end], as: UTF8.self), line: number))
      default:
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > 0 else {
          throw problem(number, "neither a [section] nor key=value; the file is probably no darknet configuration")
        }
        guard !sections.isEmpty else { throw problem(number, "an option before the first [section]; begin with [net]") }
        let key = String(decoding: line[..<equals], as: UTF8.self)
        let value = String(decoding: line[(equals + 1)...], as: UTF8.self)
        sections[sections.count - 1].options.append((key, value, number))
      }
    }
    guard let first = sections.first else { throw problem(1, "there are no [sections]; the file is empty") }
    guard first.kind == "net" || first.kind == "network" else {
      throw problem(first.line, "the first section is [\(Named.cut(first.kind))]; begin with [net]")
    }
    guard sections.count > 1 else { throw problem(first.line, "there are no layers behind [\(first.kind)]") }
    self.path = path
    net = first
    layers = Array(sections.dropFirst())
  }
}

extension Named {
  /// A name without quotes, cut to a readable length.
  static func cut(_ name: String) -> String { String(short(name).dropFirst().dropLast()) }
}
