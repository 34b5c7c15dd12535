import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Bringing a value from one order to another.
enum Reorder {
  static func proposal(_ dims: [Int], of type: DType = .f32, from: Layout, to: Layout) -> Proposal? {
    if case .foreign(let weights as WinogradLayout) = to { return weights.proposal(from: from, to: to) }
    // A value may be described with another rank (grouped weights): both sides take that rank.
    let rank = [from, to].compactMap { layout -> [Int]? in
      if case .foreign(let own) = layout { return (own as? OneDNNLayout)?.dims }
      return nil
    }.first
    guard let source = from.descriptor(rank ?? dims, of: type), let target = to.descriptor(rank ?? dims, of: type)
    else { return nil }
    var request = Request(FOVEA_REORDER)
    request.src = source
    request.dst = target
    guard let description = request.describe() else { return nil }
    return Proposal(
      description, inputs: [from], outputs: [to], [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))])
  }

  /// Reorders once, outside any plan.
  static func once(
    from: MemoryDescriptor, to: MemoryDescriptor, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer
  ) throws(ExecutionError) {
    var request = Request(FOVEA_REORDER)
    request.src = from
    request.dst = to
    guard let description = request.describe() else { throw OneDNN.failure("a reorder") }
    let kernel = try PrimitiveKernel(description, [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))])
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(description.scratchBytes, 64), alignment: 64)
    defer { scratch.deallocate() }
    try kernel.call(inputs: [source], outputs: [target], scratch: scratch).run()
  }
}
