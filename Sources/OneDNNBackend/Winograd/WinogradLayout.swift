import FoveaExecution
import FoveaTensors

/// Transformed weights: 36 numbers for each window. They are made once per version of the parameters and cannot be
/// read back.
final class WinogradLayout: ForeignLayout {
  private let kernel: Winograd

  init(_ kernel: Winograd) { self.kernel = kernel }

  var text: String { "winograd " + (kernel.isTurned ? "turned " : "") + "\(kernel.sizes[0])x\(kernel.sizes[0])" }
  var byteCount: Int { kernel.weightBytes }
  var isOneWay: Bool { true }

  func isSame(as other: any ForeignLayout) -> Bool {
    guard let other = other as? WinogradLayout else { return false }
    return kernel.sizes == other.kernel.sizes && kernel.isTurned == other.kernel.isTurned
  }

  func encode(plain source: UnsafeRawPointer, into target: UnsafeMutableRawPointer) throws(ExecutionError) {
    kernel.transform(
      source.assumingMemoryBound(to: Float.self), .plain, into: target.assumingMemoryBound(to: Float.self))
  }

  func decode(_ source: UnsafeRawPointer, intoPlain target: UnsafeMutableRawPointer) throws(ExecutionError) {
    throw OneDNN.failure("reading transformed weights")
  }

  /// The step that transforms weights; nil for an order that it does not read.
  func proposal(from: Layout, to: Layout) -> Proposal? {
    guard let order = Winograd.WeightOrder(from) else { return nil }
    let kernel = kernel
    return Proposal(inputs: [from], outputs: [to], detail: kernel.detail) { () throws(ExecutionError) in
      OwnStep { inputs, outputs, _ in
        let (weights, transformed) = (OwnStep.floats(inputs[0]), OwnStep.floats(outputs[0]))
        return { kernel.transform(weights, order, into: transformed) }
      }
    }
  }
}

extension Winograd.WeightOrder {
  /// The order of a layout; nil for one that the kernels do not read.
  init?(_ layout: Layout) {
    switch layout {
    case .plain: self = .plain
    case .foreign(let own as OneDNNLayout) where own.dims.count == 4 && !own.isNarrow:
      switch own.text {
      case "ABcd16b16a": self = .blocked(outputInnermost: true)
      case "ABcd16a16b": self = .blocked(outputInnermost: false)
      default: return nil
      }
    default: return nil
    }
  }
}
