import FoveaGraphs
import FoveaTensors

/// What a network is trained to make small. It names the output and the target that it compares.
package struct Loss: Sendable, Equatable {
  /// The kinds of losses.
  package enum Kind: Sendable, Equatable {
    /// −log of the probability of the right class, on scores before softmax.
    case crossEntropy
  }

  package var kind: Kind
  /// The model's output that is judged.
  package var output: String
  /// The input that holds the truth.
  package var target: String
  /// By which it counts in the sum.
  package var weight = 1.0

  /// The cross-entropy of scores [N, C] and class numbers [N].
  package static func crossEntropy(output: String = "output", target: String = "target") -> Loss {
    Loss(kind: .crossEntropy, output: output, target: target)
  }

  /// Adds the target, when it is not there yet, and the loss.
  func declare(in graph: inout Graph) -> Value? {
    guard let scores = graph.output(output) else { return nil }
    switch kind {
    case .crossEntropy:
      let labels = Heads.target(target, for: scores, in: &graph)
      let origin = Origin(path: "loss")
      let loss = graph.add(Op.SoftmaxCrossEntropyLoss.self, [scores, labels], name: "loss", origin: origin)[0]
      guard weight != 1 else { return loss }
      let factor = graph.addConstant(Tensor(scalar: Float(weight)), name: "loss.weight")
      return graph.add(Op.Mul.self, [loss, factor], name: "loss.\(output)", origin: origin)[0]
    }
  }
}

/// A number that tells how good a network is, summed over the examples. It names the output and the target
/// that it compares.
package struct Metric: Sendable, Equatable {
  /// The kinds of metrics.
  package enum Kind: Sendable, Equatable {
    /// How many examples have their class among the `k` largest scores.
    case topK(Int)
  }

  /// The name of the graph's output.
  package var name: String
  package var kind: Kind
  /// The model's output that is judged.
  package var output: String
  /// The input that holds the truth.
  package var target: String

  /// How many examples have their class among the `k` largest scores.
  package static func topK(
    _ k: Int, name: String, output: String = "output", target: String = "target"
  ) -> Metric {
    Metric(name: name, kind: .topK(k), output: output, target: target)
  }

  func declare(in graph: inout Graph) -> Value? {
    guard let scores = graph.output(output) else { return nil }
    switch kind {
    case .topK(let k):
      let labels = Heads.target(target, for: scores, in: &graph)
      return graph.add(Op.TopKCorrect.self, [scores, labels], ["k": .int(k)], name: name)[0]
    }
  }
}

/// Everything that is put on a model to train and to judge it.
package struct Heads: Sendable, Equatable {
  /// Their sum is what training makes small.
  package var losses: [Loss]
  package var metrics: [Metric]

  package init(losses: [Loss], metrics: [Metric]) {
    self.losses = losses
    self.metrics = metrics
  }

  /// Cross-entropy and the right answers of a classifier.
  ///
  /// Heads at the side, which are tapped under names that begin with `aux`, count with 0.3 in the loss
  /// (Szegedy et al. 2014).
  /// - Parameter sides: their names.
  package static func classifier(classes: Int, sides: [String] = []) -> Heads {
    var metrics = [Metric.topK(1, name: "correct")]
    if classes > 5 { metrics.append(.topK(5, name: "correct5")) }
    let losses = sides.map { name in
      var loss = Loss.crossEntropy(output: name)
      loss.weight = 0.3
      return loss
    }
    return Heads(losses: [.crossEntropy()] + losses, metrics: metrics)
  }

  /// Class numbers, one for each row of `scores`; the batch is open as that of the scores.
  static func target(_ name: String, for scores: Value, in graph: inout Graph) -> Value {
    if let known = graph.input(name) { return known }
    let dims = graph[scores].type.shape.dims ?? []
    let shape = PartialShape(Array(dims.prefix(1) + dims.dropFirst(2)))
    return graph.addInput(name, TensorType(.i32, shape), open: Set(0..<max(1, dims.count - 1)))
  }
}
