import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The sum of squares in whatever order the operand has: padding is zeros, which add nothing. So a gradient's
/// norm needs no reorder.
struct SquareSum: Implementation {
  var name: String { "any order" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "sum of squares") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let layout = (request.inputLayouts[0] ?? .plain).widened(site.inputShape(0).dims)
    let count = layout.byteCount(site.inputs[0] ?? site.outputs[0]) / 4
    return Proposal(inputs: [layout], outputs: [.plain], detail: "loop") { () throws(ExecutionError) in
      Loop(count: count)
    }
  }

  private struct Loop: Kernel {
    let count: Int

    func bind(
      inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
    ) throws(ExecutionError) -> any BoundKernel {
      guard let x = inputs[0], let y = outputs[0] else { throw OneDNN.failure("a sum of squares") }
      return Bound(x.assumingMemoryBound(to: Float.self), count, y.assumingMemoryBound(to: Float.self))
    }
  }

  private final class Bound: BoundKernel {
    private let x: UnsafePointer<Float>
    private let count: Int
    private let y: UnsafeMutablePointer<Float>

    init(_ x: UnsafePointer<Float>, _ count: Int, _ y: UnsafeMutablePointer<Float>) {
      self.x = x
      self.count = count
      self.y = y
    }

    func run() throws(ExecutionError) {
      var total: Float = 0
      var start = 0
      // In parts, so that a long sum keeps its digits, and in lanes, so that it is quick.
      while start < count {
        let end = min(start + 1024, count)
        var lanes = SIMD16<Float>(repeating: 0)
        var index = start
        while index + 16 <= end {
          let part = UnsafeRawPointer(x + index).loadUnaligned(as: SIMD16<Float>.self)
          lanes += part * part
          index += 16
        }
        var part = lanes.sum()
        while index < end {
          part += x[index] * x[index]
          index += 1
        }
        total += part
        start = end
      }
      y.pointee = total
    }
  }
}
