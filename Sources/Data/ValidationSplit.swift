import FoveaTensors

/// Which examples of a training set train and which validate; the same for the same seed.
///
/// ```swift
/// let split = try ValidationSplit(count: 60_000, fraction: 0.1, seed: 0)   // 54,000 and 6,000
/// let validation = try Subset(of: dataset, indices: split.validation)
/// ```
public struct ValidationSplit: Sendable, Hashable {
  /// Indices that train, ascending.
  public let train: [Int]
  /// Indices that validate, ascending.
  public let validation: [Int]

  /// Gives `fraction` of `count` examples (rounded to nearest), drawn at random by `seed`, to validation.
  /// - Throws: `DataError.badFraction` when one part would be empty.
  /// - Complexity: O(n log n).
  public init(count: Int, fraction: Double, seed: UInt64) throws(DataError) {
    guard count > 0, fraction > 0, fraction < 1 else { throw .badFraction(fraction: fraction, count: count) }
    let held = Int((Double(count) * fraction).rounded())
    guard held > 0, held < count else { throw .badFraction(fraction: fraction, count: count) }
    let order = RandomStream(seed: seed, purpose: "split").permutation(of: count)
    validation = order[..<held].sorted()
    train = order[held...].sorted()
  }
}
