import FoveaGraphs
import FoveaTensors

/// One runner of a plan: arena, scratch memory and kernels tied to them. Used by one thread at a time.
///
/// Inside `run` nothing of ours is created, allocated or looked up by name.
public final class Context {
  public let plan: Plan
  public let store: Store
  private let arena: TensorStorage
  private let kept: TensorStorage
  private let scratch: TensorStorage
  private var prologue: [any BoundKernel] = []
  private var steps: [any BoundKernel] = []
  private var boundEpoch = -1
  private var preparedVersion = -1
  private let changesStore: Bool
  /// Where inputs lie that are looked at before each run, since NaN in them might end as a number; none where it cannot.
  private let watched: [(offset: Int, bytes: Int)]
  /// Runs the plan without steps that lose NaN, made when an input first has any.
  private var careful: CarefulRun?
  /// From here on memory is worth giving back first.
  private static let large = 64 << 20
  /// Seconds spent in each step, when profiling; allocated beforehand.
  private var seconds: [Double] = []
  private var profiledRuns = 0

  /// - Throws: `ExecutionError.tooLarge` when the machine cannot give the memory.
  public convenience init(_ plan: Plan, store: Store) throws(ExecutionError) {
    try self.init(plan, store: store, isCareful: false)
  }

  /// - Parameter isCareful: whether this is the slower way already.
  init(_ plan: Plan, store: Store, isCareful: Bool) throws(ExecutionError) {
    self.plan = plan
    watched = plan.losesNaN && !isCareful ? Context.floatInputs(of: plan) : []
    self.store = store
    let total = plan.memory.arenaBytes + plan.memory.keptBytes + plan.memory.scratchBytes
    guard total < Context.memoryLimit() else { throw .tooLarge(what: "this plan", bytes: total) }
    // Planning leaves holes behind: parameters in their first order, what was timed.
    if total > Context.large { Context.returnFreeMemory() }
    arena = TensorStorage(byteCount: plan.memory.arenaBytes)
    kept = TensorStorage(byteCount: plan.memory.keptBytes)
    scratch = TensorStorage(byteCount: plan.memory.scratchBytes)
    changesStore = !plan.graph.updates.isEmpty
    try store.contents.read { (state) throws(ExecutionError) in try bind(state) }
  }

