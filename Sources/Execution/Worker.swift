#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One thread of its own for an actor's jobs.
///
/// Plans never run on Swift's cooperative pool: OpenMP keeps a pool of threads per calling thread, and
/// a step blocks for milliseconds.
package final class OwnThread: SerialExecutor {
  private let queue = Queue()

  package init() { queue.start() }

  deinit { queue.end() }

  package func enqueue(_ job: consuming ExecutorJob) {
    queue.add(UnownedJob(job), for: UnownedSerialExecutor(ordinary: self))
  }

  /// Jobs in order. The thread holds the queue, not the executor, so that an executor nobody uses any
  /// more ends its thread; while a job exists, so does the actor it belongs to, and its executor.
  private final class Queue: @unchecked Sendable {
    // @unchecked: everything below is touched under the mutex only.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
    private var ended = false

    init() {
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(condition, nil)
    }

    deinit {
      pthread_mutex_destroy(mutex)
      pthread_cond_destroy(condition)
      mutex.deallocate()
      condition.deallocate()
    }

    func start() {
      let state = Unmanaged.passRetained(self).toOpaque()
      #if canImport(Glibc)
        var thread = pthread_t()
        pthread_create(&thread, nil, { Unmanaged<Queue>.fromOpaque($0!).takeRetainedValue().run() }, state)
        pthread_detach(thread)
      #else
        var thread: pthread_t?
        pthread_create(&thread, nil, { Unmanaged<Queue>.fromOpaque($0).takeRetainedValue().run() }, state)
        if let thread { pthread_detach(thread) }
      #endif
    }

    func add(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
      pthread_mutex_lock(mutex)
      jobs.append((job, executor))
      pthread_cond_signal(condition)
      pthread_mutex_unlock(mutex)
    }

    func end() {
      pthread_mutex_lock(mutex)
      ended = true
      pthread_cond_signal(condition)
      pthread_mutex_unlock(mutex)
    }

    private func run() -> UnsafeMutableRawPointer? {
      while true {
        pthread_mutex_lock(mutex)
        while jobs.isEmpty && !ended { pthread_cond_wait(condition, mutex) }
        guard !jobs.isEmpty else {
          pthread_mutex_unlock(mutex)
          return nil
        }
        let (job, executor) = jobs.removeFirst()
        pthread_mutex_unlock(mutex)
        job.runSynchronously(on: executor)
      }
    }
  }
}

/// An actor on a thread of its own, on which contexts are made and run.
public actor Worker {
  private let thread = OwnThread()

  public init() {}

  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Runs `body` on the worker's thread.
  public func perform<R: Sendable>(_ body: @Sendable () throws -> R) rethrows -> R { try body() }
}
