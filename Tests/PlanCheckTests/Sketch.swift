import Fovea

/// A graph while it is drawn: node by node, each tried on real numbers before it is kept.
struct Sketch {
  var dice: Dice
  private(set) var graph = Graph()
  private(set) var fills: [String: Fill] = [:]
  /// What each value is for one choice of numbers, in double and in single precision.
  private(set) var exact: [Value: Tensor] = [:]
  private(set) var single: [Value: Tensor] = [:]
  /// The examples that inputs are declared with.
  let batch: Int
  /// Whether inputs leave the number of examples open.
  let isOpen: Bool
  private let seed: UInt64

  /// No value has more elements.
  static let mostElements = 6000
  /// No node has more multiply-adds: the plain loops run each graph many times.
  static let mostWork = 400_000

  init(seed: UInt64) {
    self.seed = seed
    dice = Dice(seed)
    batch = dice.int(1...3)
    isOpen = dice.chance(0.5)
  }

  /// What names of inputs with an axis for the examples begin with.
  static let batchPrefix = "batch"

  // MARK: Leaves

  private mutating func register(_ value: Value, _ name: String, _ type: TensorType, _ fill: Fill) -> Value {
    fills[name] = fill
    guard let tensor = try? fill.tensor(name, type, seed: seed) else { preconditionFailure("\(name) \(type)") }
    exact[value] = type.dtype == .f32 ? tensor.converted(to: .f64) : tensor
    single[value] = tensor
    return value
  }

  private func name(_ kind: String) -> String { "\(kind)\(graph.values.count)" }

  mutating func input(_ shape: [Int], _ dtype: DType = .f32, _ fill: Fill? = nil, isBatched: Bool = false) -> Value {
    let (name, type) = (name(isBatched ? Sketch.batchPrefix : "x"), TensorType(dtype, Shape(shape)))
    let open: Set<Int> = isBatched && isOpen ? [0] : []
    return register(
      graph.addInput(name, type, open: open), name, type, fill ?? .normal(mean: dice.pick([0, 0, 0.5]), deviation: 1))
  }

  mutating func parameter(_ shape: [Int], _ role: Parameter.Role = .weight, _ fill: Fill? = nil) -> Value {
    let (name, type) = (name("w"), TensorType(.f32, Shape(shape)))
    let fan = max(1, shape.dropFirst().reduce(1, *))
    let own = fill ?? .normal(mean: 0, deviation: shape.count > 1 ? 1 / Double(fan).squareRoot() : 0.5)
    return register(
      graph.addParameter(Parameter(path: name, role: role, initializer: .constant(0)), type), name, type, own)
  }

  mutating func state(_ shape: [Int], _ fill: Fill) -> Value {
    let (name, type) = (name("s"), TensorType(.f32, Shape(shape)))
    let parameter = Parameter(path: name, role: .mean, initializer: .constant(0), trainable: false)
    return register(graph.addState(parameter, type), name, type, fill)
  }

  mutating func constant(_ shape: [Int], _ dtype: DType = .f32, _ fill: Fill? = nil) -> Value {
    let (name, type) = (name("c"), TensorType(dtype, Shape(shape)))
    let own = fill ?? (dice.chance(0.2) ? .whole(0, 1) : .normal(mean: 0.3, deviation: 1))
    guard let tensor = try? own.tensor(name, type, seed: seed) else { preconditionFailure("\(name) \(type)") }
    return register(graph.addConstant(tensor, name: name), name, type, own)
  }

  /// A leaf of any kind with floats in it.
  mutating func leaf(_ shape: [Int], _ fill: Fill? = nil) -> Value {
    switch dice.int(0...5) {
    case 0: constant(shape, .f32, fill)
    case 1, 2: parameter(shape, .other, fill)
    default: input(shape, .f32, fill)
    }
  }

  // MARK: Choosing

  func shape(_ value: Value) -> [Int] { graph.shape(value).dims }
  func dtype(_ value: Value) -> DType { graph[value].type.dtype }
  func rank(_ value: Value) -> Int { graph.shape(value).rank }
  /// The largest magnitude among a value's sample.
  func magnitude(_ value: Value) -> Double {
    exact[value]?.converted(to: .f64).array(of: Double.self).map(abs).max() ?? 0
  }

  /// Some value of the graph that fits, mostly one of the last.
  mutating func existing(_ dtype: DType = .f32, where fits: ([Int], Value) -> Bool = { _, _ in true }) -> Value? {
    let all = graph.values.indices.map(Value.init).filter {
      graph[$0].type.dtype == dtype && exact[$0] != nil && fits(graph.shape($0).dims, $0)
    }
    guard !all.isEmpty else { return nil }
    return dice.chance(0.6) ? all[all.count - 1 - dice.int(0...min(2, all.count - 1))] : dice.pick(all)
  }