  private func bind(_ state: Store.Contents) throws(ExecutionError) {
    func address(_ placement: Int) throws(ExecutionError) -> UnsafeMutableRawPointer {
      switch plan.memory.residence[placement] {
      case .arena(let offset): return arena.base + offset
      case .kept(let offset): return kept.base + offset
      case .constant(let value):
        guard case .constant(let tensor) = plan.graph[value].source else { preconditionFailure("not a constant") }
        return tensor.withUnsafeBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress!) }
      case .store(let path):
        guard let entry = state.entries[path] else { throw .missingTensor(path: path) }
        // It may have been taken out and set anew since the plan was made.
        let (expected, layout) = (plan.graph[plan.placements[placement].value].type, plan.placements[placement].layout)
        guard entry.type == expected, entry.layout == layout else {
          throw .tensorMismatch(path: path, expected: expected, found: entry.type)
        }
        return entry.bytes.base
      }
    }
    func tie(_ list: [Plan.Step], _ offsets: [Int: Int] = [:]) throws(ExecutionError) -> [any BoundKernel] {
      var result: [any BoundKernel] = []
      for (index, step) in list.enumerated() {
        var inputs: [UnsafeRawPointer?] = []
        for input in step.draft.inputs {
          if let input { inputs.append(UnsafeRawPointer(try address(input))) } else { inputs.append(nil) }
        }
        var outputs: [UnsafeMutableRawPointer?] = []
        for output in step.draft.outputs { outputs.append(try address(output)) }
        let own = offsets[index].map { arena.base + $0 } ?? scratch.base
        result.append(try step.kernel.bind(inputs: inputs, outputs: outputs, scratch: own))
      }
      return result
    }
    prologue = try tie(plan.prologue)
    steps = try tie(plan.steps, plan.memory.scratchOffsets)
    boundEpoch = state.epoch
    preparedVersion = -1
  }

  /// Where to write an input of the next run: plain order, the whole shape of this plan.
  public func input(_ name: String) throws(ExecutionError) -> UnsafeMutableRawBufferPointer {
    guard let value = plan.graph.input(name) else {
      throw .unknownName(kind: "input", name: name, known: plan.graph.inputs.map { plan.graph[$0].name })
    }
    guard let copy = plan.copiesOf[value]?.first, case .kept(let offset) = plan.memory.residence[copy] else {
      throw .missingTensor(path: name)
    }
    return UnsafeMutableRawBufferPointer(start: kept.base + offset, count: plan.placements[copy].byteCount)
  }

  /// Where an output lies after a run: plain order; overwritten by the next run.
  public func output(_ name: String) throws(ExecutionError) -> UnsafeRawBufferPointer {
    guard let value = plan.graph.output(name) else {
      throw .unknownName(kind: "output", name: name, known: plan.graph.outputs.map(\.name))
    }
    guard let copy = plan.copiesOf[value]?.last(where: { plan.placements[$0].layout == .plain }) else {
      throw .missingTensor(path: name)
    }
    let bytes = plan.placements[copy].byteCount
    switch plan.memory.residence[copy] {
    case .arena(let offset): return UnsafeRawBufferPointer(start: arena.base + offset, count: bytes)
    case .kept(let offset): return UnsafeRawBufferPointer(start: kept.base + offset, count: bytes)
    case .constant(let value):
      guard case .constant(let tensor) = plan.graph[value].source else { throw .missingTensor(path: name) }
      return tensor.withUnsafeBytes { $0 }
    case .store(let path):
      let base = store.contents.read { $0.entries[path]?.bytes.base }
      guard let base else { throw .missingTensor(path: path) }
      return UnsafeRawBufferPointer(start: base, count: bytes)
    }
  }

  /// True when the plan reads the input `name`.
  public func reads(_ name: String) -> Bool {
    plan.graph.input(name).flatMap { plan.copiesOf[$0] } != nil
  }

  /// Copies a tensor into an input.
  public func feed(_ name: String, _ tensor: Tensor) throws(ExecutionError) {
    guard let value = plan.graph.input(name) else {
      throw .unknownName(kind: "input", name: name, known: plan.graph.inputs.map { plan.graph[$0].name })
    }
    let expected = plan.graph[value].type
    guard expected == TensorType(tensor.dtype, tensor.shape) else {
      throw .tensorMismatch(path: name, expected: expected, found: TensorType(tensor.dtype, tensor.shape))
    }
    let target = try input(name)
    tensor.withUnsafeBytes { target.copyMemory(from: $0) }
  }

  /// A copy of an output.
  public func result(_ name: String) throws(ExecutionError) -> Tensor {
    let bytes = try output(name)
    guard let value = plan.graph.output(name), let base = bytes.baseAddress else { throw .missingTensor(path: name) }
    let storage = TensorStorage(byteCount: bytes.count)
    storage.base.copyMemory(from: base, byteCount: bytes.count)
    return Tensor(storage: storage, shape: plan.graph.shape(value), dtype: plan.graph[value].type.dtype)
  }

  /// Runs the plan once. A plan that changes the store has it alone; others share it.
  public func run() throws(ExecutionError) {
    if watched.contains(where: { Numbers.hasSpecial(kept.base + $0.offset, bytes: $0.bytes) }) {
      if careful == nil { careful = try CarefulRun(plan, store: store) }
      try careful?.run(for: self)
      return
    }
    plan.prepareThread()
    if changesStore {
      try store.contents.write { (state) throws(ExecutionError) in
        // Also when a step fails: those before it may have changed values already.
        defer { state.version += 1 }
        try runSteps(state)
        preparedVersion = state.version + 1
      }
    } else {
      try store.contents.read { (state) throws(ExecutionError) in try runSteps(state) }
    }
  }

  private func runSteps(_ state: Store.Contents) throws(ExecutionError) {
    if state.epoch != boundEpoch { try bind(state) }
    if state.version != preparedVersion {
      // A training step looks at its start; then the loop around it does, every so often.
      if !changesStore || preparedVersion < 0 { try state.checkNumbers(plan.reliesOn) }
      for kernel in prologue { try kernel.run() }
      preparedVersion = state.version
    }
    if seconds.isEmpty {
      for index in steps.indices { try steps[index].run() }
      return
    }
    var last = Clock.seconds()
    for index in steps.indices {
      try steps[index].run()
      let now = Clock.seconds()
      seconds[index] += now - last
      last = now
    }
    profiledRuns += 1
  }

  /// Whether an address is in this context's own memory.
  func owns(_ address: UnsafeRawPointer) -> Bool {
    [arena, kept].contains { $0.base <= address && address < $0.base + $0.byteCount }
  }

  /// Where the inputs of floats that a plan reads lie.
  private static func floatInputs(of plan: Plan) -> [(offset: Int, bytes: Int)] {
    plan.graph.inputs.compactMap { value in
      guard plan.graph[value].type.dtype == .f32, let copy = plan.copiesOf[value]?.first,
        case .kept(let offset) = plan.memory.residence[copy]
      else { return nil }
      return (offset, plan.placements[copy].byteCount)
    }
  }

  // MARK: Profiling

  /// Starts (or restarts) timing each step.
  public func startProfile() {
    seconds = [Double](repeating: 0, count: steps.count)
    profiledRuns = 0
  }

  /// Mean milliseconds of each step since `startProfile`, in running order.
  public var profile: [(name: String, op: String, detail: String, milliseconds: Double)] {
    seconds.indices.map { index in
      let draft = plan.steps[index].draft
      return (
        draft.name, draft.op, "\(draft.implementation) \(draft.kind == .reorder ? "" : draft.proposal.detail)",
        seconds[index] * 1000 / Double(max(profiledRuns, 1))
      )
    }
  }
}
