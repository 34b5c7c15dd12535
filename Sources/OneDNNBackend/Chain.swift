import CFoveaOneDNN
import FoveaExecution

/// Several primitives one after the other, on the operands of one node.
struct Chain: Kernel {
  let kernels: [PrimitiveKernel]

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    var calls: [BoundPrimitive] = []
    // They run one after the other, so all may use the same scratch memory.
    for kernel in kernels { calls.append(try kernel.call(inputs: inputs, outputs: outputs, scratch: scratch)) }
    return BoundChain(calls)
  }

  /// A primitive and which buffers of the node its operands are.
  typealias Link = (description: PrimitiveDescription, operands: [(argument: fovea_arg, operand: Operand)])
}

final class BoundChain: BoundKernel {
  private let calls: [BoundPrimitive]

  init(_ calls: [BoundPrimitive]) { self.calls = calls }

  func run() throws(ExecutionError) { for call in calls { try call.run() } }
}

extension Proposal {
  /// A proposal that several primitives answer, in order.
  init(_ links: [Chain.Link], inputs: [Layout], outputs: [Layout], inPlace: [(output: Int, input: Int)] = []) {
    self.init(
      inputs: inputs, outputs: outputs, inPlace: inPlace,
      scratchBytes: links.map(\.description.scratchBytes).max() ?? 0,
      detail: links.first?.description.name ?? ""
    ) { () throws(ExecutionError) in
      var kernels: [PrimitiveKernel] = []
      for link in links { kernels.append(try PrimitiveKernel(link.description, link.operands)) }
      return Chain(kernels: kernels)
    }
  }
}
