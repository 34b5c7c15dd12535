import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Times steps for one convolution on memory of its own.
struct StepTimer {
  private let problem: ConvProblem
  private let start = Clock.seconds()
  private var buffers: [String: TensorStorage] = [:]
  /// What reorders take, by operand and orders.
  private var reorders: [String: Double] = [:]

  /// No further way is tried after so many seconds for one convolution, or so many runs of the first way.
  static let patience = (seconds: 1.5, runs: 20.0)
  /// What the first way takes.
  private var first = 0.0
  /// The most scratch memory that a way may take.
  static let scratchLimit = 512 << 20

  init(_ problem: ConvProblem) { self.problem = problem }

  /// Times a step and the reorders that it causes, unless something speaks against it.
  ///
  /// - Parameters:
  ///   - bar: milliseconds that are to be beaten; nil for the first.
  ///   - rule: makes its results in the orders that the steps behind expect.
  mutating func candidate(
    _ wish: ConvWish, _ step: Proposal, against bar: Double?, like rule: Proposal
  ) -> ConvCandidate {
    var result = ConvCandidate(wish.name, ConvRecord.text(of: step))
    if let bar {
      if step.detail.hasPrefix("ref") { result.reason = "the library's plain loops" }
      if Clock.seconds() - start > max(StepTimer.patience.seconds, StepTimer.patience.runs * first / 1000) {
        result.reason = "not timed: too long already"
      }
      if step.scratchBytes > StepTimer.scratchLimit {
        result.reason = "\(step.scratchBytes >> 20) MiB of scratch memory"
      }
      guard result.reason == nil else { return result }
      guard let cost = reorderMilliseconds(step, like: rule) else {
        result.reason = "its orders cannot be made"
        return result
      }
      if cost > bar {
        result.reason = "its reorders alone take longer"
        return result
      }
      result.reorders = cost
    }
    switch time(step, stoppingAbove: bar) {
    case .time(let milliseconds):
      result.milliseconds = milliseconds
      if bar == nil { first = milliseconds }
    case .reason(let reason): result.reason = reason
    }
    return result
  }

  /// Whether a step wins once more, timed in turn with the rule's.
  mutating func confirms(
    _ step: Proposal, _ candidate: ConvCandidate, over rule: Proposal, _ first: ConvCandidate
  ) -> Bool {
    guard var ours = candidate.milliseconds, var theirs = first.milliseconds else { return false }
    guard case .time(let again) = time(rule, stoppingAbove: nil), case .time(let won) = time(step, stoppingAbove: nil)
    else { return false }
    (theirs, ours) = (min(theirs, again), min(ours, won))
    return ours + (candidate.reorders ?? 0) < 0.97 * theirs
  }

  // MARK: Reorders

  /// What bringing operands to a step takes, and its results to the rule's orders; nil where that cannot be done.
  private mutating func reorderMilliseconds(_ step: Proposal, like rule: Proposal) -> Double? {
    var sum = 0.0
    for index in 0..<problem.reads where problem.site.has(index) {
      let want = step.inputs[index]
      // A parameter that lies nowhere yet will lie as its first reader likes, but never in a one-way order.
      guard let have = problem.request.inputLayouts[index] ?? (want.isOneWay ? .plain : nil), have != want
      else { continue }
      guard let cost = reorder(problem.site.inputShape(index).dims, have, want) else { return nil }
      // Weights are reordered once per version; in training that is every step.
      if index != problem.weights || problem.request.training { sum += cost }
    }
    for (index, made) in step.outputs.enumerated() where made != rule.outputs[index] {
      guard let cost = reorder(problem.site.outputShape(index).dims, made, rule.outputs[index]) else { return nil }
      sum += cost
    }
    return sum
  }

