import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Work on threads of our own.
enum Parallel {
  /// Threads that are worth while where files are decoded: one for each processor, at most 16.
  static var usualThreads: Int { max(1, min(16, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

  /// Calls `body` once for each of 0 ..< `count`, on `threads` threads, in no order; returns when all is done.
  /// - Throws: `DataError.thread` when the system gives no thread at all.
  static func forEach(
    _ count: Int, threads: Int?, _ body: @escaping @Sendable (Int) -> Void
  ) throws(DataError) {
    // A few at a time, so that the counter is no bottleneck.
    let piece = 16
    let number = min(threads ?? usualThreads, (count + piece - 1) / piece)
    guard number > 1 else {
      for index in 0..<count { body(index) }
      return
    }
    let next = Shared()
    func work() {
      while true {
        let start = next.value.wrappingAdd(piece, ordering: .relaxed).oldValue
        guard start < count else { return }
        for index in start..<min(start + piece, count) { body(index) }
      }
    }
    var workers: [LoaderThread] = []
    for _ in 1..<number {
      // With fewer threads than wished for it only takes longer.
      guard let worker = try? LoaderThread({ work() }) else { break }
      workers.append(worker)
    }
    work()
    for worker in workers { worker.join() }
  }

  private final class Shared: Sendable {
    let value = Atomic<Int>(0)
  }
}
