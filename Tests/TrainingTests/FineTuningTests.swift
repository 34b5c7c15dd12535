import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining
import Testing

/// What transfer learning needs of a trainer: groups with rates of their own, norms that hold still, heads at the side.
@Suite struct FineTuningTests {
  private static let plain = TrainingOptions(
    epochs: 1, batch: 8, optimizer: .sgd(learningRate: .constant(0.05), momentum: 0))

  private func values(_ model: Model) throws -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: try model.parameterTensors().map { ($0.path, $0.tensor.array(of: Float.self)) })
  }

  private func trained(_ model: Model, _ options: TrainingOptions) async throws -> [String: [Float]] {
    let trainer = Trainer(model: model, dataset: try stripes(8), options: options, device: .reference)
    _ = try await trainer.run()
    return try values(trainer.model)
  }

  /// One plain step moves weights by rate · gradient, so a factor on the rate is a factor on the way.
  @Test func aGroupMovesByItsFactor() async throws {
    let start = try values(try network())
    let common = try await trained(try network(), Self.plain)
    var options = Self.plain
    options.rateScales = [RateScale(pattern: "fc", factor: 4), RateScale(pattern: "*.bias", factor: 0)]
    let scaled = try await trained(try network(), options)
    for (path, factor) in [("conv.weight", 1), ("conv.bias", 0), ("fc.weight", 4), ("fc.bias", 4)] as [(String, Float)]
    {
      let before = try #require(start[path])
      let way = zip(before, try #require(common[path])).map { $1 - $0 }
      #expect(way.contains { abs($0) > 1e-5 }, "\(path) does not move at all")
      for (index, (from, to)) in zip(before, try #require(scaled[path])).enumerated() {
        #expect(abs((to - from) - factor * way[index]) < 2e-6, "\(path) \(index)")
      }
    }
  }

  @Test func accumulatedGradientsFollowTheFactorsToo() async throws {
    var options = Self.plain
    options.rateScales = [RateScale(pattern: "conv", factor: 0.5)]
    let whole = try await trained(try network(), options)
    options.batch = 4
    options.accumulate = 2
    let gathered = try await trained(try network(), options)
    for (path, expected) in whole {
      for (a, b) in zip(try #require(gathered[path]), expected) { #expect(abs(a - b) < 1e-5, "\(path)") }
    }
  }

  @Test func aPatternThatMeansNothingIsSaid() async throws {
    var options = Self.plain
    options.rateScales = [RateScale(pattern: "cnov", factor: 2)]
    let scales = options
    let error = await #expect(throws: TrainingError.self) { _ = try await trained(try network(), scales) }
    #expect(
      error.map { "\($0)" }
        == "no parameter matches \"cnov\", which should have a rate of its own; did you mean \"conv\"?")
    options.rateScales = [RateScale(pattern: "conv", factor: -1)]
    #expect(throws: TrainingError.self) { try options.check() }
  }

  /// A norm whose scale and shift are frozen uses its running statistics and leaves them alone.
  @Test func aFrozenNormHoldsStill() async throws {
    let start = try values(try network(norm: true))
    var options = Self.plain
    options.freeze = ["bn.weight"]
    let half = try await trained(try network(norm: true), options)
    #expect(half["bn.running_mean"] != start["bn.running_mean"])
    options.freeze = ["bn"]
    let whole = try await trained(try network(norm: true), options)
    for path in ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"] { #expect(whole[path] == start[path]) }
    #expect(whole["conv.weight"] != start["conv.weight"])
  }

  /// The loss of a network with a head at the side is the sum that its paper gives; evaluation judges by the end only.
  @Test func headsAtTheSideAreTrainedAlong() async throws {
    func model(_ side: Bool) throws -> Model {
      try Model(
        input: [1, 8, 8], classes: ["a", "b", "c"],
        preprocessing: Preprocessing(channels: .gray, mean: [0.5], std: [0.4])
      ) {
        Conv2D(4, kernel: 3).named("conv")
        if side {
          Side {
            GlobalAveragePool()
            Flatten()
            Dense(3)
          }.named("side").tap("aux1")
        }
        ReLU()
        Flatten()
        Dense(3).named("fc")
      }
    }
    let (with, without) = (try model(true), try model(false))
    let before = try values(with)
    let judged = try await evaluate(with, on: try stripes(8), device: .reference)
    #expect(judged == (try await evaluate(without, on: try stripes(8), device: .reference)))
    let trainer = Trainer(model: with, dataset: try stripes(8), options: Self.plain, device: .reference)
    let result = try await trainer.run()
    let side = try await evaluate(
      Model(
        graph: try with.subModel(to: "side").graph, store: try model(true).store, preprocessing: with.preprocessing,
        classNames: with.classNames), on: try stripes(8), device: .reference)
    let loss = try #require(result.losses.first)
    #expect(abs(Double(loss) - (judged.loss + 0.3 * side.loss)) < 1e-5)
    #expect(try values(trainer.model).contains { $0.key.hasPrefix("side") && before[$0.key] != $0.value })
  }
}
