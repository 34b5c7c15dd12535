import FoveaGraphs
import FoveaTensors

extension Store {
  /// The initial value of one parameter: the same for the same seed and path, whatever else there is.
  public static func initial(
    _ parameter: Parameter, _ shape: Shape, _ dtype: DType, seed: UInt64, scheme: InitializationScheme
  ) -> Tensor {
    let stream = RandomStream(seed: seed, purpose: "init", path: parameter.path)
    // Straight into the type that is wanted: large layers would need three times their memory otherwise.
    switch dtype {
    case .f32: return filled(parameter, shape, Float.self, stream, scheme)
    case .f64: return filled(parameter, shape, Double.self, stream, scheme)
    default: return filled(parameter, shape, Double.self, stream, scheme).converted(to: dtype)
    }
  }

  private static func filled<T: TensorScalar & BinaryFloatingPoint>(
    _ parameter: Parameter, _ shape: Shape, _ type: T.Type, _ stream: RandomStream, _ scheme: InitializationScheme
  ) -> Tensor {
    var tensor = Tensor(zeros: shape, dtype: T.dtype)
    tensor.withMutableElements(of: T.self) { elements in
      switch parameter.initializer {
      case .constant(let constant): if constant != 0 { elements.update(repeating: T(constant)) }
      case .pattern(let pattern): for (index, value) in pattern.entries(of: shape) { elements[index] = T(value) }
      case .fan(let own, let fanIn, let fanOut):
        let scheme = own ?? scheme
        if parameter.role != .weight && scheme != .standard { return }
        switch scheme {
        case .he: fillNormal(elements, stream, scale: (2 / Double(max(fanIn, 1))).squareRoot())
        case .xavier: fillUniform(elements, stream, bound: (6 / Double(max(fanIn + fanOut, 1))).squareRoot())
        case .standard: fillUniform(elements, stream, bound: 1 / Double(max(fanIn, 1)).squareRoot())
        }
      }
    }
    return tensor
  }

  /// Numbers in [−bound, bound): element i is 2·`stream.uniform(index: i)` − 1 times the bound. One block of the
  /// generator serves four.
  @inline(__always)
  private static func fillUniform<T: BinaryFloatingPoint>(
    _ elements: UnsafeMutableBufferPointer<T>, _ stream: RandomStream, bound: Double
  ) {
    for block in 0..<(elements.count + 3) / 4 {
      let words = stream.words(step: 0, block: UInt64(block))
      let first = 4 * block
      for index in first..<min(first + 4, elements.count) {
        let uniform = Float(words[index - first] >> 8) * 0x1p-24
        elements[index] = T((2 * Double(uniform) - 1) * bound)
      }
    }
  }

  @inline(__always)
  private static func fillNormal<T: BinaryFloatingPoint>(
    _ elements: UnsafeMutableBufferPointer<T>, _ stream: RandomStream, scale: Double
  ) {
    for index in elements.indices { elements[index] = T(stream.normal(index: index) * scale) }
  }
}
