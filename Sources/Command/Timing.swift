import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How long one step of a plan takes.
struct Timing: Sendable {
  /// Median of one step.
  let milliseconds: Double
  /// Multiply-adds of the planned graph.
  let multiplyAdds: Double
  /// Bytes of all operands of all steps, in their layouts.
  let bytes: Double
  let peakMegabytes: Double
  /// From the declared graph to a context that can run.
  let planMilliseconds: Double
  let firstMilliseconds: Double
  /// How many steps the median is of.
  let steps: Int
  /// Each step of the plan; none where nobody asked.
  let profile: [TimedStep]
  let plan: PlanReport

  /// A step of the plan and how long it takes.
  struct TimedStep: Sendable {
    let cost: StepCost
    let milliseconds: Double
  }

  static let rounds = 5
  static let secondsPerRound = 0.3

  /// Plans, warms up and measures. Call it on a worker's thread.
  static func measure(_ step: PlannedStep, _ model: Model, _ device: Device, profile: Bool) throws -> Timing {
    let start = Clock.seconds()
    let plan = try step.plan(try step.request.prepare(step.graph), on: device, model.store)
    let context = try Context(plan, store: model.store)
    let planned = Clock.seconds()
    try fill(context, classes: classes(of: model))
    let before = Clock.seconds()
    try context.run()
    let first = Clock.seconds() - before
    // Warm: caches, the library's thread pool, the processor's clock.
    let warm = Clock.seconds()
    repeat { try context.run() } while Clock.seconds() - warm < secondsPerRound / 2

    var seconds: [Double] = []
    seconds.reserveCapacity(1 << 16)
    for _ in 0..<rounds {
      let round = Clock.seconds()
      var last = round
      repeat {
        try context.run()
        let now = Clock.seconds()
        seconds.append(now - last)
        last = now
      } while last - round < secondsPerRound
    }
    seconds.sort()
    let median = seconds[seconds.count / 2]
    // Profiled apart: reading the clock after each step costs time too.
    if profile {
      context.startProfile()
      let round = Clock.seconds()
      repeat { try context.run() } while Clock.seconds() - round < secondsPerRound
    }
    let peak = PeakMemory.megabytes
    let costs = plan.costs
    return Timing(
      milliseconds: median * 1000, multiplyAdds: Double(plan.multiplyAdds),
      bytes: costs.reduce(0) { $0 + Double($1.bytes) }, peakMegabytes: peak,
      planMilliseconds: (planned - start) * 1000, firstMilliseconds: first * 1000, steps: seconds.count,
      profile: profile
        ? zip(costs, context.profile).map { TimedStep(cost: $0, milliseconds: $1.milliseconds) } : [],
      plan: try PlanReport(plan))
  }

  private static func classes(of model: Model) -> Int {
    guard let output = model.graph.outputs.first, let dims = model.graph[output.value].type.shape.dims else { return 1 }
    // [N, C], or [N, C, …] for networks that answer in every place.
    return max(1, (dims.count > 1 ? dims[1] : dims.last ?? nil) ?? 1)
  }

  /// Noise for pictures and labels; a rate so small that nothing runs away, other scalars zero.
  private static func fill(_ context: Context, classes: Int) throws {
    let random = RandomStream(seed: 0, purpose: "bench")
    let graph = context.plan.graph
    for value in graph.inputs {
      let info = graph[value]
      guard context.reads(info.name) else { continue }
      let shape = graph.shape(value)
      if info.type.dtype == .f32, shape.rank > 0 {
        // In place: a picture's worth of memory more would count as the network's.
        let target = try context.input(info.name).assumingMemoryBound(to: Float.self)
        for index in target.indices { target[index] = Float(random.normal(index: index)) }
        continue
      }
      var tensor = Tensor(zeros: shape, dtype: .f64)
      tensor.withMutableElements(of: Double.self) { elements in
        for index in elements.indices {
          if shape.rank == 0 {
            elements[index] = info.type.dtype.isFloat ? 1e-6 : 0
          } else if info.type.dtype.isFloat {
            elements[index] = random.normal(index: index)
          } else {
            elements[index] = Double(Int(random.uniform(index: index) * Float(classes)) % classes)
          }
        }
      }
      try context.feed(info.name, tensor.converted(to: info.type.dtype))
    }
  }
}

/// The largest part of physical memory that the program has held.
enum PeakMemory {
  /// Starts the count anew, where the system lets us.
  static func reset() {
    #if os(Linux)
      let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
      guard file >= 0 else { return }
      _ = write(file, "5", 1)
      close(file)
    #endif
  }

  /// In units of 10⁶ bytes.
  static var megabytes: Double {
    #if os(Linux)
      // rusage keeps the peak from before a reset.
      if let line = SystemFile.lines("/proc/self/status").first(where: { $0.hasPrefix("VmHWM:") }),
        let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
      {
        return kilobytes * 1024 / 1e6
      }
    #endif
    var usage = rusage()
    #if os(Linux)
      getrusage(RUSAGE_SELF.rawValue, &usage)
      return Double(usage.ru_maxrss) * 1024 / 1e6
    #else
      getrusage(RUSAGE_SELF, &usage)
      return Double(usage.ru_maxrss) / 1e6
    #endif
  }
}
