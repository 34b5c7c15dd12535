import CFoveaBlocks
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// A memory order as loops go through it: extents outermost first, and how an operand of fewer numbers lies beside.
struct ArithmeticOrder {
  /// The order that is shared by result and full operands.
  let layout: Layout
  private(set) var extents: [Int] = []
  /// For each operand that repeats; nil where it lies as the result does.
  private(set) var strides: [[Int]?]
  /// Numbers in memory, padding included.
  let count: Int
  /// Where channels fill up blocks of 16: numbers of a block and picture, blocks, and channels in the last one.
  private(set) var padding: (plane: Int, blocks: Int, lanes: Int)?

  /// Nil where the order has no name, and an operand repeats or zeros that fill it up would not stay so.
  init?(_ program: ArithmeticProgram, _ layout: Layout, _ result: TensorType) {
    let shape = program.shape
    self.layout = layout
    count = layout.byteCount(result) / (layout.isNarrow ? 2 : result.dtype.size)
    let lone = program.operands.map { $0.shape == shape ? nil : Broadcast.strides(of: $0.shape, in: shape) }
    strides = lone
    let isPadded = count != shape.count
    // Grouped weights lie along an axis more: then the order's name is that of another tensor.
    let isOther =
      if case .foreign(let own as OneDNNLayout) = layout { own.dims != shape.dims } else { false }
    switch isOther ? .any : layout.order {
    case .plain:
      extents = shape.dims
    case .channelsLast where shape.rank >= 3 && !isPadded:
      extents = ArithmeticOrder.last(shape.dims)
      strides = lone.map { $0.map(ArithmeticOrder.last) }
    case .blocked where shape.rank >= 3:
      let blocks = (shape[1] + 15) / 16
      let places = shape.dims.dropFirst(2).reduce(1, *)
      extents = [shape[0], blocks] + shape.dims.dropFirst(2) + [16]
      strides = lone.map { own in own.map { [$0[0], $0[1] * 16] + $0.dropFirst(2) + [$0[1]] } }
      if shape[1] % 16 != 0 { padding = (places * 16, blocks, shape[1] % 16) }
    default:
      let isFlat = program.operands.allSatisfy { $0.shape == shape || $0.shape.count == 1 }
      guard isFlat, !isPadded || ArithmeticOrder.keepsZeros(program) else { return nil }
      extents = [count]
      strides = lone.map { $0 == nil ? nil : [0] }
    }
    merge()
    if extents.count > Int(FOVEA_ARITHMETIC_AXES) { return nil }
  }

  private static func last(_ axes: [Int]) -> [Int] { [axes[0]] + axes.dropFirst(2) + [axes[1]] }

  /// Makes one of neighbouring axes where no operand tells them apart. The lanes of a padded block stay an axis.
  private mutating func merge() {
    let lists = strides.compactMap { $0 }
    if lists.isEmpty {
      extents = [count]
      return
    }
    var kept: [Int] = []
    for axis in extents.indices where extents[axis] != 1 || (padding != nil && axis == extents.count - 1) {
      let mayJoin = padding == nil || axis != extents.count - 1
      if mayJoin, let before = kept.last, lists.allSatisfy({ $0[before] == $0[axis] * extents[axis] }) {
        extents[axis] *= extents[before]
        kept.removeLast()
      }
      kept.append(axis)
    }
    if kept.isEmpty { kept = [extents.count - 1] }
    extents = kept.map { extents[$0] }
    strides = strides.map { own in own.map { list in kept.map { list[$0] } } }
  }

  /// Whether zeros give zero, whatever the single numbers beside them are.
  private static func keepsZeros(_ program: ArithmeticProgram) -> Bool {
    let strides = program.operands.map { $0.shape == program.shape ? nil : [0] }
    let loop = ArithmeticLoop(program, extents: [16], strides: strides, count: 16, sums: false, threads: 1)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: loop.scratchBytes, alignment: 64)
    defer { scratch.deallocate() }
    var result = [Float](repeating: 1, count: 16)
    return [3, -2.5].allSatisfy { (single: Float) in
      let values = [Float](repeating: 0, count: 16) + [single]
      return values.withUnsafeBytes { from in
        result.withUnsafeMutableBytes { to in
          let inputs = strides.map { $0 == nil ? from.baseAddress : from.baseAddress.map { $0 + 64 } }
          loop.run(inputs.map { $0.map { UnsafeRawPointer($0) } }, to.baseAddress!, scratch)
        }
        return result.allSatisfy { $0 == 0 }
      }
    }
  }
}
