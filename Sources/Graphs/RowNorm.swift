import FoveaTensors

/// A tensor as runs of neighbouring numbers, each brought to mean 0 and variance 1: layer, group and instance
/// normalization. Within a run, `parts` stretches of `stretch` numbers have a scale and a shift each.
struct RowNorm: Sendable {
  /// Number of runs.
  let runs: Int
  let parts: Int
  let stretch: Int
  /// After so many runs scales and shifts begin again.
  let period: Int
  let epsilon: Double

  var run: Int { parts * stretch }
  /// Number of scales.
  var scales: Int { parts * period }

  /// Layer normalization over the axes from `axis` on.
  init(layer shape: Shape, axis: Int, _ attributes: Attributes) {
    runs = shape.dims[..<axis].reduce(1, *)
    parts = shape.dims[axis...].reduce(1, *)
    (stretch, period) = (1, 1)
    epsilon = attributes.float("epsilon", default: 1e-5)
  }

  /// Groups of channels, [N, C, spatial…].
  init(groups: Int, of shape: Shape, _ attributes: Attributes) {
    runs = shape[0] * groups
    parts = shape[1] / groups
    stretch = shape.dims.dropFirst(2).reduce(1, *)
    period = groups
    epsilon = attributes.float("epsilon", default: 1e-5)
  }

  /// Writes the results and, per run, mean and 1/√(variance + epsilon).
  @inline(__always)
  func forward<T: ReferenceScalar>(
    _ x: UnsafePointer<T>, _ scale: UnsafePointer<T>?, _ shift: UnsafePointer<T>?, _ y: UnsafeMutablePointer<T>,
    _ means: UnsafeMutablePointer<T>, _ inverses: UnsafeMutablePointer<T>
  ) {
    let count = T(max(run, 1))
    for index in 0..<runs {
      let row = x + index * run
      let target = y + index * run
      let mean = ElementLoss.sum(run) { row[$0] } / count
      let variance = ElementLoss.sum(run) { (row[$0] - mean) * (row[$0] - mean) } / count
      let inverse = 1 / (variance + T(epsilon)).squareRoot()
      means[index] = mean
      inverses[index] = inverse
      let first = index % period * parts
      if stretch == 1 {
        for at in 0..<parts { target[at] = (row[at] - mean) * inverse }
        if let scale { for at in 0..<parts { target[at] *= scale[first &+ at] } }
        if let shift { for at in 0..<parts { target[at] += shift[first &+ at] } }
      } else {
        for part in 0..<parts {
          let factor = (scale?[first + part] ?? 1) * inverse
          let offset = shift?[first + part] ?? 0
          for at in (part * stretch)..<((part + 1) * stretch) { target[at] = (row[at] - mean) * factor + offset }
        }
      }
    }
  }

  /// Writes the gradients of the input, the scales and the shifts.
  @inline(__always)
  func backward<T: ReferenceScalar>(
    _ dy: UnsafePointer<T>, _ x: UnsafePointer<T>, _ scale: UnsafePointer<T>?, _ means: UnsafePointer<T>,
    _ inverses: UnsafePointer<T>, _ dx: UnsafeMutablePointer<T>, _ dScale: UnsafeMutablePointer<T>,
    _ dShift: UnsafeMutablePointer<T>
  ) {
    dScale.update(repeating: 0, count: scales)
    dShift.update(repeating: 0, count: scales)
    let count = T(max(run, 1))
    for index in 0..<runs {
      let g = dy + index * run
      let row = x + index * run
      let target = dx + index * run
      let (mean, inverse) = (means[index], inverses[index])
      let first = index % period * parts
      // What moved the mean and the variance: Σ of the scaled gradients, and of them times the normalized numbers.
      var sum: T = 0
      var product: T = 0
      for part in 0..<parts {
        let factor = scale?[first &+ part] ?? 1
        var partSum: T = 0
        var partProduct: T = 0
        for at in (part &* stretch)..<((part &+ 1) &* stretch) {
          partSum += g[at]
          partProduct += g[at] * ((row[at] - mean) * inverse)
        }
        dShift[first &+ part] += partSum
        dScale[first &+ part] += partProduct
        sum += factor * partSum
        product += factor * partProduct
      }
      let (meanShare, slope) = (sum / count, product / count)
      for part in 0..<parts {
        let factor = scale?[first &+ part] ?? 1
        for at in (part &* stretch)..<((part &+ 1) &* stretch) {
          target[at] = inverse * (factor * g[at] - meanShare - (row[at] - mean) * inverse * slope)
        }
      }
    }
  }
}
