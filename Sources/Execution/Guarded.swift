#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// State that many may read at once and one may change.
///
/// Inference contexts of one store run side by side; a training step, and whoever sets a value, is alone.
final class Guarded<State>: @unchecked Sendable {
  // @unchecked: the state is reached through the lock only.
  private let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)
  private var state: State

  init(_ state: State) {
    self.state = state
    #if canImport(Glibc)
      // Readers that overlap without end would else keep a writer out for ever. Nobody reads inside a read.
      var attributes = pthread_rwlockattr_t()
      pthread_rwlockattr_init(&attributes)
      pthread_rwlockattr_setkind_np(&attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
      pthread_rwlock_init(lock, &attributes)
      pthread_rwlockattr_destroy(&attributes)
    #else
      pthread_rwlock_init(lock, nil)
    #endif
  }

  deinit {
    pthread_rwlock_destroy(lock)
    lock.deallocate()
  }

  @inline(__always)
  func read<R, E: Error>(_ body: (State) throws(E) -> R) throws(E) -> R {
    pthread_rwlock_rdlock(lock)
    defer { pthread_rwlock_unlock(lock) }
    return try body(state)
  }

  @inline(__always)
  func write<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
    pthread_rwlock_wrlock(lock)
    defer { pthread_rwlock_unlock(lock) }
    return try body(&state)
  }
}
