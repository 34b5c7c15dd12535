import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Ctrl-C as a wish: the first asks the training to stop after its step, the second ends the program.
enum Interrupt {
  private static let signalled = Atomic<Int32>(0)

  /// Starts to listen to Ctrl-C and to a polite end from outside.
  static func listen() {
    // Touched here, so that the handler need not make it.
    signalled.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interrupt.signalled.store(number, ordering: .relaxed)
        // The next one kills.
        signal(number, SIG_DFL)
      }
    }
  }

  /// Ends listening: a signal kills again.
  static func endListening() { for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) } }

  /// The signal that came, 0 when none did.
  static var received: Int32 { signalled.load(ordering: .relaxed) }

  /// The exit status after Ctrl-C, as shells have it.
  static var status: Int32 { 128 + max(received, SIGINT) }
}
