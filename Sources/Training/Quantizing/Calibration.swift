import FoveaData
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors

/// Runs examples through a network and looks at how large values get.
struct Calibration {
  let model: Model
  let device: Device

  /// Bytes of the watched values at once, at most.
  private static let budget = 256 << 20

  /// The ranges of `values` over the first `count` examples of the data set in random order.
  /// - Parameter progress: called with the number of examples seen, of twice `count`.
  func ranges(
    of values: [Value], on dataset: any Dataset, count: Int, progress: (_ done: Int, _ total: Int) -> Void
  ) throws -> [ValueRange] {
    var graph = model.graph
    graph.outputs = values.enumerated().map { ("watched \($0.offset)", $0.element) }
    let numbers = values.reduce(0) { $0 + (graph[$1].type.shape.concrete?.count ?? 0) }
    let total = min(count, dataset.count)
    let batch = max(1, min(32, total, Calibration.budget / max(4 * numbers, 1)))
    let plans = PlanCache(graph, PlanRequest(mode: .inference), store: model.store, device: device)
    var ranges = [ValueRange](repeating: ValueRange(), count: values.count)
    let normalization = try model.preprocessing.normalization
    for round in 0..<2 {
      let loader = try Loader(
        dataset, batchSize: batch, order: .shuffled(seed: 0), normalization: normalization, epochs: 1)
      defer { loader.stop() }
      var done = 0
      while done < total, let next = try loader.next() {
        let context = try plans.context(TrainingGraph.sizes(next.count, dataset.sampleShape))
        if context.reads("input"), let bytes = next.bytes(of: "input") {
          try context.input("input").copyMemory(from: bytes)
        }
        try context.run()
        for index in values.indices {
          let seen = try context.output("watched \(index)").assumingMemoryBound(to: Float.self)
          round == 0 ? ranges[index].measure(seen) : ranges[index].count(seen)
        }
        done += next.count
        loader.recycle(next)
        progress(round * total + min(done, total), 2 * total)
      }
    }
    return ranges
  }
}
