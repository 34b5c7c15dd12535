/// A group of parameters that moves faster or slower than the others, as in fine-tuning, where a new last layer
/// learns faster than the layers that know something already.
///
/// ```swift
/// options.rateScales = [RateScale(pattern: "classifier", factor: 10), RateScale(pattern: "features.0", factor: 0)]
/// ```
public struct RateScale: Sendable, Equatable, Codable {
  /// Which parameters: `conv1` (everything of that layer), `layer1.*`, `*.bias`.
  public var pattern: String
  /// By which their learning rate is multiplied, at least 0.
  public var factor: Double

  public init(pattern: String, factor: Double) {
    self.pattern = pattern
    self.factor = factor
  }

  /// Refuses factors that are no numbers, or below 0.
  func check() throws(TrainingError) {
    guard factor.isFinite, factor >= 0 else {
      throw .badOption(
        name: "the rate's factor of \"\(pattern)\"", value: "\(factor)", expected: "a number of at least 0")
    }
  }
}

extension [RateScale] {
  /// The factor of a parameter: that of the first pattern that matches, else 1.
  func factor(of path: String) -> Double { first { PathPattern($0.pattern).matches(path) }?.factor ?? 1 }
}
