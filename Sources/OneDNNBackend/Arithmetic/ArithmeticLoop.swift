import CFoveaBlocks
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// A program with the order of memory that it goes through, as the loops read it.
final class ArithmeticLoop: @unchecked Sendable {
  // @unchecked: nothing is changed after it is made.
  private let steps: UnsafeMutableBufferPointer<fovea_arithmetic_step>
  private let operands: UnsafeMutableBufferPointer<fovea_arithmetic_operand>
  private let chain: UnsafeMutablePointer<fovea_arithmetic>

  /// - Parameters:
  ///   - strides: of the operands that do not lie as the result does.
  ///   - narrow: which operands, and whether the result, are of 16 bits.
  ///   - sums: false for the numbers themselves where the program sums them.
  init(
    _ program: ArithmeticProgram, extents: [Int], strides: [[Int]?], count: Int,
    padding: (plane: Int, blocks: Int, lanes: Int)? = nil, narrow: (operands: [Bool], result: Bool)? = nil,
    sums: Bool = true, threads: Int
  ) {
    steps = .allocate(capacity: program.steps.count)
    _ = steps.initialize(from: program.steps)
    operands = .allocate(capacity: program.operands.count)
    var own = fovea_arithmetic()
    for (index, operand) in program.operands.enumerated() {
      var one = fovea_arithmetic_operand()
      one.into = Int32(index)
      one.type = ArithmeticLoop.type(operand.dtype, narrow: narrow?.operands[index] ?? false)
      one.is_full = strides[index] == nil
      withUnsafeMutableBytes(of: &one.strides) { bytes in
        let list = bytes.bindMemory(to: Int64.self)
        for (axis, stride) in (strides[index] ?? []).enumerated() { list[axis] = Int64(stride) }
      }
      operands.initializeElement(at: index, to: one)
    }
    withUnsafeMutableBytes(of: &own.extents) { bytes in
      let list = bytes.bindMemory(to: Int64.self)
      for (axis, extent) in extents.enumerated() { list[axis] = Int64(extent) }
    }
    (own.isa, own.threads) = (Instructions.best.rawValue, Int32(max(threads, 1)))
    (own.step_count, own.operand_count) = (Int32(program.steps.count), Int32(program.operands.count))
    own.register_count = Int32(program.registers)
    own.result = program.steps.last?.to ?? 0
    own.result_type = ArithmeticLoop.type(program.dtype, narrow: narrow?.result ?? false)
    (own.axes, own.count) = (Int32(extents.count), Int64(count))
    if let padding {
      (own.plane, own.blocks, own.lanes) = (Int64(padding.plane), Int64(padding.blocks), Int64(padding.lanes))
    }
    (own.is_sum, own.factor) = (sums && program.sum != nil, program.sum ?? 1)
    own.steps = UnsafePointer(steps.baseAddress)
    own.operands = UnsafePointer(operands.baseAddress)
    chain = .allocate(capacity: 1)
    chain.initialize(to: own)
  }

  deinit {
    steps.deallocate()
    operands.deallocate()
    chain.deallocate()
  }

  private static func type(_ dtype: DType, narrow: Bool) -> Int32 {
    Int32((narrow ? FOVEA_NARROW_NUMBERS : dtype == .bool ? FOVEA_TRUTHS : FOVEA_NUMBERS).rawValue)
  }

  var scratchBytes: Int { Int(fovea_arithmetic_scratch_count(chain)) * MemoryLayout<Float>.size }

  /// Runs once, outside any plan.
  func run(
    _ inputs: [UnsafeRawPointer?], _ result: UnsafeMutableRawPointer, _ scratch: UnsafeMutableRawPointer
  ) {
    inputs.withUnsafeBufferPointer {
      fovea_arithmetic_run(chain, $0.baseAddress, result, scratch.assumingMemoryBound(to: Float.self))
    }
  }

