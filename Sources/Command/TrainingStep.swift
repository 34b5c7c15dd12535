import Fovea

/// A whole training step as a graph, for commands that look at one without training.
enum TrainingStep {
  /// The model with loss and metrics, and the request that adds gradients and updates.
  static func graph(_ model: Model) throws -> (Graph, PlanRequest) {
    let optimizer = Optimizer.sgd(learningRate: .constant(0.01), momentum: 0.9, nesterov: true, weightDecay: 5e-4)
    let scoresOutput = model.graph.scoresOutput
    if scoresOutput == nil, let output = model.graph.output("output"), (model.graph[output].type.shape.rank ?? 2) > 2 {
      let training = try TrainingGraph(ofMaps: model)
      return (training.graph, try training.training(optimizer))
    }
    let shape = model.graph.inputs.first.flatMap { model.graph[$0].type.shape.concrete } ?? .scalar
    let scores = scoresOutput.flatMap { model.graph[$0.value].type.shape[1] } ?? 1
    let facts = DatasetFacts(name: "bench", sampleShape: Shape(Array(shape.dims.dropFirst())), classes: scores)
    let training = try TrainingGraph(model, for: facts)
    return (training.graph, try training.training(optimizer))
  }
}
