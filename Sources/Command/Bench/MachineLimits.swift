import CFoveaMachine
import Fovea
import Synchronization

/// What this machine can do at best on a number of threads, measured once in a run of the program.
struct MachineLimits: Sendable {
  let threads: Int
  /// The vector instructions of the f32 peak, e.g. `AVX-512`.
  let vectors: String
  /// 10⁹ operations a second in f32, two for each multiply-add.
  let gigaflops: Double
  /// The same for products of bf16; 0 where the processor has no instruction for them.
  let bf16Gigaflops: Double
  /// 10⁹ bytes a second from and to memory: the triad on arrays that no cache holds.
  let bandwidth: Double

  /// What the triad's three arrays take: several times the largest caches that two processors share.
  static let triadBytes = 192 << 20

  private static let known = Mutex<[Int: MachineLimits]>([:])

  /// The limits for so many threads. The first call for a number takes about half a second.
  static func measured(threads: Int) -> MachineLimits {
    known.withLock { known in
      if let found = known[threads] { return found }
      let count = Int32(min(max(threads, 1), 1024))
      // A machine with little memory is asked with less: what counts is that caches do not hold it.
      let bytes = min(triadBytes, Machine.memory / 8)
      let limits = MachineLimits(
        threads: threads, vectors: String(cString: fovea_machine_vectors()), gigaflops: fovea_machine_fma(count),
        bf16Gigaflops: fovea_machine_bf16(count), bandwidth: fovea_machine_triad(count, bytes))
      known[threads] = limits
      return limits
    }
  }

  /// The peak of a precision; that of f32 where the other has none.
  func peak(_ precision: String) -> Double {
    precision == "bf16" && bf16Gigaflops > 0 ? bf16Gigaflops : gigaflops
  }

  /// For JSON.
  var object: [String: Any] {
    [
      "threads": threads, "vectors": vectors, "fma_peak_gflops": gigaflops, "bf16_peak_gflops": bf16Gigaflops,
      "memory_gb_per_s": bandwidth, "cpu": Machine.processor, "processors": Device.processors,
    ]
  }

  /// For people.
  var text: String {
    "\(Machine.processor), \(threads == 1 ? "1 thread" : "\(threads) threads"): "
      + "\(Text.decimals(gigaflops, 0)) GFLOP/s f32 (\(vectors))"
      + (bf16Gigaflops > 0 ? ", \(Text.decimals(bf16Gigaflops, 0)) bf16" : "")
      + ", \(Text.decimals(bandwidth, 1)) GB/s"
  }
}

/// Where a piece of work stands under the roof of a machine: it can be no faster than its arithmetic at the peak, and no
/// faster than its bytes from memory (Williams et al. 2009).
struct Roofline: Sendable {
  /// What holds the work back.
  enum Bound: String, Sendable {
    /// Arithmetic.
    case compute
    /// Bytes from and to memory.
    case memory
    /// Faster than memory: its operands come from a cache.
    case cache
  }

  let seconds: Double
  /// Two for each multiply-add.
  let operations: Double
  let bytes: Double
  let bound: Bound
  /// Which part of what the bound allows is reached; of a cache, of which nothing was measured, it is above 1.
  let share: Double

  init(seconds: Double, operations: Double, bytes: Double, peak: Double, bandwidth: Double) {
    self.seconds = seconds
    self.operations = operations
    self.bytes = bytes
    let arithmetic = peak > 0 ? operations / (peak * 1e9) : 0
    let memory = bandwidth > 0 ? bytes / (bandwidth * 1e9) : 0
    let best = max(arithmetic, memory)
    share = seconds > 0 ? best / seconds : 0
    bound = arithmetic >= memory && arithmetic > 0 ? .compute : share > 1 ? .cache : .memory
  }

  var gigaflops: Double { seconds > 0 ? operations / seconds / 1e9 : 0 }
  var gigabytes: Double { seconds > 0 ? bytes / seconds / 1e9 : 0 }
}
