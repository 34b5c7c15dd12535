import FoveaTensors

/// Examples that are held in memory as floats: signals, or whatever a generator makes.
public final class FloatDataset: Dataset {
  public let name: String
  public let classNames: [String]
  public let sampleShape: Shape
  public let isStandardized: Bool
  private let values: [Float]
  private let labels: [Int32]

  public var count: Int { labels.count }

  /// A data set of `values` [N, C, …] and `labels` [N].
  /// - Parameter isStandardized: true to keep the values as they are: nothing is measured.
  /// - Throws: `DataError` when an extent is not positive, the counts do not fit each other, a label has no
  ///   class or a value is not finite.
  public init(
    name: String, values: [Float], labels: [Int32], sampleShape: Shape, classNames: [String],
    isStandardized: Bool = false
  ) throws(DataError) {
    try checkExamples(name, values: values.count, labels, sampleShape, classes: classNames.count)
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(name: name, example: index / sampleShape.count)
    }
    self.name = name
    self.values = values
    self.labels = labels
    self.sampleShape = sampleShape
    self.classNames = classNames
    self.isStandardized = isStandardized
  }

  public func label(_ index: Int) -> Int32 { labels[index] }

  public func fill(
    indices: UnsafeBufferPointer<Int>, pixels target: UnsafeMutablePointer<Float>,
    labels targetLabels: UnsafeMutablePointer<Int32>, using normalization: Normalization
  ) throws {
    let channels = sampleShape[0]
    let plane = planeSize
    try normalization.check(channels: channels, dataset: name)
    values.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return }
      for (place, index) in indices.enumerated() {
        precondition(index >= 0 && index < labels.count, "example \(index) of \(labels.count)")
        targetLabels[place] = labels[index]
        for channel in 0..<channels {
          let from = base + (index * channels + channel) * plane
          let to = target + (place * channels + channel) * plane
          let mean = normalization.mean[normalization.mean.count == 1 ? 0 : channel]
          let std = normalization.std[normalization.std.count == 1 ? 0 : channel]
          // A division, so that mean 0 and deviation 1 change no bit.
          for point in 0..<plane { to[point] = (from[point] - mean) / std }
        }
      }
    }
  }

  /// The values of one example, C·… of them.
  public func values(of index: Int) -> ArraySlice<Float> {
    let size = sampleShape.count
    return values[index * size..<(index + 1) * size]
  }
}
