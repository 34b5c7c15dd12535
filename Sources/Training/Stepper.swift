import FoveaData
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors

/// Takes the steps of a run: with one plan that does everything, or, where gradients of several batches are
/// accumulated, with one that gathers them and one that moves the weights. All work on the model's store.
final class Stepper {
  /// What a step brought.
  struct Outcome {
    /// Mean over the step's examples, before the weights moved.
    var loss = 0.0
    var correct = 0.0
    var examples = 0
  }

  private let facts: DatasetFacts
  private let options: TrainingOptions
  private let gathering: PlanCache
  private let updating: PlanCache?
  private var slots: [StepSlot] = []
  private var update: UpdateSlot?
  private let planned: (String, Plan) throws -> Void

  /// - Parameter planned: called with each new plan and what it is for.
  init(
    _ heads: TrainingGraph, _ facts: DatasetFacts, _ options: TrainingOptions, store: Store, device: Device,
    planned: @escaping (String, Plan) throws -> Void
  ) throws {
    self.facts = facts
    self.options = options
    self.planned = planned
    let heads = heads.fixingNorms(freeze: options.freeze)
    if options.accumulate > 1 {
      var request = try heads.accumulation(freeze: options.freeze)
      request.memory = options.memory
      let graph = try heads.update(options)
      gathering = PlanCache(heads.graph, request, store: store, device: device)
      updating = PlanCache(graph, PlanRequest(mode: .training), store: store, device: device)
    } else {
      var request = try heads.training(options.optimizer, freeze: options.freeze, rateScales: options.rateScales)
      request.memory = options.memory
      gathering = PlanCache(heads.graph, request, store: store, device: device)
      updating = nil
    }
    slots.reserveCapacity(2)
  }

  /// Makes the plans for full batches, so that what cannot be planned is said before the first one.
  func prepare(_ count: Int) throws {
    _ = try slot(count)
    guard let updating, update == nil else { return }
    let context = try updating.context([:])
    try planned("update", context.plan)
    update = try UpdateSlot(context)
  }

  private func slot(_ count: Int) throws -> StepSlot {
    for slot in slots where slot.count == count { return slot }
    let context = try gathering.context(TrainingGraph.sizes(count, facts.sampleShape))
    try planned("training \(count)", context.plan)
    let slot = try StepSlot(context, count: count)
    slots.append(slot)
    return slot
  }

  /// Takes one step; nil where the loader has ended.
  ///
  /// - Parameters:
  ///   - number: steps before this one.
  ///   - batches: those of this step, which have `examples` examples together.
  /// - Returns: also a loss that is not finite; then the weights of an accumulated step have not moved.
  func step(
    _ loader: Loader, number: Int, batches: Int, examples: Int, _ numbers: OptimizerScalars.Numbers
  ) throws -> Outcome? {
    var outcome = Outcome()
    for index in 0..<batches {
      guard let batch = try loader.next() else { return nil }
      let slot = try slot(batch.count)
      let share = Double(batch.count) / Double(examples)
      try slot.run(batch, numbers, share: share, seed: options.seed, draw: number * options.accumulate + index)
      loader.recycle(batch)
      // One batch is its own mean: no rounding by its share.
      outcome.loss = batches == 1 ? Double(slot.loss) : outcome.loss + share * Double(slot.loss)
      outcome.correct += Double(slot.correct)
      outcome.examples += slot.count
      guard slot.loss.isFinite else { return outcome }
    }
    try update?.run(numbers, step: number)
    return outcome
  }
}

extension TrainingGraph {
  /// The scalar input by which a batch's loss counts in its step.
  static let weightInput = "share"

  /// Where the gradients of a parameter are gathered. They are nothing between two steps, so no checkpoint
  /// keeps them.
  static func gatheredPath(_ path: String) -> String { "\(gatheredPrefix)\(path)" }
  /// The beginning of the paths of all gathered gradients.
  static let gatheredPrefix = "fovea.gathered."

  /// What plans are made by that add a batch's share of the gradients to what is gathered.
  /// - Throws: as `training`.
  func accumulation(freeze: [String]) throws(TrainingError) -> PlanRequest {
    let moved = try moved(freeze: freeze)
    return PlanRequest(mode: .training) { (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let parameters = graph.parameters.filter { moved.contains($0.parameter.path) }
      // The loss is scaled, a single number, and not the gradients.
      let share = graph.addInput(TrainingGraph.weightInput, TensorType(graph[loss].type.dtype, .scalar))
      let scaled = graph.add(Op.Mul.self, [loss, share], name: "loss.share")[0]
      let gradients = try graph.differentiate(scaled, withRespectTo: parameters.map(\.value))
      for (value, parameter) in parameters {
        guard let gradient = gradients[value] else { continue }
        let gathered = TrainingGraph.gathered(parameter, graph[value].type, in: &graph)
        let sum = graph.add(
          Op.Add.self, [gathered, gradient], name: "\(parameter.path).gather", origin: Origin(path: parameter.path))
        graph.addUpdate(before: gathered, after: sum[0])
      }
    }
  }

  /// The graph that moves the weights by the gathered gradients and sets those to 0.
  func update(_ options: TrainingOptions) throws(TrainingError) -> Graph {
    let moved = try moved(freeze: options.freeze)
    try checkScales(options.rateScales)
    var result = Graph(registry: graph.registry)
    var parameters: [(value: Value, parameter: Parameter)] = []
    var gradients: [Value: Value] = [:]
    for (value, parameter) in graph.parameters where moved.contains(parameter.path) {
      let type = graph[value].type
      let own = result.addParameter(parameter, type)
      parameters.append((own, parameter))
      gradients[own] = TrainingGraph.gathered(parameter, type, in: &result)
    }
    options.optimizer.addUpdates(to: &result, of: parameters, gradients, options.rateScales)
    let zero = result.addConstant(Tensor(zeros: .scalar, dtype: .f32), name: "nothing")
    for (value, parameter) in parameters {
      guard let gathered = gradients[value] else { continue }
      let cleared = result.add(Op.Mul.self, [gathered, zero], name: "\(parameter.path).clear")
      result.addUpdate(before: gathered, after: cleared[0])
    }
    if !result.mistakes.isEmpty { throw .graph(.mistakes(result.mistakes)) }
    return result
  }

  private static func gathered(_ parameter: Parameter, _ type: TensorType, in graph: inout Graph) -> Value {
    graph.addState(
      Parameter(path: gatheredPath(parameter.path), role: .moment, initializer: .constant(0), trainable: false), type)
  }
}
