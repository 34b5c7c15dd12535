import Fovea
import FoveaLanesBackend
import Testing

@Suite struct StepTests {
  static let sets = LanesBackend.Instructions.allCases.filter { $0 <= .best }

  /// Everything the lanes have, in small networks.
  static func networks() throws -> [(String, Model)] {
    [
      ("lenet", try Zoo.standard.model("lenet5")), ("mnist-1d-conv", try Zoo.standard.model("mnist-1d-conv")),
      ("tdnn", try Zoo.standard.model("tdnn")), ("mnist-1d-fc", try Zoo.standard.model("mnist-1d-fc")),
      (
        "padding, strides, dilation, windows that overlap",
        try Model(input: [3, 11, 9]) {
          Conv2D(5, kernel: 3, stride: 2, padding: 1)
          Tanh()
          Conv2D(7, kernel: 3, padding: 2, dilation: 2)
          ReLU()
          MaxPool2D(3, stride: 1, padding: 1)
          Conv2D(4, kernel: 2)
          Sigmoid()
          AveragePool2D(2, stride: 1)
          Flatten()
          Dense(6)
        }
      ),
      (
        "windows with gaps, a sum, a mean",
        try Model(input: [2, 13, 12]) {
          Conv2D(6, kernel: 3)
          ReLU()
          Add {
            Identity()
            Conv2D(6, kernel: 3, padding: 1)
          }
          ReLU()
          MaxPool2D(2, stride: 3)
          GlobalAveragePool()
          Flatten()
          Dense(3)
        }
      ),
    ]
  }

  @Test func aStepIsThatOfThePlainLoopsInDoublePrecision() throws {
    for (name, model) in try Self.networks() {
      for batch in [5, 16, 37] {
        let steps = try Steps(model, batch: batch)
        let exact = try steps.exactResults(steps: 2)
        for set in Self.sets {
          for threads in [1, 2, 3] {
            let backend = LanesBackend(set, takesAll: true)
            let words = "\(name), \(batch) examples, \(set), \(threads) threads:"
            let (found, plan) = try steps.run([backend], threads: threads, steps: 2)
            // All of it ran here: no step but the region.
            #expect(plan.lines.count == 1 && plan.lines[0].contains(backend.name), "\(words) \(plan.lines)")
            steps.expect(found, equals: exact, tolerance: 2e-5, words)
          }
        }
      }
    }
  }

  /// A thread's sums grow from block to block.
  @Test func blocksAddUp() throws {
    for (name, model) in try Self.networks() + [("two-conv", Zoo.standard.model("two-conv"))] {
      let steps = try Steps(model, batch: 50)
      let exact = try steps.exactResults(steps: 2)
      for threads in [1, 2] {
        let backend = LanesBackend(.best, takesAll: true, mostVectors: 1)
        let found = try steps.run([backend], threads: threads, steps: 2).results
        steps.expect(found, equals: exact, tolerance: 2e-5, "\(name), \(threads) threads:")
      }
    }
  }

  /// Another optimizer's steps, and whatever else reads gradients, stay outside.
  @Test func gradientsAreThereForOthers() throws {
    let model = try Zoo.standard.model("mnist-1d-conv")
    let steps = try Steps(model, batch: 20, optimizer: .adam(learningRate: .constant(0.01)))
    let exact = try steps.exactResults(steps: 2)
    let (found, plan) = try steps.run([LanesBackend(.best, takesAll: true)], threads: 2, steps: 2)
    #expect(plan.lines.count > 1 && plan.lines.filter { $0.contains("Region") }.count == 1)
    steps.expect(found, equals: exact, tolerance: 1e-3, "Adam:")
  }

  @Test func whatItLacksRunsElsewhere() throws {
    let model = try Model(input: [1, 8, 8]) {
      Conv2D(4, kernel: 3)
      BatchNorm()
      ReLU()
      Flatten()
      Dense(3)
    }
    let steps = try Steps(model, batch: 16)
    let backend = LanesBackend(.best, takesAll: true)
    #expect(backend.region(of: steps.graph, training: true, threads: 2) == nil)
    let (found, plan) = try steps.run([backend], threads: 2, steps: 1)
    #expect(!plan.lines.contains { $0.contains("Region") })
    steps.expect(found, equals: try steps.exactResults(steps: 1), tolerance: 1e-4, "with a norm:")
  }

  /// Networks that keep one layer's kernels busy are left to them, and batches that would leave lanes empty.
  @Test func onlySmallNetworksAreTaken() throws {
    let backend = try #require(LanesBackend())
    #expect(
      backend.region(of: try Steps(Zoo.standard.model("lenet5"), batch: 64).graph, training: true, threads: 2) != nil)
    #expect(
      backend.region(of: try Steps(Zoo.standard.model("lenet5"), batch: 2).graph, training: true, threads: 2) == nil)
    let large = try Model(input: [8, 64, 64]) {
      Conv2D(64, kernel: 3)
      ReLU()
      Flatten()
      Dense(3)
    }
    #expect(backend.region(of: try Steps(large, batch: 16).graph, training: true, threads: 2) == nil)
  }

  /// Tables are small, however many examples there are and however large a window is.
  @Test func tablesAreBounded() throws {
    let backend = try #require(LanesBackend())
    let many = try Steps(Zoo.standard.model("mnist-1d-conv"), batch: 100_000)
    let detail = try #require(backend.region(of: many.graph, training: true, threads: 1)).proposal.detail
    let lanes = try #require(detail.split(separator: " ").dropFirst(3).first.flatMap { Int($0) })
    #expect(lanes <= 1024, "\(detail)")
    let wide = try Model(input: [1, 3000, 3000]) {
      MaxPool2D(2000, stride: 900)
      Flatten()
      Dense(3)
    }
    for batch in [1, 16] {
      let sizes = ["input": Shape([batch, 1, 3000, 3000])]
      let graph = try PlanRequest(mode: .inference, sizes: sizes).prepare(wide.graph)
      #expect(backend.region(of: graph, training: false, threads: 2) == nil)
    }
  }

  /// A wrong label makes the loss NaN, as the plain loops do, and reads nowhere else.
  @Test func aWrongLabelIsSeen() throws {
    let steps = try Steps(try Zoo.standard.model("mnist-1d-conv"), batch: 20)
    let store = try steps.model.store.copy()
    try store.initialize(steps.graph, seed: 0)
    let plan = try Plan(
      steps.graph, mode: .training, backends: [LanesBackend(.best, takesAll: true)], store: store, threads: 2)
    let context = try Context(plan, store: store)
    for value in steps.graph.inputs where context.reads(steps.graph[value].name) {
      try context.feed(steps.graph[value].name, try steps.tensor(value, of: steps.graph, step: 0))
    }
    try context.feed("target", try Tensor([Int32](repeating: 99, count: 20), shape: [20]))
    try context.run()
    #expect(try context.result("loss").array(of: Float.self)[0].isNaN)
  }

  /// Two contexts at once: one has the helpers, the other goes alone, and both get the same.
  @Test func contextsRunSideBySide() async throws {
    let steps = try Steps(try Zoo.standard.model("lenet5"), batch: 32)
    let alone = try steps.run([LanesBackend(.best, takesAll: true)], threads: 2, steps: 3).results
    try await withThrowingTaskGroup(of: Steps.Results.self) { group in
      for _ in 0..<4 {
        group.addTask { try steps.run([LanesBackend(.best, takesAll: true)], threads: 2, steps: 3).results }
      }
      for try await results in group {
        #expect(results.allSatisfy { name, numbers in alone[name] == numbers })
      }
    }
  }
}
