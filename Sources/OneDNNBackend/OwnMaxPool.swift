import CFoveaBlocks
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Max pooling by kernels of our own, on any order with a name: NaN stays NaN, and a window of −∞ gives −∞, which the
/// library's turn into numbers.
struct OwnMaxPool: Sendable {
  private let pool: fovea_max_pool

  /// Nil for elements of 16 bits, an order without a name, or windows that see padding alone.
  ///
  /// - Parameters:
  ///   - layout: of what is pooled, and of the result.
  ///   - x: its shape, N, C, spatial….
  init?(_ layout: Layout, _ geometry: ConvGeometry, x: [Int], y: [Int], threads: Int) {
    guard !layout.isNarrow, (1...3).contains(geometry.axes), geometry.kernel.reduce(1, *) <= 256 else { return nil }
    var own = fovea_max_pool()
    (own.isa, own.threads) = (Instructions.best.rawValue, Int32(max(threads, 1)))
    switch layout.order {
    case .plain: (own.outer, own.inner) = (Int64(x[0] * x[1]), 1)
    case .channelsLast: (own.outer, own.inner) = (Int64(x[0]), Int64(x[1]))
    case .blocked: (own.outer, own.inner) = (Int64(x[0] * ((x[1] + 15) / 16)), 16)
    case .any: return nil
    }
    func three(_ missing: Int, _ value: (Int) -> Int) -> (Int64, Int64, Int64) {
      let list =
        [Int64](repeating: Int64(missing), count: 3 - geometry.axes)
        + (0..<geometry.axes).map { Int64(value($0)) }
      return (list[0], list[1], list[2])
    }
    let before = (0..<geometry.axes).map { geometry.padding($0, extent: x[$0 + 2]).before }
    own.in = three(1) { x[$0 + 2] }
    own.out = three(1) { y[$0 + 2] }
    own.kernel = three(1) { geometry.kernel[$0] }
    own.strides = three(1) { geometry.strides[$0] }
    own.dilations = three(1) { geometry.dilations[$0] }
    own.pad = three(0) { before[$0] }
    for axis in 0..<geometry.axes {
      let (step, extent) = (geometry.dilations[axis], x[axis + 2])
      for place in 0..<y[axis + 2] {
        let start = place * geometry.strides[axis] - before[axis]
        guard (0..<geometry.kernel[axis]).contains(where: { (0..<extent).contains(start + $0 * step) }) else {
          return nil
        }
      }
    }
    pool = own
  }

  var detail: String { "max:\(Instructions.best)" }

  /// x → y, and the winners where they are kept.
  func forward(keepsWinners: Bool) -> any Kernel {
    let pool = pool
    return OwnStep { inputs, outputs, _ in
      let (x, y) = (OwnStep.floats(inputs[0]), OwnStep.floats(outputs[0]))
      let winners = keepsWinners ? outputs[1]!.assumingMemoryBound(to: UInt8.self) : nil
      return {
        var pool = pool
        fovea_max_pool_forward(&pool, x, y, winners)
      }
    }
  }

  /// The gradient of y and the winners → the gradient of x.
  func backward() -> any Kernel {
    let pool = pool
    return OwnStep { inputs, outputs, _ in
      let (dy, dx) = (OwnStep.floats(inputs[0]), OwnStep.floats(outputs[0]))
      let winners = inputs[1]!.assumingMemoryBound(to: UInt8.self)
      return {
        var pool = pool
        fovea_max_pool_backward(&pool, dy, winners, dx)
      }
    }
  }
}

/// Which tap won each window, in the order of a pooling's result.
final class WinnersLayout: ForeignLayout {
  /// Those of what was pooled and of the result.
  let pooled: (x: Layout, y: Layout)
  let byteCount: Int
  let text = "winners"

  init(x: Layout, y: Layout, _ result: TensorType) {
    pooled = (x, y)
    byteCount = y.byteCount(result) / MemoryLayout<Float>.size
  }

  func isSame(as other: any ForeignLayout) -> Bool {
    guard let other = other as? WinnersLayout else { return false }
    return pooled == other.pooled
  }

  func encode(plain: UnsafeRawPointer, into target: UnsafeMutableRawPointer) throws(ExecutionError) {
    throw OneDNN.failure("bringing values into a pooling's winners")
  }

  func decode(_ source: UnsafeRawPointer, intoPlain target: UnsafeMutableRawPointer) throws(ExecutionError) {
    throw OneDNN.failure("reading a pooling's winners")
  }
}
