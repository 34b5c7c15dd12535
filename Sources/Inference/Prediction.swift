/// A class that a model sees in a picture, and how sure it is.
public struct Prediction: Sendable, Hashable {
  /// The class's name; its number when the model has no names.
  public let name: String
  /// Its place among the model's classes, from 0.
  public let index: Int
  /// From 0 to 1; over all classes they sum to 1.
  public let probability: Double

  public init(name: String, index: Int, probability: Double) {
    self.name = name
    self.index = index
    self.probability = probability
  }

  /// The most probable classes of one row of numbers, best first, equal ones by class number.
  ///
  /// - Parameters:
  ///   - areLogits: true when the numbers are still to go through softmax.
  ///   - top: how many; all when there are fewer.
  static func best(_ numbers: [Float], areLogits: Bool, top: Int, names: [String]) -> [Prediction] {
    var probabilities = numbers.map(Double.init)
    if areLogits {
      let largest = probabilities.max() ?? 0
      probabilities = probabilities.map { exponential($0 - largest) }
      let sum = probabilities.reduce(0, +)
      probabilities = probabilities.map { $0 / sum }
    }
    let order = probabilities.indices.sorted { a, b in
      // By the network's own numbers: probabilities of sure answers round to the same 1.
      numbers[a] != numbers[b] ? numbers[a] > numbers[b] : a < b
    }
    return order.prefix(max(0, top)).map { index in
      Prediction(
        name: names.indices.contains(index) ? names[index] : String(index), index: index,
        probability: probabilities[index])
    }
  }
}
