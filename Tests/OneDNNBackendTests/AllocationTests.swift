import CAllocationCounter
import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

@Suite(.serialized) struct AllocationTests {
  @Test(.enabled(if: allocation_count() >= 0, "the counter needs glibc"))
  func aTrainingStepAllocatesNothingOfOurs() throws {
    let step = SmallStep()
    let prepared = try step.request(.training, batch: 8).prepare(step.graph)
    let store = Store()
    try store.initialize(prepared, seed: 1)
    let backends: [any Backend] = OneDNNBackend().map { [$0] } ?? []
    // One thread: the shim marks the calling thread while the library runs, and its matrix products (the grouped
    // convolution) allocate in OpenMP's other threads too.
    let plan = try Plan(prepared, mode: .training, backends: backends, store: store, threads: 1)
    let context = try Context(plan, store: store)
    for (name, tensor) in try SmallStep.feeds(batch: 8, step: 0) where context.reads(name) {
      try context.feed(name, tensor)
    }
    for _ in 0..<10 { try context.run() }
    let before = allocation_count()
    for _ in 0..<100 { try context.run() }
    #expect(allocation_count() == before)
    // The counter does count.
    let kept = [Int](repeating: plan.lines.count, count: 1000)
    #expect(allocation_count() > before && kept.count == 1000)
  }
}
