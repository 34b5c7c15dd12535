import CFoveaBlocks
import FoveaExecution
import FoveaTensors

/// A convolution by Winograd's minimal filtering, in kernels of our own, on pictures with channels in blocks of 16.
///
/// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016
/// (`docs/decisions/0006-own-winograd.md`).
package struct Winograd: Sendable {
  /// How weights O, I, kernel height, kernel width lie.
  package enum WeightOrder: Sendable {
    case plain
    /// Blocks of 16 by 16 channels, the output's (`ABcd16b16a`) or the input's (`ABcd16a16b`) innermost.
    case blocked(outputInnermost: Bool)
  }

  private let problem: fovea_winograd
  /// Whether the weights are those of the convolution whose picture gradient this is.
  package let isTurned: Bool

  /// - Parameters:
  ///   - taps: 3 or 5, along both axes.
  ///   - shapes: of picture and result, N, C, H, W; for a picture's gradient those of the result's gradient and it.
  ///   - pads: before the first row and column of the picture that is read; may be negative.
  ///   - isTurned: whether this is a picture's gradient: weights are read last tap first, and the other way.
  package init(
    taps: Int, from x: Shape, to y: Shape, pads: (top: Int, left: Int), isTurned: Bool = false, threads: Int,
    instructions: Instructions = .best
  ) {
    precondition((taps == 3 || taps == 5) && x.rank == 4 && y.rank == 4 && threads > 0)
    problem = fovea_winograd(
      isa: instructions.rawValue, threads: Int32(threads), taps: Int32(taps), from: Int64(x[1]), to: Int64(y[1]),
      batch: Int64(x[0]), in_height: Int64(x[2]), in_width: Int64(x[3]), out_height: Int64(y[2]),
      out_width: Int64(y[3]), pad_top: Int64(pads.top), pad_left: Int64(pads.left))
    self.isTurned = isTurned
  }

  /// E.g. `winograd 4x4 of 3x3:avx512`.
  package var detail: String {
    let made = 7 - problem.taps
    let set = Instructions(rawValue: problem.isa).map { "\($0)" } ?? ""
    return "winograd \(made)x\(made) of \(problem.taps)x\(problem.taps):\(set)"
  }

  /// Taps along an axis, and channels that are read and made.
  var sizes: [Int] { [Int(problem.taps), Int(problem.from), Int(problem.to)] }

  /// Bytes of transformed weights, a multiple of 64.
  package var weightBytes: Int { Winograd.bytes(withUnsafePointer(to: problem, fovea_winograd_weight_count)) }

  /// Bytes of scratch memory of `run`, a multiple of 64.
  package var scratchBytes: Int { Winograd.bytes(withUnsafePointer(to: problem, fovea_winograd_scratch_count)) }

  /// Bytes of scratch memory of `gradient`.
  package var gradientScratchBytes: Int {
    Winograd.bytes(withUnsafePointer(to: problem, fovea_winograd_gradient_scratch_count))
  }

  private static func bytes(_ floats: Int64) -> Int { (Int(floats) * MemoryLayout<Float>.size + 63) / 64 * 64 }

  /// Brings weights to the points.
  package func transform(
    _ weights: UnsafePointer<Float>, _ order: WeightOrder, into transformed: UnsafeMutablePointer<Float>
  ) {
    var problem = problem
    var order = strides(order)
    fovea_winograd_weights(&problem, weights, &order, transformed)
  }

  /// The convolution, with bias, a sum with `added` and ReLU (or a leaky one).
  ///
  /// - Parameters:
  ///   - slope: what results below 0 are multiplied by; nil for no activation.
  ///   - scratch: `scratchBytes`, on a multiple of 64.
  package func run(
    _ x: UnsafePointer<Float>, _ transformed: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    added: UnsafePointer<Float>?, slope: Float?, into y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    var problem = problem
    var after = fovea_winograd_after(bias: bias, added: added, rectified: slope != nil, slope: slope ?? 0)
    fovea_winograd_run(&problem, x, transformed, &after, y, scratch)
  }

  /// The gradients of weights and bias.
  package func gradient(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ order: WeightOrder,
    into dw: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    var problem = problem
    var strides = strides(order)
    var isPadded = false
    if case .blocked = order { isPadded = true }
    fovea_winograd_gradient(&problem, x, dy, &strides, isPadded, dw, bias, scratch)
  }

  /// The steps from weight to weight.
  private func strides(_ order: WeightOrder) -> fovea_winograd_order {
    let taps = Int64(problem.taps * problem.taps)
    // In terms of the convolution: o is its output's channel, i its input's.
    let inputs = isTurned ? problem.to : problem.from
    let o: (one: Int64, block: Int64)
    let i: (one: Int64, block: Int64)
    let tap: Int64
    switch order {
    case .plain: (o, i, tap) = ((inputs * taps, 16 * inputs * taps), (taps, 16 * taps), 1)
    case .blocked(let outputInnermost):
      let block = taps * 256
      o = (outputInnermost ? 1 : 16, (inputs + 15) / 16 * block)
      i = (outputInnermost ? 16 : 1, block)
      tap = 256
    }
    let (from, to) = isTurned ? (o, i) : (i, o)
    return fovea_winograd_order(
      to: to.one, to_block: to.block, from: from.one, from_block: from.block, tap: tap, turned: isTurned)
  }
}
