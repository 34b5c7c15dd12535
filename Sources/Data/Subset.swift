import FoveaTensors

/// Some of the examples of another data set, in an order of its own.
public final class Subset: AugmentingDataset {
  public let name: String
  /// Which examples of the whole, in this set's order.
  public let indices: [Int]
  private let whole: any Dataset

  public var count: Int { indices.count }
  public var classNames: [String] { whole.classNames }
  public var sampleShape: Shape { whole.sampleShape }
  public var isStandardized: Bool { whole.isStandardized }
  public var decodesFiles: Bool { whole.decodesFiles }
  public var skipped: [SkippedFile] { whole.skipped }

  /// The examples `indices` of `whole`.
  /// - Throws: `DataError.indexOutOfRange`.
  public init(of whole: any Dataset, indices: [Int], name: String? = nil) throws(DataError) {
    let count = whole.count
    if let wrong = indices.first(where: { $0 < 0 || $0 >= count }) {
      throw .indexOutOfRange(index: wrong, count: count)
    }
    self.whole = whole
    self.indices = indices
    self.name = name ?? whole.name
  }

  public func label(_ index: Int) -> Int32 { whole.label(indices[index]) }

  public func fill(
    indices places: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization
  ) throws {
    try inPieces(places) { part, start in
      try whole.fill(
        indices: part, pixels: pixels + start * sampleShape.count, labels: labels + start, using: normalization)
    }
  }

  package func fill(
    indices places: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization, augmenter: Augmenter
  ) throws {
    try inPieces(places) { part, start in
      try augmenter.fill(
        from: whole, indices: part, pixels: pixels + start * sampleShape.count, labels: labels + start,
        using: normalization)
    }
  }

  /// Calls `body` with the whole set's indices and how many came before. In pieces that fit on the stack, so
  /// that nothing is allocated.
  private func inPieces(
    _ places: UnsafeBufferPointer<Int>, _ body: (UnsafeBufferPointer<Int>, Int) throws -> Void
  ) throws {
    let piece = 64
    try withUnsafeTemporaryAllocation(of: Int.self, capacity: piece) { mapped in
      var start = 0
      while start < places.count {
        let count = min(piece, places.count - start)
        for offset in 0..<count { mapped.initializeElement(at: offset, to: indices[places[start + offset]]) }
        try body(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(mapped)[..<count]), start)
        start += count
      }
    }
  }
}
