#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A mutex with one condition. POSIX's own, since waiting must block a thread of ours and not one of
/// the pools of Dispatch or Swift.
final class Monitor {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` alone.
  func locked<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Sleeps until `wakeAll`, letting others in; only inside `locked`. May wake for no reason.
  func wait() { pthread_cond_wait(condition, mutex) }

  /// Wakes whoever waits; only inside `locked`.
  func wakeAll() { pthread_cond_broadcast(condition) }
}

/// A thread that runs one closure.
final class LoaderThread {
  private var thread: pthread_t
  private var isJoined = false

  private final class Work {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// Starts `run` on a thread of its own.
  /// - Throws: `DataError.thread` when the system gives none.
  init(_ run: @escaping () -> Void) throws(DataError) {
    let work = Unmanaged.passRetained(Work(run))
    // Signals are for the main thread: Ctrl-C must not land here.
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    #if canImport(Glibc)
      var created = pthread_t()
      let status = pthread_create(
        &created, nil,
        { argument in
          if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, work.toOpaque())
    #else
      var created: pthread_t?
      let status = pthread_create(
        &created, nil,
        { argument in
          Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, work.toOpaque())
    #endif
    pthread_sigmask(SIG_SETMASK, &before, nil)
    #if canImport(Glibc)
      let made: pthread_t? = created
    #else
      let made = created
    #endif
    guard status == 0, let made else {
      work.release()
      throw .thread(reason: String(cString: strerror(status)))
    }
    thread = made
  }

  /// Waits for the end.
  func join() {
    guard !isJoined else { return }
    isJoined = true
    pthread_join(thread, nil)
  }

  deinit { if !isJoined { pthread_detach(thread) } }
}

/// Seconds of a clock that is never set back.
func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
