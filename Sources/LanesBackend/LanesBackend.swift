import CFoveaLanes
import FoveaExecution
import FoveaGraphs
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Small networks as one step: examples side by side in the lanes of vectors, each thread with its own examples.
///
/// Networks that fit into a processor's caches spend their time between kernels: in calls, in threads that wait for
/// each other, in changes of layout. Here a thread goes through the whole network, forward and back, with a few
/// vectors of examples; threads meet once, where gradients are summed and weights updated.
public struct LanesBackend: RegionBackend {
  /// Vector instructions.
  public enum Instructions: Int32, Sendable, CaseIterable, Comparable {
    /// What every processor of the kind has.
    case plain = 0
    case avx2 = 1
    case avx512 = 2

    public static func < (a: Instructions, b: Instructions) -> Bool { a.rawValue < b.rawValue }

    /// The best that this processor has.
    public static var best: Instructions { Instructions(rawValue: fovea_lanes_best()) ?? .plain }
  }

  public let instructions: Instructions
  /// Whether any size of network is taken, as tests want it.
  private let takesAll: Bool
  /// Vectors of examples in a block at most; as many as the caches hold when nil.
  private let mostVectors: Int?

  /// Nil when `FOVEA_LANES` is 0: then networks run layer by layer.
  public init?(instructions: Instructions = .best) {
    if getenv("FOVEA_LANES").map({ String(cString: $0) }) == "0" { return nil }
    self.init(instructions, takesAll: false)
  }

  /// - Parameters:
  ///   - takesAll: also networks that are too large to gain.
  ///   - mostVectors: of 16 examples in a block.
  package init(_ instructions: Instructions, takesAll: Bool, mostVectors: Int? = nil) {
    self.mostVectors = mostVectors
    self.instructions = min(instructions, .best)
    self.takesAll = takesAll
  }

  public var name: String {
    switch instructions {
    case .plain: "lanes"
    case .avx2: "lanes AVX2"
    case .avx512: "lanes AVX-512"
    }
  }

  public func region(of graph: Graph, training: Bool, threads: Int) -> Region? {
    try? compile(graph, threads: threads)
  }

  /// More multiply-adds for one example, and kernels that look at one layer at a time have enough to do.
  static let mostMultiplyAdds = 6_000_000
  /// With fewer examples most lanes would be empty.
  static let leastExamples = 8
  /// What a thread's memory should stay below, in bytes: it is gone through several times.
  static let cache = 3 << 19
  /// And what it may not exceed.
  static let mostMemory = 256 << 20
  /// Of one example, each of which has a place in a table when examples come one by one.
  static let mostElements = 1 << 22
  /// Vectors of a block: with more, nothing is gained.
  static let mostVectors = 64

  func compile(_ graph: Graph, threads: Int) throws(LaneRefusal) -> Region {
    guard let examples = LanesBackend.examples(graph) else { throw LaneRefusal("no input with examples") }
    if !takesAll {
      let work = graph.nodes.reduce(0) { Cost.sum($0, graph.op(of: $1).cost(graph.site($1)).multiplyAdds) }
      // Forward and both gradients are three times the network.
      if work / examples > 3 * LanesBackend.mostMultiplyAdds { throw LaneRefusal("\(work) multiply-adds") }
    }
    if examples < LanesBackend.leastExamples, graph.updates.isEmpty, let one = try? few(graph, examples, threads) {
      return one
    }
    if examples < LanesBackend.leastExamples, !takesAll { throw LaneRefusal("\(examples) examples") }
    return try many(graph, examples, threads)
  }

  /// One example after the other.
  private func few(_ graph: Graph, _ examples: Int, _ threads: Int) throws(LaneRefusal) -> Region {
    let elements = LanesBackend.elements(graph, of: examples)
    guard elements <= LanesBackend.mostElements else { throw LaneRefusal("\(elements) numbers for an example") }
    let compiler = try ExampleCompiler(graph, examples: examples, threads: threads)
    return try region(compiler.program, compiler.nodes, compiler.ends, inPlace: [])
  }

  /// Blocks of examples.
  private func many(_ graph: Graph, _ examples: Int, _ threads: Int) throws(LaneRefusal) -> Region {
    let vectors = (examples + 15) / 16
    // Offsets are counted before tables of them are made: in 32 bits, and within what a thread may have.
    let floats = 16 * LanesBackend.elements(graph, of: examples)
    let fitting = LanesBackend.mostMemory / MemoryLayout<Float>.size / max(floats, 1)
    guard fitting > 0 else { throw LaneRefusal("\(floats) numbers for 16 examples") }
    let most = min((vectors + threads - 1) / threads, fitting, LanesBackend.mostVectors, mostVectors ?? .max)
    var compiler = try LaneCompiler(graph, examples: examples, vectors: most, threads: threads)
    let bytes = compiler.program.bytes
    if bytes > LanesBackend.cache, most > 1 {
      compiler = try LaneCompiler(
        graph, examples: examples, vectors: max(1, most * LanesBackend.cache / bytes), threads: threads)
    }
    return try region(compiler.program, compiler.nodes, compiler.ends, inPlace: compiler.inPlace)
  }

  private func region(
    _ program: LaneProgram, _ nodes: Set<Int>, _ ends: RegionEnds,
    inPlace: [(output: Int, input: Int)]
  ) throws(LaneRefusal) -> Region {
    let total = program.bytes.multipliedReportingOverflow(by: program.threads)
    guard !total.overflow, total.partialValue <= LanesBackend.mostMemory else {
      throw LaneRefusal("\(program.bytes) bytes for each thread")
    }
    guard !nodes.isEmpty, !ends.outputs.isEmpty else { throw LaneRefusal("nothing to run") }
    let isa = instructions.rawValue
    let proposal = Proposal(
      inputs: ends.layouts, outputs: ends.outputs.map { _ in .plain }, inPlace: inPlace,
      detail: "\(program.operations.count) operations on \(program.lanes) of \(program.examples) examples"
    ) { () throws(ExecutionError) in LaneKernel(program: program, isa: isa) }
    return Region(name: name, nodes: nodes, inputs: ends.inputs, outputs: ends.outputs, proposal: proposal)
  }

  /// Numbers of one example in all values that have an axis for the examples.
  private static func elements(_ graph: Graph, of examples: Int) -> Int {
    graph.values.reduce(0) { sum, info in
      guard let shape = info.type.shape.concrete, shape.rank >= 2, shape[0] == examples else { return sum }
      return Cost.sum(sum, shape.count / examples)
    }
  }

  /// How many examples there are: the first extent of the first input of floats.
  private static func examples(_ graph: Graph) -> Int? {
    for value in graph.inputs {
      guard graph[value].type.dtype == .f32, let shape = graph[value].type.shape.concrete, shape.rank >= 2 else {
        continue
      }
      return shape.count > 0 ? shape[0] : nil
    }
    return nil
  }
}
