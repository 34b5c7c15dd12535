import FoveaTensors

/// Labelled pictures that can be read in any order, from any thread.
public protocol Dataset: Sendable {
  /// What errors and reports call it.
  var name: String { get }
  /// Number of examples, N.
  var count: Int { get }
  /// One name per class; a label is an index into them.
  var classNames: [String] { get }
  /// The shape of one example, [C, H, W].
  var sampleShape: Shape { get }
  /// The class of one example; `index` is in 0 ..< `count`.
  func label(_ index: Int) -> Int32
  /// Writes the examples of `indices`, one after the other, as [N, C, H, W] normalized pixels and
  /// [N] labels; there is room for all of them. In-memory sets allocate nothing here.
  /// - Throws: `DataError.channelMismatch` when the normalization is for another number of channels;
  ///   whatever goes wrong while reading.
  func fill(
    indices: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization) throws
}

/// Pictures that are held in memory as 8-bit pixels.
public final class InMemoryDataset: Dataset {
  public let name: String
  public let classNames: [String]
  public let sampleShape: Shape
  private let pixels: [UInt8]
  private let labels: [Int32]

  public var count: Int { labels.count }

  /// A data set of `pixels` [N, C, H, W] and `labels` [N].
  /// - Throws: `DataError` when a side is not positive, the counts do not fit each other or a label
  ///   has no class.
  public init(
    name: String, pixels: [UInt8], labels: [Int32], sampleShape: Shape, classNames: [String]
  ) throws(DataError) {
    guard sampleShape.rank == 3, sampleShape.dims.allSatisfy({ $0 > 0 }), let size = sampleShape.checkedCount else {
      throw .tensors(.badShape(dims: sampleShape.dims))
    }
    let (needed, overflow) = size.multipliedReportingOverflow(by: labels.count)
    guard !overflow, needed == pixels.count else {
      throw .sizeMismatch(pixels: pixels.count, labels: labels.count, shape: sampleShape)
    }
    if let index = labels.firstIndex(where: { $0 < 0 || Int($0) >= classNames.count }) {
      throw .labelOutOfRange(path: name, index: index, label: Int(labels[index]), classes: classNames.count)
    }
    self.name = name
    self.pixels = pixels
    self.labels = labels
    self.sampleShape = sampleShape
    self.classNames = classNames
  }

  public func label(_ index: Int) -> Int32 { labels[index] }

  public func fill(
    indices: UnsafeBufferPointer<Int>, pixels target: UnsafeMutablePointer<Float>,
    labels targetLabels: UnsafeMutablePointer<Int32>, using normalization: Normalization
  ) throws {
    let channels = sampleShape[0]
    let plane = sampleShape[1] * sampleShape[2]
    try normalization.check(channels: channels, dataset: name)
    pixels.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return }
      for (place, index) in indices.enumerated() {
        precondition(index >= 0 && index < labels.count, "example \(index) of \(labels.count)")
        targetLabels[place] = labels[index]
        for channel in 0..<channels {
          let from = base + (index * channels + channel) * plane
          normalization.apply(channel: channel, from, target + (place * channels + channel) * plane, count: plane)
        }
      }
    }
  }

  /// The 8-bit pixels of one example, C·H·W of them.
  public func pixels(of index: Int) -> ArraySlice<UInt8> {
    let size = sampleShape.count
    return pixels[index * size..<(index + 1) * size]
  }
}

/// Some of the examples of another data set, in an order of its own.
public final class Subset: Dataset {
  public let name: String
  /// Which examples of the whole, in this set's order.
  public let indices: [Int]
  private let whole: any Dataset

  public var count: Int { indices.count }
  public var classNames: [String] { whole.classNames }
  public var sampleShape: Shape { whole.sampleShape }

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
    let size = sampleShape.count
    // In pieces that fit on the stack, so that nothing is allocated.
    let piece = 64
    try withUnsafeTemporaryAllocation(of: Int.self, capacity: piece) { mapped in
      var start = 0
      while start < places.count {
        let count = min(piece, places.count - start)
        for offset in 0..<count { mapped.initializeElement(at: offset, to: indices[places[start + offset]]) }
        try whole.fill(
          indices: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(mapped)[..<count]), pixels: pixels + start * size,
          labels: labels + start, using: normalization)
        start += count
      }
    }
  }
}
