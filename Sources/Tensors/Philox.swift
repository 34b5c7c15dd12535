#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy
/// as 1, 2, 3" (2011).
///
/// A draw depends only on the key and the counter, never on the order of draws, so that layout,
/// threads and ranks do not change a run.
public enum Philox {
  /// Four random words for one counter under one key.
  @inlinable
  public static func block(
    counter: SIMD4<UInt32>, key: SIMD2<UInt32>
  ) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let low = UInt64(c[0]) &* 0xD251_1F53
      let high = UInt64(c[2]) &* 0xCD9E_8D57
      c = SIMD4(
        UInt32(truncatingIfNeeded: high >> 32) ^ c[1] ^ k[0],
        UInt32(truncatingIfNeeded: high),
        UInt32(truncatingIfNeeded: low >> 32) ^ c[3] ^ k[1],
        UInt32(truncatingIfNeeded: low))
      k[0] = k[0] &+ 0x9E37_79B9
      k[1] = k[1] &+ 0xBB67_AE85
    }
    return c
  }
}

/// A stream of random numbers named by a seed, a purpose and a path.
///
/// The key is a hash of the three; the counter is (step, logical index). Two layers, or dropout and
/// initialization of one layer, never share numbers.
///
/// ```swift
/// let stream = RandomStream(seed: 0, purpose: "init", path: "conv1.weight")
/// stream.uniform(step: 0, index: 7)   // always the same number in [0, 1)
/// ```
public struct RandomStream: Sendable {
  public let key: SIMD2<UInt32>

  public init(seed: UInt64, purpose: String, path: String = "") {
    // FNV-1a over the seed's bytes, the purpose and the path, with a separator that no text contains.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: seed >> UInt64(shift))) }
    for byte in purpose.utf8 { mix(byte) }
    mix(0xff)
    for byte in path.utf8 { mix(byte) }
    // FNV mixes its last bytes poorly into the high half: finish as SplitMix64 does.
    hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
    hash ^= hash >> 31
    key = SIMD2(UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32))
  }

  /// The stream of a raw key, as a graph carries it.
  public init(key: SIMD2<UInt32>) { self.key = key }

  /// Four words for (step, block); block `b` serves the logical indices 4b … 4b+3.
  @inlinable
  public func words(step: UInt64, block: UInt64) -> SIMD4<UInt32> {
    Philox.block(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
        UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: step >> 32)),
      key: key)
  }

  /// The word of one logical index.
  @inlinable
  public func word(step: UInt64 = 0, index: Int) -> UInt32 {
    words(step: step, block: UInt64(index) >> 2)[index & 3]
  }

  /// A number in [0, 1) with 24 random bits.
  @inlinable
  public func uniform(step: UInt64 = 0, index: Int) -> Float { Float(word(step: step, index: index) >> 8) * 0x1p-24 }

  /// A standard normal number (Box–Muller; indices 2i and 2i+1 share one pair of words).
  public func normal(step: UInt64 = 0, index: Int) -> Double {
    let four = words(step: step, block: UInt64(index) >> 1)
    let radius = sqrt(-2 * log((Double(four[0]) + 1) * 0x1p-32))
    let angle = 2 * Double.pi * (Double(four[1]) + Double(four[2]) * 0x1p-32) * 0x1p-32
    return index & 1 == 0 ? radius * cos(angle) : radius * sin(angle)
  }

  /// The numbers 0 ..< `count` in random order (Fisher–Yates); the same for the same step.
  public func permutation(of count: Int, step: UInt64 = 0) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order, step: step)
    return order
  }

  /// Shuffles in place (Fisher–Yates).
  public func shuffle(_ order: inout [Int], step: UInt64 = 0) {
    var index = order.count - 1
    while index > 0 {
      // 32 × 32 bits to a range: the bias is below 2^-32 × count.
      let pick = Int((UInt64(word(step: step, index: index)) &* UInt64(index + 1)) >> 32)
      order.swapAt(index, pick)
      index -= 1
    }
  }
}
