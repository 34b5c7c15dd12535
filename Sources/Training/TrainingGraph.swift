import FoveaData
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// A model's graph with its heads: what plans for training and for evaluation are made of.
///
/// Inputs `input` [N, …] and `target` [N]; outputs the model's own, `loss`, `correct` and, for more than five
/// classes, `correct5`.
package struct TrainingGraph: Sendable {
  package let graph: Graph
  /// The same without heads at the side, which only training needs.
  package let judging: Graph
  /// Number of classes C of the scores.
  package let classes: Int
  /// True when the five largest scores are looked at too.
  package let hasTop5: Bool

  /// Puts the heads of a classifier on a model and holds it against the data set.
  /// - Throws: `TrainingError` when the model is no classifier of these examples.
  package init(_ model: Model, for dataset: DatasetFacts) throws(TrainingError) {
    let network = model.graph.withClassifierEnds()
    let inputs = network.inputs.map { network[$0].name }
    guard inputs == ["input"], let input = network.input("input") else { throw .inputs(inputs) }
    guard let output = network.output("output") else {
      throw .noOutput(known: network.outputs.map(\.name))
    }
    let type = network[input].type
    let open: Set<Int> = if case .input(let axes) = network[input].source { axes } else { [] }
    let declared = (type.shape.dims ?? []).enumerated().map { open.contains($0.offset) ? nil : $0.element }
    let sample = dataset.sampleShape.dims
    let fits =
      declared.count == sample.count + 1 && zip(declared.dropFirst(), sample).allSatisfy { $0 == nil || $0 == $1 }
    guard fits else {
      throw .sampleShape(
        dataset: dataset.name, found: dataset.sampleShape, expected: PartialShape(Array(declared.dropFirst())))
    }
    let scores = network[output].type.shape
    guard scores.rank == 2, let classes = scores[1] else { throw .noScores(scores) }
    guard classes == dataset.classes else {
      throw .classCount(dataset: dataset.name, found: dataset.classes, expected: classes)
    }
    // Heads at the side are trained along; nobody judges by them.
    let sides = network.outputs.filter { name, value in
      name.hasPrefix("aux") && network[value].type.shape.dims?.dropFirst() == [classes]
    }
    let heads = Heads.classifier(classes: classes, sides: sides.map(\.name))
    let taken = ["loss"] + heads.metrics.map(\.name)
    if let name = taken.first(where: { network.output($0) != nil }) { throw .nameTaken(name) }

    graph = try Self.with(heads, on: network)
    var plain = network
    plain.outputs.removeAll { output in sides.contains { $0.name == output.name } }
    judging = sides.isEmpty ? graph : try Self.with(.classifier(classes: classes), on: plain)
    self.classes = classes
    hasTop5 = heads.metrics.contains { $0.name == "correct5" }
  }

  /// A network of maps [N, C, H, W] with a cross-entropy at every place: for commands that look at a training step
  /// without data. Runs have no data of that kind yet.
  /// - Throws: `TrainingError.noScores` when the output is no map.
  package init(ofMaps model: Model) throws(TrainingError) {
    guard let output = model.graph.output("output") else {
      throw .noOutput(known: model.graph.outputs.map(\.name))
    }
    let scores = model.graph[output].type.shape
    guard let rank = scores.rank, rank > 2, let classes = scores[1] else { throw .noScores(scores) }
    let graph = try Self.with(Heads(losses: [.crossEntropy()], metrics: []), on: model.graph)
    self.init(graph, graph, classes: classes, hasTop5: false)
  }

  /// A network with losses and metrics.
  private static func with(_ heads: Heads, on network: Graph) throws(TrainingError) -> Graph {
    var graph = network
    var total: Value?
    for loss in heads.losses {
      guard let part = loss.declare(in: &graph) else { throw .noOutput(known: graph.outputs.map(\.name)) }
      total = total.map { graph.add(Op.Add.self, [$0, part])[0] } ?? part
    }
    if let total { graph.addOutput("loss", total) }
    for metric in heads.metrics {
      guard let value = metric.declare(in: &graph) else { throw .noOutput(known: graph.outputs.map(\.name)) }
      graph.addOutput(metric.name, value)
    }
    if !graph.mistakes.isEmpty { throw .graph(.mistakes(graph.mistakes)) }
    return graph
  }

  /// The sizes of the inputs for a batch of `count` examples.
  package static func sizes(_ count: Int, _ sample: Shape) -> [String: Shape] {
    ["input": Shape([count] + sample.dims), "target": [count]]
  }

  /// What evaluation plans are made by.
  package var evaluation: PlanRequest { PlanRequest(mode: .inference) }

  /// What training plans are made by: gradients of all trainable parameters that are not frozen, and the
  /// optimizer's updates.
  /// - Parameter freeze: see `TrainingOptions.freeze`.
  /// - Throws: `TrainingError.freezesNothing`, `.nothingToTrain`.
  package func training(
    _ optimizer: Optimizer, freeze: [String] = [], rateScales: [RateScale] = []
  ) throws(TrainingError) -> PlanRequest {
    let moved = try moved(freeze: freeze)
    try checkScales(rateScales)
    return PlanRequest(mode: .training) { (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let parameters = graph.parameters.filter { moved.contains($0.parameter.path) }
      let gradients = try graph.differentiate(loss, withRespectTo: parameters.map(\.value))
      optimizer.addUpdates(to: &graph, of: parameters, gradients, rateScales)
    }
  }

  /// Patterns that mean nothing are slips of the pen.
  func checkScales(_ scales: [RateScale]) throws(TrainingError) {
    let trainable = graph.parameters.filter(\.parameter.trainable).map(\.parameter.path)
    for scale in scales {
      let pattern = PathPattern(scale.pattern)
      if !trainable.contains(where: pattern.matches) {
        throw .scalesNothing(pattern: pattern.text, nearest: pattern.nearest(among: trainable))
      }
    }
  }

  /// The same with the norms fixed whose scale and shift are both frozen: they use their running statistics and
  /// leave them as they are. A norm that went on following its batches would change what its frozen readers see.
  func fixingNorms(freeze: [String]) -> TrainingGraph {
    let patterns = freeze.map(PathPattern.init)
    let held = Set(
      graph.parameters.filter { entry in patterns.contains { $0.matches(entry.parameter.path) } }.map(\.value))
    guard !held.isEmpty else { return self }
    let nodes = graph.nodes.map { node in
      guard node.op == Op.BatchNormalization.name, node.inputs.count > 2,
        node.inputs[1...2].allSatisfy({ $0.map(held.contains) ?? false })
      else { return node }
      var fixed = node
      fixed.attributes["frozen"] = .int(1)
      return fixed
    }
    return TrainingGraph(graph.rewritten(nodes: nodes), judging, classes: classes, hasTop5: hasTop5)
  }

  private init(_ graph: Graph, _ judging: Graph, classes: Int, hasTop5: Bool) {
    self.graph = graph
    self.judging = judging
    self.classes = classes
    self.hasTop5 = hasTop5
  }

  /// The paths of the parameters that move.
  /// - Throws: `TrainingError.freezesNothing`, `.nothingToTrain`.
  func moved(freeze: [String]) throws(TrainingError) -> Set<String> {
    let trainable = graph.parameters.filter(\.parameter.trainable).map(\.parameter.path)
    let patterns = freeze.map(PathPattern.init)
    for pattern in patterns where !trainable.contains(where: pattern.matches) {
      throw .freezesNothing(pattern: pattern.text, nearest: pattern.nearest(among: trainable))
    }
    let moved = Set(trainable.filter { path in !patterns.contains { $0.matches(path) } })
    guard !moved.isEmpty else { throw .nothingToTrain }
    return moved
  }
}

/// What plans need to know of a data set.
package struct DatasetFacts: Sendable, Equatable {
  package let name: String
  package let sampleShape: Shape
  package let classes: Int

  package init(name: String, sampleShape: Shape, classes: Int) {
    self.name = name
    self.sampleShape = sampleShape
    self.classes = classes
  }
}

extension TrainingOptions {
  /// Looks whether a run could begin: model, data set and patterns, before anything is written.
  /// - Throws: `TrainingError`; what `check()` throws.
  package func check(_ model: Model, on dataset: any Dataset) throws {
    try check()
    let heads = try TrainingGraph(model, for: dataset.facts)
    let moved = try heads.moved(freeze: freeze)
    try heads.checkScales(rateScales)
    if moved.allSatisfy({ rateScales.factor(of: $0) == 0 }) { throw TrainingError.nothingToTrain }
  }

  /// How many of a model's learned parameters keep their values, and how many numbers those are.
  package func frozen(of model: Model) -> (parameters: Int, of: Int, numbers: Int) {
    let patterns = freeze.map(PathPattern.init)
    let trainable = model.graph.parameters.filter(\.parameter.trainable)
    let held = trainable.filter { entry in patterns.contains { $0.matches(entry.parameter.path) } }
    return (held.count, trainable.count, held.reduce(0) { $0 + model.graph.shape($1.value).count })
  }
}
