import FoveaTensors

/// Labelled examples that can be read in any order, from any thread: pictures [C, H, W] or signals [C, L].
///
/// Values are on the scale where 255 (in 8 bits) and 1 (in floats) are the same.
public protocol Dataset: Sendable {
  /// What errors and reports call it.
  var name: String { get }
  /// Number of examples, N.
  var count: Int { get }
  /// One name per class; a label is an index into them.
  var classNames: [String] { get }
  /// The shape of one example, channels first: [C, H, W], [C, L].
  var sampleShape: Shape { get }
  /// True when mean 0 and deviation 1 have been seen to, so that nothing need be measured; false if not said.
  var isStandardized: Bool { get }
  /// True when reading an example means decoding a file, so that several threads are worth while; false if
  /// not said.
  var decodesFiles: Bool { get }
  /// The files that were left out so far because they are broken or have no class; none if not said.
  var skipped: [SkippedFile] { get }
  /// The class of one example; `index` is in 0 ..< `count`.
  func label(_ index: Int) -> Int32
  /// Writes the examples of `indices`, one after the other, as [N, C, …] normalized values and
  /// [N] labels; there is room for all of them. In-memory sets allocate nothing here.
  /// - Throws: `DataError.channelMismatch` when the normalization is for another number of channels;
  ///   whatever goes wrong while reading.
  func fill(
    indices: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization) throws
}

extension Dataset {
  public var isStandardized: Bool { false }
  public var decodesFiles: Bool { false }
  public var skipped: [SkippedFile] { [] }

  /// Values of one channel of an example.
  var planeSize: Int { sampleShape.dims.dropFirst().reduce(1, *) }
}

/// A set that augments while it reads; others are augmented afterwards, by `Augmenter`.
package protocol AugmentingDataset: Dataset {
  /// As `fill(indices:pixels:labels:using:)`, each example as `augmenter` draws for its index.
  func fill(
    indices: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization, augmenter: Augmenter) throws
}

/// Examples that are held in memory as 8-bit pixels.
public final class InMemoryDataset: AugmentingDataset {
  public let name: String
  public let classNames: [String]
  public let sampleShape: Shape
  private let pixels: [UInt8]
  private let labels: [Int32]

  public var count: Int { labels.count }

  /// A data set of `pixels` [N, C, …] and `labels` [N].
  /// - Throws: `DataError` when an extent is not positive, the counts do not fit each other or a label
  ///   has no class.
  public init(
    name: String, pixels: [UInt8], labels: [Int32], sampleShape: Shape, classNames: [String]
  ) throws(DataError) {
    try checkExamples(name, values: pixels.count, labels, sampleShape, classes: classNames.count)
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
    let plane = planeSize
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

  package func fill(
    indices: UnsafeBufferPointer<Int>, pixels target: UnsafeMutablePointer<Float>,
    labels targetLabels: UnsafeMutablePointer<Int32>, using normalization: Normalization, augmenter: Augmenter
  ) throws {
    let (channels, size) = (sampleShape[0], planeSize * sampleShape[0])
    let (height, width) = (sampleShape[1], sampleShape[2])
    try normalization.check(channels: channels, dataset: name)
    pixels.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return }
      for (place, index) in indices.enumerated() {
        precondition(index >= 0 && index < labels.count, "example \(index) of \(labels.count)")
        targetLabels[place] = labels[index]
        let view = PixelView(planes: base + index * size, channels: channels, height: height, width: width)
        augmenter.write(view, index: index, height: height, width: width, to: target + place * size, normalization)
      }
    }
  }

  /// The 8-bit values of one example, C·H·W of them.
  public func pixels(of index: Int) -> ArraySlice<UInt8> {
    let size = sampleShape.count
    return pixels[index * size..<(index + 1) * size]
  }
}

/// Refuses values, labels and shapes that do not fit each other.
/// - Throws: `DataError`.
func checkExamples(
  _ name: String, values: Int, _ labels: [Int32], _ shape: Shape, classes: Int
) throws(DataError) {
  guard shape.rank >= 2, shape.dims.allSatisfy({ $0 > 0 }), let size = shape.checkedCount else {
    throw .tensors(.badShape(dims: shape.dims))
  }
  let (needed, overflow) = size.multipliedReportingOverflow(by: labels.count)
  guard !overflow, needed == values else { throw .sizeMismatch(pixels: values, labels: labels.count, shape: shape) }
  if let index = labels.firstIndex(where: { $0 < 0 || Int($0) >= classes }) {
    throw .labelOutOfRange(path: name, index: index, label: Int(labels[index]), classes: classes)
  }
}
