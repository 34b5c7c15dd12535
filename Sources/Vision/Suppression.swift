/// How non-maximum suppression chooses among boxes of one class: the best first, and then whatever does not
/// overlap a chosen one too much.
public struct Suppression: Sendable, Hashable {
  /// A box that overlaps a chosen one of its class by more than this is dropped.
  public var overlap: Double
  /// Only boxes with a larger score are looked at; all when nil. A score that is NaN never counts.
  public var score: Double?
  /// At most so many are chosen of each class; any number when nil, none when negative.
  public var limit: Int?

  public init(overlap: Double = 0.5, score: Double? = nil, limit: Int? = nil) {
    self.overlap = overlap
    self.score = score
    self.limit = limit
  }
}

/// Greedy non-maximum suppression: the boxes that remain, best first, of equal scores the one with the lower
/// place first.
///
/// Boxes of different classes do not see each other. An empty box overlaps nothing, so that only its score can
/// drop it. A box is dropped when its overlap is larger than allowed, and stays when it is equal.
///
/// ```swift
/// let kept = try nonMaximumSuppression(boxes, scores: scores, by: Suppression(overlap: 0.45, score: 0.2))
/// ```
///
/// - Parameter classes: the class of each box; empty when all are of one.
/// - Returns: places in `boxes`.
/// - Throws: `VisionError.countMismatch`.
/// - Complexity: O(n log n) for n boxes, and O(n·k) for the k that remain.
public func nonMaximumSuppression(
  _ boxes: [Box], scores: [Double], classes: [Int] = [], by rule: Suppression = Suppression()
) throws(VisionError) -> [Int] {
  guard scores.count == boxes.count else {
    throw .countMismatch(what: "scores", expected: boxes.count, found: scores.count)
  }
  guard classes.isEmpty || classes.count == boxes.count else {
    throw .countMismatch(what: "classes", expected: boxes.count, found: classes.count)
  }
  var groups: [Int: [Int]] = [:]
  for place in boxes.indices { groups[classes.isEmpty ? 0 : classes[place], default: []].append(place) }
  return groups.values.flatMap { places in
    remaining(places.map { boxes[$0] }, places.map { scores[$0] }, rule).map { places[$0] }
  }.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
}

/// The detections that remain when those of one class must not overlap too much, best first.
public func nonMaximumSuppression(_ detections: [Detection], by rule: Suppression = Suppression()) -> [Detection] {
  let kept = try? nonMaximumSuppression(
    detections.map(\.box), scores: detections.map(\.score), classes: detections.map(\.classIndex), by: rule)
  // The three lists are equally long.
  return kept?.map { detections[$0] } ?? []
}

/// One class.
private func remaining(_ boxes: [Box], _ scores: [Double], _ rule: Suppression) -> [Int] {
  let numbers = boxes.flatMap { [$0.left, $0.top, $0.right, $0.bottom] }
  var order = [Int64](repeating: 0, count: boxes.count)
  var kept = order
  // Never empty: each class is there because a box is of it.
  let found = order.withUnsafeMutableBufferPointer { order in
    kept.withUnsafeMutableBufferPointer { kept in
      numbers.withUnsafeBufferPointer { numbers in
        scores.withUnsafeBufferPointer { scores in
          suppressNonMaxima(
            boxes: numbers.baseAddress!, form: .corners, scores: scores.baseAddress!, count: scores.count, by: rule,
            order: order.baseAddress!, kept: kept.baseAddress!)
        }
      }
    }
  }
  return kept[..<found].map { Int($0) }
}

/// Greedy non-maximum suppression of one class, on raw buffers; allocates nothing.
///
/// - Parameters:
///   - boxes: four numbers each.
///   - order: room for `count` numbers.
///   - kept: room for min(limit, count) numbers: the places of the chosen boxes, best first.
/// - Returns: how many were chosen.
@specialized(where T == Float)
@specialized(where T == Double)
package func suppressNonMaxima<T: BinaryFloatingPoint>(
  boxes: UnsafePointer<T>, form: BoxForm, scores: UnsafePointer<T>, count: Int, by rule: Suppression,
  order: UnsafeMutablePointer<Int64>, kept: UnsafeMutablePointer<Int64>
) -> Int {
  let limit = min(max(rule.limit ?? count, 0), count)
  // A heap, best on top: only as many are put in order as are looked at.
  var size = 0
  for place in 0..<count {
    let score = Double(scores[place])
    // NaN fails both.
    guard rule.score.map({ score > $0 }) ?? (score == score) else { continue }
    order[size] = Int64(place)
    size += 1
  }
  var parent = size / 2
  while parent > 0 {
    parent -= 1
    sink(parent, order, size, scores)
  }
  var found = 0
  while size > 0, found < limit {
    let place = Int(order[0])
    size -= 1
    order[0] = order[size]
    sink(0, order, size, scores)
    let box = Corners(boxes + 4 * place, form)
    var other = 0
    while other < found, !(Double(box.overlap(Corners(boxes + 4 * Int(kept[other]), form))) > rule.overlap) {
      other += 1
    }
    guard other == found else { continue }
    kept[found] = Int64(place)
    found += 1
  }
  return found
}

/// Moves an entry of the heap down to where it belongs.
@inline(__always)
private func sink<T: BinaryFloatingPoint>(
  _ start: Int, _ heap: UnsafeMutablePointer<Int64>, _ size: Int, _ scores: UnsafePointer<T>
) {
  func isAhead(_ a: Int64, _ b: Int64) -> Bool {
    let (first, second) = (scores[Int(a)], scores[Int(b)])
    return first != second ? first > second : a < b
  }
  var at = start
  while 2 * at + 1 < size {
    var child = 2 * at + 1
    if child + 1 < size, isAhead(heap[child + 1], heap[child]) { child += 1 }
    guard isAhead(heap[child], heap[at]) else { return }
    (heap[at], heap[child]) = (heap[child], heap[at])
    at = child
  }
}
