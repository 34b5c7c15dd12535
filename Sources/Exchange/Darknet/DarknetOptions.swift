import FoveaLayers

/// The options of a section, read for the layer that is being declared at `x`: what cannot be is reported there, with
/// the line of the section, and the default goes on.
struct DarknetOptions {
  let section: DarknetConfig.Section
  let x: Symbol

  init(_ section: DarknetConfig.Section, _ x: Symbol) {
    self.section = section
    self.x = x
  }

  /// A whole number in a range.
  func int(_ key: String, default value: Int, in range: ClosedRange<Int> = 0...1_000_000) -> Int {
    guard let text = section[key] else { return value }
    guard let number = Int(text), range.contains(number) else {
      x.reject(
        "\(Named.cut(key))=\(Named.cut(text))",
        mend: "give a whole number from \(range.lowerBound) to \(range.upperBound)")
      return value
    }
    return number
  }

  /// A number.
  func number(_ key: String, default value: Double) -> Double {
    guard let text = section[key] else { return value }
    guard let number = Double(text), number.isFinite else {
      x.reject("\(Named.cut(key))=\(Named.cut(text))", mend: "give a number")
      return value
    }
    return number
  }

  /// Numbers between commas; empty where there are none, nil where they are no numbers.
  func numbers(_ key: String) -> [Double]? {
    guard let text = section[key] else { return [] }
    var numbers: [Double] = []
    for part in text.split(separator: ",") {
      guard let number = Double(part), number.isFinite else {
        x.reject("\(Named.cut(key))=\(Named.cut(text))", mend: "give numbers between commas")
        return nil
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Whole numbers between commas; nil where they are none.
  func integers(_ key: String) -> [Int]? {
    guard let numbers = numbers(key) else { return nil }
    let whole = numbers.compactMap { Int(exactly: $0) }
    guard whole.count == numbers.count, whole.allSatisfy({ abs($0) <= 1_000_000 }) else {
      x.reject("\(Named.cut(key))=\(Named.cut(section[key] ?? ""))", mend: "give whole numbers between commas")
      return nil
    }
    return whole
  }

  /// Reports options that would change what the network computes and that are not supported.
  func refuse(_ keys: [(key: String, harmless: Double)]) {
    for (key, harmless) in keys {
      guard let text = section[key], Double(text) != harmless else { continue }
      x.reject(
        "\(Named.cut(key))=\(Named.cut(text)) in [\(section.kind)] is not supported",
        mend: "take the line out, or convert the network with another program")
    }
  }

  /// The layer of an activation; nil for one that hands its input on.
  func activation(default value: String) -> (any Layer)? {
    let name = section["activation"] ?? value
    switch name {
    case "linear": return nil
    case "leaky": return LeakyReLU(0.1)
    case "relu": return ReLU()
    case "relu6": return ReLU6()
    case "logistic": return Sigmoid()
    case "tanh": return Tanh()
    case "elu": return ELU()
    case "selu": return SELU()
    case "mish": return Mish()
    case "swish": return SiLU()
    case "hardtan": return Clip(min: -1, max: 1)
    default:
      x.reject(
        "the activation \(Named.short(name)) is not supported",
        mend: "use linear, leaky, relu, relu6, logistic, tanh, elu, selu, mish, swish or hardtan")
      return nil
    }
  }
}