  /// Milliseconds from one order to another, by way of the plain one where they do not know each other.
  private mutating func reorder(_ dims: [Int], _ from: Layout, _ to: Layout) -> Double? {
    if from == to { return 0 }
    let name = "\(dims) \(from) \(to)"
    if let known = reorders[name] { return known }
    var cost: Double?
    if let step = Reorder.proposal(dims, from: from, to: to) {
      if case .time(let found) = time(step, dims) { cost = found }
    } else if from != .plain, to != .plain, let there = reorder(dims, from, .plain) {
      cost = reorder(dims, .plain, to).map { there + $0 }
    }
    reorders[name] = cost
    return cost
  }

  private mutating func time(_ reorder: Proposal, _ dims: [Int]) -> Outcome {
    let type = TensorType(.f32, Shape(dims))
    return time(
      reorder, [("input", reorder.inputs[0].byteCount(type))], [("output", reorder.outputs[0].byteCount(type))], nil)
  }

  // MARK: The clock

  private enum Outcome {
    case time(milliseconds: Double)
    case reason(String)
  }

  private mutating func time(_ step: Proposal, stoppingAbove bar: Double?) -> Outcome {
    let site = problem.site
    let inputs = site.inputs.indices.map { index -> (String, Int) in
      guard index < problem.reads, let type = site.inputs[index] else { return ("", 0) }
      return ("input \(index)", step.inputs[index].byteCount(type))
    }
    let outputs = site.outputs.indices.map { ("output \($0)", step.outputs[$0].byteCount(site.outputs[$0])) }
    return time(step, inputs, outputs, bar)
  }

  private mutating func time(
    _ step: Proposal, _ inputs: [(String, Int)], _ outputs: [(String, Int)], _ bar: Double?
  ) -> Outcome {
    let sizes = inputs + outputs + [("scratch", step.scratchBytes)]
    let (bytes, isHuge) = sizes.reduce((0, false)) { sum, size in
      let (total, overflow) = sum.0.addingReportingOverflow(size.1)
      return (total, sum.1 || overflow)
    }
    // Planning must not drive the machine out of memory.
    if isHuge || bytes > Processor.memory / 4 { return .reason("not timed: \(bytes >> 20) MiB") }
    for (name, count) in sizes where count > 0 { provide(name, count) }
    do {
      let kernel = try step.build()
      let bound = try kernel.bind(
        inputs: inputs.map { $0.1 > 0 ? UnsafeRawPointer(buffers[$0.0]!.base) : nil },
        outputs: outputs.map { $0.1 > 0 ? buffers[$0.0]!.base : nil }, scratch: buffers["scratch"]?.base)
      return try StepTimer.fastest(bound, bar)
    } catch { return .reason("\(error)") }
  }

  /// The fastest of some runs; a step that is hopeless already when it is warm is not run again.
  private static func fastest(_ bound: any BoundKernel, _ bar: Double?) throws(ExecutionError) -> Outcome {
    func once() throws(ExecutionError) -> Double {
      let before = Clock.seconds()
      try bound.run()
      return (Clock.seconds() - before) * 1000
    }
    // Cold: new memory, sleeping threads.
    _ = try once()
    var warm = try once()
    if let bar, warm > 2 * bar { warm = min(warm, try once()) }
    if let bar, warm > 2 * bar {
      let tenths = Int((10 * warm).rounded())
      return .reason("slower: stopped after \(tenths / 10).\(tenths % 10) ms")
    }
    var (best, sum, count) = (warm, warm, 1)
    while count < 100, sum < 10 || count < 7, sum < 150 || count < 3 {
      let next = try once()
      (best, sum, count) = (min(best, next), sum + next, count + 1)
    }
    // Not the median: other processes only ever add time, and they add much to what two threads share.
    return .time(milliseconds: best)
  }

  /// Memory of a name, large enough, with ordinary numbers in it.
  private mutating func provide(_ name: String, _ bytes: Int) {
    if let own = buffers[name], own.byteCount >= bytes { return }
    buffers[name] = nil
    let made = TensorStorage(byteCount: bytes)
    let floats = made.base.assumingMemoryBound(to: Float.self)
    for index in 0..<bytes / MemoryLayout<Float>.size { floats[index] = Float(index % 13 * 2 - 13) / 16 }
    buffers[name] = made
  }
}
