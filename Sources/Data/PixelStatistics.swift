import FoveaTensors

/// Mean and standard deviation of each channel's values over a whole set, on the scale where 255 in 8 bits is 1.
public struct PixelStatistics: Sendable, Hashable {
  /// One number per channel.
  public let mean: [Double]
  /// One number per channel: the population's standard deviation (divided by n, not n − 1).
  public let std: [Double]

  /// Reads all of `dataset`; take the training set only, or the test set leaks into training.
  /// A set that says it is standardized is not read: mean 0 and deviation 1 leave it as it is.
  /// - Throws: `DataError.emptyDataset`; what reading the set throws.
  /// - Complexity: one pass over all pixels.
  public init(of dataset: any Dataset) throws {
    guard dataset.count > 0 else { throw DataError.emptyDataset(name: dataset.name) }
    let channels = dataset.sampleShape[0]
    guard !dataset.isStandardized else {
      mean = [Double](repeating: 0, count: channels)
      std = [Double](repeating: 1, count: channels)
      return
    }
    let plane = dataset.planeSize
    var sum = [Double](repeating: 0, count: channels)
    var squares = sum
    // The loader reads with as many threads as the set is worth; the batches are added in their order.
    let loader = try Loader(
      dataset, batchSize: max(1, 500_000 / (channels * plane)), order: .sequential, normalization: .levels, epochs: 1)
    defer { loader.stop() }
    while let batch = try loader.next() {
      for block in 0..<batch.count * channels {
        let part = UnsafeBufferPointer(start: batch.input + block * plane, count: plane)
        let (one, two) = PixelStatistics.sums(part)
        sum[block % channels] += one
        squares[block % channels] += two
      }
      loader.recycle(batch)
    }
    let number = Double(dataset.count) * Double(plane)
    mean = sum.map { $0 / number / 255 }
    std = zip(sum, squares).map { one, two in
      let mean = one / number
      return max(0, two / number - mean * mean).squareRoot() / 255
    }
  }

  /// Sum and sum of squares; 8-bit pixels are whole numbers here, so both are exact.
  private static func sums(_ values: UnsafeBufferPointer<Float>) -> (Double, Double) {
    var one = SIMD8<Double>.zero
    var two = SIMD8<Double>.zero
    let whole = values.count & ~7
    for start in stride(from: 0, to: whole, by: 8) {
      var lanes = SIMD8<Float>.zero
      for lane in 0..<8 { lanes[lane] = values[start + lane] }
      let x = SIMD8<Double>(lanes)
      one += x
      two += x * x
    }
    var (sum, squares) = (one.sum(), two.sum())
    for index in whole..<values.count {
      let x = Double(values[index])
      sum += x
      squares += x * x
    }
    return (sum, squares)
  }

  /// The normalization to mean 0 and deviation 1; a channel that never changes is only shifted.
  public var normalization: Normalization {
    get throws(DataError) {
      try Normalization(mean: mean.map { Float($0) }, std: std.map { Float($0) > 0 ? Float($0) : 1 })
    }
  }
}
