import CFoveaLanes
import FoveaExecution
import FoveaTensors

/// A program as a step of a plan.
struct LaneKernel: Kernel {
  let program: LaneProgram
  /// The instruction set, as `fovea_lanes_best` numbers them.
  let isa: Int32

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    BoundLanes(self, inputs, outputs)
  }
}

/// A program tied to operands, results and the memory of its threads.
final class BoundLanes: BoundKernel {
  private var raw = fovea_lanes_program()
  /// Weights and velocities whose results are not their own places: copied there before the step changes them.
  private var copies: [(from: UnsafeRawPointer, to: UnsafeMutableRawPointer, bytes: Int)] = []
  private let memory: TensorStorage
  private let program: LaneProgram
  private var allocations: [UnsafeMutableRawPointer] = []

  init(_ kernel: LaneKernel, _ inputs: [UnsafeRawPointer?], _ outputs: [UnsafeMutableRawPointer?]) {
    program = kernel.program
    let program = kernel.program
    let (offsets, floats) = program.memory()
    memory = TensorStorage(byteCount: program.threads * floats * MemoryLayout<Float>.size)
    memory.base.initializeMemory(as: UInt8.self, repeating: 0, count: memory.byteCount)
    let base = memory.base.assumingMemoryBound(to: Float.self)
    let table = UnsafePointer(keep(program.table.isEmpty ? [0] : program.table))
    let classes = UnsafePointer(keep(program.classes.isEmpty ? [fovea_lanes_class()] : program.classes))

    func address(_ place: Place?, _ thread: Int) -> UnsafeMutablePointer<Float>? {
      switch place {
      case .buffer(let index)?: base + thread * floats + offsets[index]
      case .operand(let index)?:
        inputs[index].map { UnsafeMutableRawPointer(mutating: $0).assumingMemoryBound(to: Float.self) }
      case .result(let index)?: outputs[index]?.assumingMemoryBound(to: Float.self)
      case nil: nil
      }
    }

    var lists: [UnsafePointer<fovea_lanes_op>?] = []
    var scalars: [UnsafeMutablePointer<Double>?] = []
    for thread in 0..<program.threads {
      let list = program.operations.map { operation in
        var op = fovea_lanes_op()
        op.kind = Int32(operation.kind.rawValue)
        op.flags = operation.flags.reduce(0) { $0 | Int32($1.rawValue) }
        op.factor = operation.factor
        func size(_ index: Int) -> Int64 { index < operation.sizes.count ? Int64(operation.sizes[index]) : 0 }
        (op.n0, op.n1, op.n2, op.n3) = (size(0), size(1), size(2), size(3))
        (op.n4, op.n5, op.n6) = (size(4), size(5), size(6))
        func input(_ index: Int) -> UnsafePointer<Float>? {
          index < operation.inputs.count ? UnsafePointer(address(operation.inputs[index], thread)) : nil
        }
        (op.in0, op.in1, op.in2, op.in3) = (input(0), input(1), input(2), input(3))
        op.out0 = operation.outputs.first.flatMap { address($0, thread) }
        op.out1 = operation.outputs.dropFirst().first.flatMap { address($0, thread) }
        op.labels = operation.labels.flatMap { inputs[$0]?.assumingMemoryBound(to: Int32.self) }
        op.pixels = table + operation.pixels
        op.taps = table + operation.taps
        op.classes = classes + operation.classes.lowerBound
        op.class_count = Int32(operation.classes.count)
        return op
      }
      lists.append(UnsafePointer(keep(list)))
      scalars.append(keep([Double](repeating: 0, count: max(program.scalars.count, 1))))
    }

    let sums = program.sums.map { sum in
      var raw = fovea_lanes_sum()
      (raw.rows, raw.columns, raw.stride) = (Int64(sum.rows), Int64(sum.columns), Int64(sum.stride))
      // Close together it is one row.
      if sum.stride == sum.columns { (raw.rows, raw.columns) = (1, Int64(sum.rows * sum.columns)) }
      raw.parts = UnsafePointer(
        keep((0..<program.threads).map { UnsafePointer(address(.buffer(sum.part), $0)) as UnsafePointer<Float>? }))
      raw.out = sum.result.flatMap { address(.result($0), 0) }
      if let update = sum.update {
        let bytes = sum.rows * sum.columns * MemoryLayout<Float>.size
        func changed(_ pair: (from: Int, to: Int)) -> UnsafeMutablePointer<Float>? {
          if let from = inputs[pair.from], let to = outputs[pair.to], UnsafeRawPointer(to) != from {
            copies.append((from, to, bytes))
          }
          return address(.result(pair.to), 0)
        }
        raw.weights = changed(update.weights)
        raw.velocity = update.velocity.flatMap(changed)
        raw.rate = UnsafePointer(address(.operand(update.rate), 0))
        raw.momentum = update.momentum.flatMap { UnsafePointer(address(.operand($0), 0)) }
        raw.decay = update.decay
        raw.nesterov = update.nesterov ? 1 : 0
      }
      return raw
    }

    raw.threads = Int32(program.threads)
    raw.isa = kernel.isa
    raw.helpers = Int32(program.helpers)
    raw.meeting = keep([0, 0] as [Int32])
    (raw.lanes, raw.examples, raw.blocks) = (Int64(program.lanes), Int64(program.examples), Int64(program.blocks))
    raw.op_count = Int32(program.operations.count)
    raw.sum_count = Int32(sums.count)
    raw.scalar_count = Int32(program.scalars.count)
    raw.ops = UnsafePointer(keep(lists))
    raw.scalars = UnsafePointer(keep(scalars))
    raw.sums = UnsafePointer(keep(sums.isEmpty ? [fovea_lanes_sum()] : sums))
    raw.scalar_out = UnsafePointer(keep(program.scalars.map { address(.result($0.result), 0) } + [nil]))
    raw.scalar_factor = UnsafePointer(keep(program.scalars.map(\.factor) + [0]))
  }

  deinit { for allocation in allocations { allocation.deallocate() } }

  /// Elements at a place that stays while this kernel does.
  private func keep<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let pointer = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
    pointer.initialize(from: elements, count: elements.count)
    allocations.append(UnsafeMutableRawPointer(pointer))
    return pointer
  }

  func run() throws(ExecutionError) {
    for copy in copies { copy.to.copyMemory(from: copy.from, byteCount: copy.bytes) }
    fovea_lanes_run(&raw)
  }
}