  /// The loop tied to buffers.
  final class Bound: BoundKernel {
    private let loop: ArithmeticLoop
    private let inputs: UnsafeMutableBufferPointer<UnsafeRawPointer?>
    private let result: UnsafeMutableRawPointer
    private let scratch: UnsafeMutablePointer<Float>

    init(
      _ loop: ArithmeticLoop, _ inputs: [UnsafeRawPointer?], _ result: UnsafeMutableRawPointer,
      _ scratch: UnsafeMutableRawPointer
    ) {
      self.loop = loop
      self.inputs = .allocate(capacity: inputs.count)
      _ = self.inputs.initialize(from: inputs)
      self.result = result
      self.scratch = scratch.assumingMemoryBound(to: Float.self)
    }

    deinit { inputs.deallocate() }

    func run() throws(ExecutionError) { fovea_arithmetic_run(loop.chain, inputs.baseAddress, result, scratch) }
  }
}

/// Operators that go number by number, alone or in chains, on whatever order their full operands have: one pass over
/// memory by loops of our own. NaN stays NaN in all of them.
struct Arithmetic: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    ArithmeticProgram(site) == nil ? "\(site.node.op) is not done number by number here" : nil
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard let program = ArithmeticProgram(site) else { throw OneDNN.failure(site.node.op) }
    let result = TensorType(program.dtype, program.shape)
    let full = program.operands.filter { $0.shape == program.shape }
    // Truths have one order. Of two others the narrow one is taken, since it comes from a convolution, and sums mostly go
    // to one; then one that a convolution likes.
    let given = full.compactMap { request.inputLayouts[$0.input] }
    let isPlain = program.dtype == .bool || full.contains { $0.dtype == .bool }
    var wanted = given.first { $0.isNarrow } ?? given.first { $0 != .plain } ?? .plain
    if program.keepsRecords(site), given.contains(where: { !$0.isNarrow }) {
      // The gradient looks for the operand that is the result, to the last bit: a rounded copy never is.
      wanted = wanted.widened(program.shape.dims)
    }
    guard
      let order = (isPlain ? nil : ArithmeticOrder(program, wanted, result)) ?? ArithmeticOrder(program, .plain, result)
    else { throw OneDNN.failure(site.node.op) }
    let layout = order.layout
    let isNarrow = layout.isNarrow
    let loop = ArithmeticLoop(
      program, extents: order.extents, strides: order.strides, count: order.count, padding: order.padding,
      narrow: (program.operands.map { isNarrow && $0.shape == program.shape }, isNarrow && program.sum == nil),
      threads: request.threads)
    var inputs = [Layout](repeating: .plain, count: site.inputs.count)
    for operand in full { inputs[operand.input] = layout }
    // An operand that is named twice is read once.
    for (index, value) in site.node.inputs.enumerated() {
      if let first = site.node.inputs.firstIndex(of: value), first < index { inputs[index] = inputs[first] }
    }
    let places = program.operands.map(\.input)
    return Proposal(
      inputs: inputs, outputs: [program.sum == nil ? layout : .plain],
      inPlace: program.sum == nil ? full.filter { $0.dtype == program.dtype }.map { (0, $0.input) } : [],
      scratchBytes: loop.scratchBytes, detail: "arithmetic:\(Instructions.best)"
    ) { () throws(ExecutionError) in ArithmeticKernel(loop: loop, places: places) }
  }
}

extension ArithmeticProgram {
  /// Whether the node takes the largest or smallest of its operands.
  fileprivate func keepsRecords(_ site: NodeSite) -> Bool {
    (site.node.body?.nodes.map(\.op) ?? [site.node.op]).contains { $0 == Op.Max.name || $0 == Op.Min.name }
  }
}

private struct ArithmeticKernel: Kernel {
  let loop: ArithmeticLoop
  let places: [Int]

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    guard let result = outputs[0], let scratch else { throw OneDNN.failure("arithmetic") }
    return ArithmeticLoop.Bound(loop, places.map { inputs[$0] }, result, scratch)
  }
}
