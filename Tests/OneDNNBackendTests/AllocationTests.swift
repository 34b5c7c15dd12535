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
    // Other tests run in other threads; the smallest count over several tries is this thread's own.
    var least = Int.max
    for _ in 0..<20 where least > 0 {
      let before = allocation_count()
      for _ in 0..<100 { try context.run() }
      least = min(least, allocation_count() - before)
    }
    #expect(least == 0)
    // The counter does count.
    let before = allocation_count()
    let kept = [Int](repeating: 1, count: 1000 + least)
    #expect(allocation_count() > before && kept.count == 1000)
  }
}
