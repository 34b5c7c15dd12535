/// Which classes a classifier takes for which: the count of examples per actual and predicted class.
///
/// ```swift
/// var matrix = ConfusionMatrix(classes: 2)
/// try matrix.add(actual: [0, 0, 1], predicted: [0, 1, 1])
/// matrix.accuracy              // 2/3
/// matrix.mostConfused(limit: 1)  // [(actual: 0, predicted: 1, count: 1)]
/// ```
///
/// It takes C² numbers of memory for C classes.
public struct ConfusionMatrix: Equatable, Sendable {
  /// Number of classes C.
  public let classes: Int
  /// Counts [C×C]: the row is the actual class, the column the predicted one.
  public private(set) var counts: [Int]

  /// An empty matrix.
  public init(classes: Int) {
    precondition(classes >= 0, "a number of classes cannot be negative")
    self.classes = classes
    counts = [Int](repeating: 0, count: classes * classes)
  }

  /// The count of one pair; both must be below `classes`.
  public subscript(actual actual: Int, predicted predicted: Int) -> Int { counts[actual * classes + predicted] }

  /// Counts one example.
  /// - Throws: `ConfusionMatrixError.classOutside`.
  public mutating func add(actual: Int, predicted: Int) throws(ConfusionMatrixError) {
    try check(actual, predicted)
    counts[actual * classes + predicted] += 1
  }

  private func check(_ actual: Int, _ predicted: Int) throws(ConfusionMatrixError) {
    guard (0..<classes).contains(actual) else { throw .classOutside(actual, kind: "actual", classes: classes) }
    guard (0..<classes).contains(predicted) else { throw .classOutside(predicted, kind: "predicted", classes: classes) }
  }

  /// Counts a batch.
  /// - Throws: `ConfusionMatrixError`; nothing of the batch is counted then.
  public mutating func add(actual: [Int], predicted: [Int]) throws(ConfusionMatrixError) {
    guard actual.count == predicted.count else {
      throw .countMismatch(actual: actual.count, predicted: predicted.count)
    }
    for (a, p) in zip(actual, predicted) { try check(a, p) }
    for (a, p) in zip(actual, predicted) { counts[a * classes + p] += 1 }
  }

  /// Adds the counts of another part of the data.
  /// - Throws: `ConfusionMatrixError.classCounts` when the number of classes differs.
  public mutating func add(_ other: ConfusionMatrix) throws(ConfusionMatrixError) {
    guard classes == other.classes else { throw .classCounts(classes, other.classes) }
    for index in counts.indices { counts[index] += other.counts[index] }
  }

  /// Number of examples counted.
  public var total: Int { counts.reduce(0, +) }

  /// The share of examples whose class was found, or nil before the first.
  public var accuracy: Double? {
    let total = total
    guard total > 0 else { return nil }
    return Double((0..<classes).reduce(0) { $0 + self[actual: $1, predicted: $1] }) / Double(total)
  }

  /// For each class the share of its examples that were found; nil for a class without examples.
  public var recall: [Double?] {
    (0..<classes).map { actual in
      let row = counts[actual * classes..<(actual + 1) * classes].reduce(0, +)
      return row == 0 ? nil : Double(self[actual: actual, predicted: actual]) / Double(row)
    }
  }

  /// The commonest mistakes, most frequent first, equal ones by class number; at most `limit`, and
  /// none that never happened.
  ///
  /// Complexity: O(C² + m log m) for m kinds of mistakes.
  public func mostConfused(limit: Int) -> [(actual: Int, predicted: Int, count: Int)] {
    let mistakes = counts.indices.lazy
      .filter { counts[$0] > 0 && $0 / classes != $0 % classes }
      .map { (actual: $0 / classes, predicted: $0 % classes, count: counts[$0]) }
    let order = mistakes.sorted { ($1.count, $0.actual, $0.predicted) < ($0.count, $1.actual, $1.predicted) }
    return Array(order.prefix(max(0, limit)))
  }
}

/// What cannot be counted in a confusion matrix.
public enum ConfusionMatrixError: Error, Equatable {
  /// A class number (`kind`: actual or predicted) that the matrix does not have.
  case classOutside(Int, kind: String, classes: Int)
  /// A batch with more labels than predictions, or fewer.
  case countMismatch(actual: Int, predicted: Int)
  /// Two matrices of different numbers of classes.
  case classCounts(Int, Int)
}

extension ConfusionMatrixError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .classOutside(let number, let kind, let classes):
      "the \(kind) class \(number) is not among the \(classes) classes (0 ..< \(classes)); "
        + "the data set has other classes than the model"
    case .countMismatch(let actual, let predicted):
      "\(actual) actual classes came with \(predicted) predicted ones; give one prediction per example"
    case .classCounts(let first, let second):
      "a matrix of \(second) classes cannot be added to one of \(first); count both with the same classes"
    }
  }
}
