import FoveaTensors

/// Mean and standard deviation of each channel's pixels over a whole set, on the scale where 255 is 1.
public struct PixelStatistics: Sendable, Hashable {
  /// One number per channel.
  public let mean: [Double]
  /// One number per channel: the population's standard deviation (divided by n, not n − 1).
  public let std: [Double]

  /// Reads all of `dataset`; take the training set only, or the test set leaks into training.
  /// - Throws: `DataError.emptyDataset`; what reading the set throws.
  /// - Complexity: one pass over all pixels.
  public init(of dataset: any Dataset) throws {
    guard dataset.count > 0 else { throw DataError.emptyDataset(name: dataset.name) }
    let channels = dataset.sampleShape[0]
    let plane = dataset.sampleShape[1] * dataset.sampleShape[2]
    var sum = [Double](repeating: 0, count: channels)
    var squares = sum
    let piece = max(1, min(dataset.count, 1_000_000 / (channels * plane)))
    var pixels = [Float](repeating: 0, count: piece * channels * plane)
    var labels = [Int32](repeating: 0, count: piece)
    for start in stride(from: 0, to: dataset.count, by: piece) {
      let indices = Array(start..<min(start + piece, dataset.count))
      try indices.withUnsafeBufferPointer { chosen in
        try pixels.withUnsafeMutableBufferPointer { all in
          try labels.withUnsafeMutableBufferPointer { classes in
            guard let base = all.baseAddress, let first = classes.baseAddress else { return }
            try dataset.fill(indices: chosen, pixels: base, labels: first, using: .levels)
          }
        }
      }
      pixels.withUnsafeBufferPointer { all in
        for block in 0..<indices.count * channels {
          let part = UnsafeBufferPointer(rebasing: all[block * plane..<(block + 1) * plane])
          let (one, two) = PixelStatistics.sums(part)
          sum[block % channels] += one
          squares[block % channels] += two
        }
      }
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
