#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The steps of the generator of MNIST-1D on one signal, with the formulas of NumPy and SciPy down to the
/// rounding: which points count as silence is a comparison with exactly 0.
enum MNIST1DSignal {
  /// `count` numbers from `first` to `last` at equal distances: `numpy.linspace`.
  static func evenly(from first: Double, to last: Double, _ count: Int) -> [Double] {
    let step = (last - first) / Double(count - 1)
    var values = (0..<count).map { Double($0) * step + first }
    values[count - 1] = last
    return values
  }

  /// The signal at `count` points over its whole length, by straight lines: `scipy.interpolate.interp1d`.
  static func resampled(_ values: [Double], to count: Int) -> [Double] {
    let old = evenly(from: 0, to: 1, values.count)
    var left = 0
    return evenly(from: 0, to: 1, count).map { x in
      while left + 1 < old.count, old[left + 1] <= x { left += 1 }
      if left == old.count - 1 || old[left] == x { return values[left] }
      let slope = (values[left + 1] - values[left]) / (old[left + 1] - old[left])
      return slope * (x - old[left]) + values[left]
    }
  }

  /// The signal smoothed by a Gaussian of deviation `sigma`, cut at four deviations, mirrored at the ends with
  /// the last point repeated: `scipy.ndimage.gaussian_filter`.
  static func smoothed(_ values: [Double], sigma: Double) -> [Double] {
    let reach = Int(4 * sigma + 0.5)
    let bell = (0...reach).map { exp(-0.5 / (sigma * sigma) * Double($0 * $0)) }
    let total = bell[0] + 2 * bell.dropFirst().reduce(0, +)
    let count = values.count
    func mirrored(_ index: Int) -> Double {
      let period = (index % (2 * count) + 2 * count) % (2 * count)
      return values[period < count ? period : 2 * count - 1 - period]
    }
    return values.indices.map { center in
      var sum = values[center] * (bell[0] / total)
      for offset in stride(from: reach, through: 1, by: -1) {
        sum += (mirrored(center - offset) + mirrored(center + offset)) * (bell[offset] / total)
      }
      return sum
    }
  }

  /// The signal moved right by `steps`; what leaves at the end comes in at the start.
  static func rotated(_ values: [Double], by steps: Int) -> [Double] {
    Array(values.suffix(steps) + values.dropLast(steps))
  }

  /// One example, made of `template` by the draws of `random` in the published order.
  static func example(
    of template: [Double], _ options: MNIST1D.Options, _ random: inout MersenneTwister
  ) -> [Double] {
    let span = options.padding.upperBound - options.padding.lowerBound + 1
    let silence = options.padding.lowerBound + Int(random.uniform() * Double(span))
    // The small number tells the digit's own zeros from silence.
    let padded = template.map { $0 + 1e-8 } + [Double](repeating: 0, count: silence)
    var signal = resampled(padded, to: options.longLength)
    let scale = 1 + options.scale * (random.uniform() - 0.5)
    signal = rotated(signal.map { $0 * scale }, by: random.integer(upTo: options.maxTranslation - 1))
    let hum = smoothed(signal.map { _ in options.correlatedNoise * random.normal() }, sigma: 2)
    for index in signal.indices where signal[index] == 0 { signal[index] = hum[index] }
    for index in signal.indices { signal[index] += options.noise * random.normal() }
    let slant = options.shear * (random.uniform() - 0.5)
    let ramp = evenly(from: -0.5, to: 0.5, signal.count)
    for index in signal.indices { signal[index] -= slant * ramp[index] }
    return resampled(signal, to: options.length)
  }
}
