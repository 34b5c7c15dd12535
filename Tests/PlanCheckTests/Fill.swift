import Fovea

/// What a leaf of a drawn graph is filled with.
enum Fill {
  case normal(mean: Double, deviation: Double)
  case uniform(Double, Double)
  /// Whole numbers below a bound.
  case below(Int)
  /// Whole numbers between two bounds.
  case whole(Int, Int)
  case truth

  /// The numbers, which depend on seed, step and name alone.
  func tensor(_ name: String, _ type: TensorType, seed: UInt64, step: Int = 0) throws -> Tensor {
    let random = RandomStream(seed: seed, purpose: "plan check", path: name)
    let shape = type.shape.concrete ?? .scalar
    let numbers = (0..<shape.count).map { index -> Double in
      let (step, word) = (UInt64(step), random.word(step: UInt64(step), index: index))
      switch self {
      case .normal(let mean, let deviation): return mean + deviation * random.normal(step: step, index: index)
      case .uniform(let low, let high): return low + (high - low) * Double(random.uniform(step: step, index: index))
      case .below(let bound): return Double(word % UInt32(max(bound, 1)))
      case .whole(let low, let high): return Double(low) + Double(word % UInt32(high - low + 1))
      case .truth: return Double(word % 2)
      }
    }
    // Through single precision, so that f32 and f64 start from the same numbers.
    let start = type.dtype.isFloat ? numbers.map { Double(Float($0)) } : numbers
    return try Tensor(start, shape: shape).converted(to: type.dtype)
  }
}
