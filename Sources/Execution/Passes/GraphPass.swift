import FoveaGraphs
import FoveaTensors

/// A step of planning that is a pure function from graph to graph.
///
/// The reference interpreter can run the graph before and after any of them and must find the same
/// answers: the strongest test there is.
public protocol GraphPass: Sendable {
  /// One word, as `fovea summary --passes` prints it.
  var name: String { get }
  func run(_ graph: Graph) throws(GraphError) -> Graph
}

/// What a plan is for.
public enum Mode: String, Sendable {
  case training, inference
}

/// Everything that decides how a declared graph becomes the graph of a plan.
public struct PlanRequest: Sendable {
  public var mode: Mode
  /// The sizes of the inputs for this plan, by name.
  public var sizes: [String: Shape]
  /// The floating-point type to compute in.
  public var precision: DType
  /// What a training step may compute again to need less memory.
  public var memory = MemoryUse.usual
  /// Adds gradients and updates: the part of a training step after the loss.
  public var differentiation: (@Sendable (inout Graph) throws(GraphError) -> Void)?

  public init(
    mode: Mode, sizes: [String: Shape] = [:], precision: DType = .f32,
    differentiation: (@Sendable (inout Graph) throws(GraphError) -> Void)? = nil
  ) {
    self.mode = mode
    self.sizes = sizes
    self.precision = precision
    self.differentiation = differentiation
  }

  /// The graph passes in their order. Layout, constants, memory and build follow on the plan.
  public var passes: [any GraphPass] {
    [
      Check(), ChooseMode(mode: mode), Differentiate(differentiation: differentiation), Precision(dtype: precision),
      SettleShapes(sizes: sizes), FoldConstants(), Simplify(mode: mode), Recompute(memory: memory), FuseQuantized(),
      FuseNorms(), Fuse(), FuseArithmetic(),
    ]
  }
}

/// Check: every mistake of the declaration in one error.
public struct Check: GraphPass {
  public let name = "check"
  public init() {}
  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    try graph.check()
    return graph
  }
}

/// Differentiate: gradients as graph, and the optimizer's updates; nothing for inference.
public struct Differentiate: GraphPass {
  public let name = "differentiate"
  let differentiation: (@Sendable (inout Graph) throws(GraphError) -> Void)?

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    guard let differentiation else { return graph }
    var copy = graph
    try differentiation(&copy)
    try copy.check()
    return copy
  }
}

/// Precision: every float in the type to compute in.
public struct Precision: GraphPass {
  public let name = "precision"
  let dtype: DType

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    let other = graph.values.contains { $0.type.dtype.isFloat && $0.type.dtype != dtype }
    return other ? try graph.converted(to: dtype) : graph
  }
}

/// Shapes: the open sizes settled for this plan.
public struct SettleShapes: GraphPass {
  public let name = "shapes"
  let sizes: [String: Shape]

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    let known = Set(graph.inputs.map { graph[$0].name })
    return try graph.specialized(to: sizes.filter { known.contains($0.key) })
  }
}

extension PlanRequest {
  /// Runs the graph passes.
  /// - Parameter observe: called after each pass with its name, the graph before and the graph after.
  public func prepare(
    _ graph: Graph, observe: (String, Graph, Graph) -> Void = { _, _, _ in }
  ) throws(GraphError) -> Graph {
    var current = graph
    for pass in passes {
      let next = try pass.run(current)
      observe(pass.name, current, next)
      current = next
    }
    return current
  }
}
