import CFoveaBlocks
import FoveaExecution
import FoveaTensors

/// Batch normalization by kernels of our own on channels in blocks of 16: one pass over memory finds the statistics, a
/// second one normalizes, adds and rectifies; the gradient takes two as well.
struct BlockedNorm: Sendable {
  private let norm: fovea_norm

  /// Nil for any other order of x.
  ///
  /// - Parameter shape: of x, N, C, spatial….
  init?(_ layout: Layout, _ shape: Shape, epsilon: Float, threads: Int) {
    guard case .foreign(let own as OneDNNLayout) = layout, !own.isNarrow, shape.rank >= 3, threads > 0,
      MemoryDescriptor(shape.dims, .blocked).map(own.descriptor.isEqual) == true
    else { return nil }
    norm = fovea_norm(
      isa: Instructions.best.rawValue, threads: Int32(threads), batch: Int64(shape[0]), channels: Int64(shape[1]),
      plane: shape.dims.dropFirst(2).reduce(1) { $0 * Int64($1) }, epsilon: epsilon)
  }

  var detail: String { "norm:" + (Instructions(rawValue: norm.isa).map { "\($0)" } ?? "") }

  var scratchBytes: Int {
    Int(withUnsafePointer(to: norm, fovea_norm_scratch_count)) * MemoryLayout<Float>.size
  }

  /// The step forward: x, scale and shift are inputs 0 to 2; y, the batch's mean and its variance outputs 0, 3 and 4.
  func forward(added: Int?, isRectified: Bool) -> any Kernel {
    let norm = norm
    return OwnStep { inputs, outputs, scratch in
      let (x, scale, shift) = (OwnStep.floats(inputs[0]), OwnStep.floats(inputs[1]), OwnStep.floats(inputs[2]))
      let (y, mean, variance) = (OwnStep.floats(outputs[0]), OwnStep.floats(outputs[3]), OwnStep.floats(outputs[4]))
      let (shortcut, space) = (added.map { OwnStep.floats(inputs[$0]) }, OwnStep.floats(scratch))
      return {
        var norm = norm
        fovea_norm_forward(&norm, x, scale, shift, shortcut, isRectified, y, mean, variance, space)
      }
    }
  }

  /// Where the gradient's operands are among the inputs.
  struct Places: Sendable {
    var dy = 0
    /// The result behind a ReLU; nil where there is none.
    var y: Int?
    var x: Int
    /// For knowing what passed the ReLU without a look at the result.
    var shift: Int?
  }

  /// The step backward: scale, mean and variance follow x; the gradients of x, scale and shift are outputs 0 to 2, that
  /// behind the ReLU is output 3 where it is kept.
  func backward(_ places: Places, keepsPassed: Bool) -> any Kernel {
    let norm = norm
    let mask = places.y == nil ? FOVEA_NORM_OPEN : places.shift == nil ? FOVEA_NORM_BY_RESULT : FOVEA_NORM_BY_INPUT
    return OwnStep { inputs, outputs, scratch in
      let (dy, x) = (OwnStep.floats(inputs[places.dy]), OwnStep.floats(inputs[places.x]))
      let y = places.y.map { OwnStep.floats(inputs[$0]) }
      let (scale, mean) = (OwnStep.floats(inputs[places.x + 1]), OwnStep.floats(inputs[places.x + 2]))
      let variance = OwnStep.floats(inputs[places.x + 3])
      let shift = places.shift.map { OwnStep.floats(inputs[$0]) }
      let (dx, dscale, dshift) = (
        OwnStep.floats(outputs[0]), OwnStep.floats(outputs[1]), OwnStep.floats(outputs[2])
      )
      let (dz, space) = (keepsPassed ? OwnStep.floats(outputs[3]) : nil, OwnStep.floats(scratch))
      return {
        var norm = norm
        fovea_norm_backward(
          &norm, dy, x, y, Int32(mask.rawValue), scale, shift, mean, variance, dz, dx, dscale, dshift, space)
      }
    }
  }
}
