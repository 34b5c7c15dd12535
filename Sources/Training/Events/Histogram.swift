/// How values are distributed over buckets of equal width.
struct Histogram: Equatable {
  let minimum: Double
  let maximum: Double
  let count: Int
  let sum: Double
  let sumOfSquares: Double
  /// The upper end of each bucket.
  let limits: [Double]
  let counts: [Int]

  /// Nil where no value is finite: TensorBoard cannot show such a histogram. NaN and the
  /// infinities are left out.
  init?(_ values: [Float], buckets: Int) {
    let finite = values.lazy.filter(\.isFinite).map(Double.init)
    guard let smallest = finite.min(), let largest = finite.max() else { return nil }
    minimum = smallest
    maximum = largest
    count = finite.count
    sum = finite.reduce(0, +)
    sumOfSquares = finite.reduce(0) { $0 + $1 * $1 }
    guard smallest < largest else {
      // All equal: a bucket of some width round the value, or TensorBoard draws nothing.
      let half = max(0.5, abs(smallest) * 1e-3)
      limits = [smallest - half, smallest + half]
      counts = [0, finite.count]
      return
    }
    let number = max(1, buckets)
    let width = (largest - smallest) / Double(number)
    var counts = [Int](repeating: 0, count: number)
    for value in finite { counts[min(number - 1, Int((value - smallest) / width))] += 1 }
    self.counts = counts
    limits = (1...number).map { $0 == number ? largest : smallest + width * Double($0) }
  }
}