  /// Extents of `rank` axes, few elements in all.
  mutating func extents(_ rank: Int) -> [Int] {
    let largest = [1, 40, 20, 12, 7, 5, 4, 3, 3][rank]
    return (0..<rank).map { _ in dice.chance(0.15) ? 1 : dice.int(1...largest) }
  }

  /// Any float tensor: one there is, or a new leaf.
  mutating func tensor(_ ranks: ClosedRange<Int> = 0...8) -> Value {
    if dice.chance(0.75), let found = existing(where: { own, _ in ranks.contains(own.count) }) { return found }
    return leaf(extents(dice.int(ranks)))
  }

  /// A number of channels: all of the small ones, and multiples of vectors.
  mutating func channels() -> Int { dice.chance(0.35) ? 8 * dice.int(1...6) : dice.int(1...40) }

  /// A stack of pictures [N, C, spatial…]: one there is, or a new input.
  mutating func picture(_ axes: ClosedRange<Int> = 1...3) -> Value {
    let ranks = axes.lowerBound + 2...axes.upperBound + 2
    if dice.chance(0.8), let found = existing(where: { own, _ in ranks.contains(own.count) }) { return found }
    let count = axes.contains(2) && dice.chance(0.8) ? 2 : dice.int(axes)
    let largest = [0, 30, 11, 5][count]
    let spatial = (0..<count).map { _ in dice.int(1...largest) }
    return input([batch, channels()] + spatial, isBatched: true)
  }

  /// A learned tensor of this shape: one there is, else a new one; now and then a constant or what a node made.
  mutating func weight(_ shape: [Int], _ role: Parameter.Role = .weight, _ fill: Fill? = nil) -> Value {
    if dice.chance(0.35), let found = existing(where: { own, _ in own == shape }) { return found }
    return dice.chance(0.1)
      ? constant(shape, .f32, fill ?? .normal(mean: 0, deviation: 0.4)) : parameter(shape, role, fill)
  }

  // MARK: Nodes

  /// Adds a node unless it does not fit, is too large, or its numbers are no good; says whether it did.
  @discardableResult
  mutating func emit(
    _ op: any Operator.Type, _ operands: [Value?], _ attributes: Attributes = [:]
  ) -> [Value]? {
    var next = graph
    let made = next.add(op, operands, attributes)
    guard next.mistakes.isEmpty, let node = next.nodes.last else { return nil }
    for value in made {
      guard let shape = next[value].type.shape.concrete, shape.count > 0, shape.count <= Sketch.mostElements else {
        return nil
      }
    }
    let site = next.site(node)
    guard op.cost(site).multiplyAdds <= Sketch.mostWork else { return nil }
    let results = Interpreter.run(op, site, operands.map { $0.flatMap { single[$0] } })
    let wide = Interpreter.run(op, Sketch.widened(op, site), operands.map { $0.flatMap { exact[$0] } })
    for (index, (a, b)) in zip(results, wide).enumerated() where !op.auxiliaryOutputs.contains(index) {
      guard Sketch.agree(a, b) else { return nil }
    }
    graph = next
    for (index, (value, (a, b))) in zip(made, zip(results, wide)).enumerated() {
      // What is a backend's own business is nobody's operand.
      if op.auxiliaryOutputs.contains(index) { continue }
      single[value] = a
      exact[value] = b
    }
    return made
  }

  /// The same node in double precision.
  static func widened(_ op: any Operator.Type, _ site: NodeSite) -> NodeSite {
    func wide(_ type: TensorType) -> TensorType { type.dtype == .f32 ? TensorType(.f64, type.shape) : type }
    var node = site.node
    node.attributes = op.converted(node.attributes, to: .f64)
    return NodeSite(node: node, inputs: site.inputs.map { $0.map(wide) }, outputs: site.outputs.map(wide))
  }

  /// Finite numbers of ordinary size, the same in both precisions: what follows is then well conditioned.
  private static func agree(_ single: Tensor, _ exact: Tensor) -> Bool {
    let a = single.converted(to: .f64).array(of: Double.self)
    let b = exact.converted(to: .f64).array(of: Double.self)
    let largest = b.map(abs).max() ?? 0
    guard largest < 1e4, a.allSatisfy(\.isFinite), b.allSatisfy(\.isFinite) else { return false }
    let bound = exact.dtype.isFloat ? 1e-3 * max(largest, 1e-2) : 0
    return zip(a, b).allSatisfy { abs($0 - $1) <= bound }
  }
}
