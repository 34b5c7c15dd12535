import FoveaTensors

/// MNIST-1D (Greydanus 2020, "Scaling down deep learning"): ten digits as signals of 40 points, made by a
/// published generator rather than fetched.
///
/// The generator and its numbers are those of the package `mnist1d` (github.com/greydanus/mnist1d,
/// Apache-2.0), with random numbers as NumPy's `RandomState` draws them: the standard options give its data
/// set, 4,000 examples to train and 1,000 to test.
///
/// ```swift
/// let (train, test) = try MNIST1D.generate()
/// let quieter = try MNIST1D.generate(MNIST1D.Options(correlatedNoise: 0.1, seed: 1))
/// ```
public enum MNIST1D {
  /// What the generator can be told; what is left out is as published.
  public struct Options: Sendable, Hashable, Codable {
    /// Examples in all; each digit gets a tenth, rounded down.
    public var samples = 5000
    /// The fraction of the examples that trains.
    public var trainFraction = 0.8
    /// How many points of silence may follow a digit's 12 points.
    public var padding = 36...60
    /// Signals are scaled by 1 ± half of this.
    public var scale = 0.4
    /// Signals are moved by 0 ..< this many points.
    public var maxTranslation = 48
    /// Amplitude of the smooth noise in the silence.
    public var correlatedNoise = 0.25
    /// Amplitude of the noise at each point.
    public var noise = 0.02
    /// Signals are slanted by ± half of this.
    public var shear = 0.75
    /// True to put the points of all examples in one random order, which takes the neighbourhood away.
    public var shufflesPoints = false
    /// Points of an example, L.
    public var length = 40
    /// Of all draws.
    public var seed: UInt32 = 42

    /// The published numbers, except those given.
    public init(
      samples: Int = 5000, trainFraction: Double = 0.8, padding: ClosedRange<Int> = 36...60, scale: Double = 0.4,
      maxTranslation: Int = 48, correlatedNoise: Double = 0.25, noise: Double = 0.02, shear: Double = 0.75,
      shufflesPoints: Bool = false, length: Int = 40, seed: UInt32 = 42
    ) {
      self.samples = samples
      self.trainFraction = trainFraction
      self.padding = padding
      self.scale = scale
      self.maxTranslation = maxTranslation
      self.correlatedNoise = correlatedNoise
      self.noise = noise
      self.shear = shear
      self.shufflesPoints = shufflesPoints
      self.length = length
      self.seed = seed
    }

    /// Points of a signal before it is cut down to `length`.
    var longLength: Int { 12 + padding.upperBound }

    /// - Throws: `DataError.badOption` for numbers that make no data set.
    func check() throws(DataError) {
      func require(_ isGood: Bool, _ name: String, _ value: Any, _ expected: String) throws(DataError) {
        if !isGood { throw .badOption(name: "MNIST-1D's \(name)", value: "\(value)", expected: expected) }
      }
      try require((10...1_000_000).contains(samples), "samples", samples, "from 10 to 1000000")
      try require(trainFraction > 0 && trainFraction < 1, "trainFraction", trainFraction, "between 0 and 1")
      try require(padding.lowerBound >= 0 && padding.upperBound <= 10_000, "padding", padding, "within 0...10000")
      try require(
        (1...longLength).contains(maxTranslation), "maxTranslation", maxTranslation, "from 1 to \(longLength)")
      try require((2...10_000).contains(length), "length", length, "from 2 to 10000")
      for (name, value) in [("scale", scale), ("correlatedNoise", correlatedNoise), ("noise", noise), ("shear", shear)]
      {
        try require(value.isFinite && abs(value) <= 1e6, name, value, "finite and at most 1e6")
      }
    }
  }

  /// Each digit at 12 points.
  private static let drawings: [[Double]] = [
    [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
    [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
    [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
    [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
    [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
    [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
    [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
    [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
    [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
    [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
  ]

  /// The ten digits as the generator starts from them: deviation 1/6, first and last point 0.
  public static let templates: [[Double]] = drawings.map { points in
    let (mean, deviation) = moments(points)
    let white = points.map { ($0 - mean) / deviation }
    return white.map { ($0 - white[0]) / 6 }
  }

  /// Makes the data set: examples [1, L] of mean 0 and deviation 1 over the whole, as [C, L].
  /// - Throws: `DataError.badOption`; `.badFraction` when a part would be empty.
  /// - Complexity: about 10 µs an example.
  public static func generate(
    _ options: Options = Options()
  ) throws(DataError) -> (train: FloatDataset, test: FloatDataset) {
    try options.check()
    var random = MersenneTwister(seed: options.seed)
    let each = options.samples / templates.count
    var signals: [[Double]] = []
    signals.reserveCapacity(each * templates.count)
    for template in templates {
      for _ in 0..<each { signals.append(MNIST1DSignal.example(of: template, options, &random)) }
    }
    let order = random.permutation(of: signals.count)
    let points = options.shufflesPoints ? random.permutation(of: options.length) : Array(0..<options.length)
    var values: [Double] = []
    values.reserveCapacity(signals.count * options.length)
    for index in order {
      for point in points { values.append(signals[index][point]) }
    }
    let (mean, deviation) = moments(values)
    let floats = values.map { Float(($0 - mean) / deviation) }
    let labels = order.map { Int32($0 / each) }

    let split = Int(Double(labels.count) * options.trainFraction)
    guard split > 0, split < labels.count else {
      throw .badFraction(fraction: 1 - options.trainFraction, count: labels.count)
    }
    func part(_ range: Range<Int>) throws(DataError) -> FloatDataset {
      try FloatDataset(
        name: "mnist-1d", values: Array(floats[range.lowerBound * options.length..<range.upperBound * options.length]),
        labels: Array(labels[range]), sampleShape: [1, options.length], classNames: (0..<10).map(String.init),
        isStandardized: true)
    }
    return (try part(0..<split), try part(split..<labels.count))
  }

  /// Mean and deviation of a population.
  private static func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / Double(values.count)).squareRoot())
  }
}

extension DatasetKind {
  static let mnist1D = DatasetKind(
    name: "mnist-1d", summary: "digits as signals of 40 points, 10 classes, made by their published generator",
    place: .made,
    load: { (_, part, _) throws(DataError) in
      let sets = try MNIST1D.generate()
      return part == .train ? sets.train : sets.test
    },
    count: { (_, part) throws(DataError) in part == .train ? 4000 : 1000 })
}
