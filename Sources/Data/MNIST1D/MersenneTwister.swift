import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// NumPy's legacy generator (`numpy.random.RandomState`), as far as MNIST-1D draws from it: the Mersenne
/// twister MT19937 of Matsumoto and Nishimura (1998) and NumPy's ways to make numbers of its words.
///
/// Only the published generator of MNIST-1D needs it; all else in Fovea draws from `RandomStream`.
package struct MersenneTwister {
  private static let count = 624
  private var words: [UInt32]
  private var next = MersenneTwister.count
  /// The polar method makes two numbers at a time; the second waits here.
  private var spare: Double?

  /// As `numpy.random.seed` with one number.
  package init(seed: UInt32) {
    words = [seed]
    words.reserveCapacity(Self.count)
    for index in 1..<Self.count {
      let last = words[index - 1]
      words.append(1_812_433_253 &* (last ^ last >> 30) &+ UInt32(index))
    }
  }

  /// 32 random bits.
  package mutating func word() -> UInt32 {
    if next == Self.count { renew() }
    var word = words[next]
    next += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9d2c_5680
    word ^= word << 15 & 0xefc6_0000
    return word ^ word >> 18
  }

  private mutating func renew() {
    for index in 0..<Self.count {
      let mixed = words[index] & 0x8000_0000 | words[(index + 1) % Self.count] & 0x7fff_ffff
      words[index] = words[(index + 397) % Self.count] ^ mixed >> 1 ^ (mixed & 1 == 0 ? 0 : 0x9908_b0df)
    }
    next = 0
  }

  /// A number in [0, 1) with 53 random bits: `rand()`.
  package mutating func uniform() -> Double {
    let high = Double(word() >> 5)
    let low = Double(word() >> 6)
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }

  /// A standard normal number by Marsaglia's polar method: `randn()`.
  package mutating func normal() -> Double {
    if let spare {
      self.spare = nil
      return spare
    }
    while true {
      let x = 2 * uniform() - 1
      let y = 2 * uniform() - 1
      let square = x * x + y * y
      guard square < 1, square != 0 else { continue }
      let factor = sqrt(-2 * log(square) / square)
      spare = factor * x
      return factor * y
    }
  }

  /// A whole number in 0 … `most`: words cut to its bits until one is small enough, as `choice` and
  /// `permutation` draw.
  package mutating func integer(upTo most: Int) -> Int {
    guard most > 0 else { return 0 }
    let mask = UInt32.max >> UInt32(UInt32(most).leadingZeroBitCount)
    while true {
      let value = word() & mask
      if value <= UInt32(most) { return Int(value) }
    }
  }

  /// The numbers 0 ..< `count` in random order: `permutation(count)`.
  package mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for index in stride(from: count - 1, to: 0, by: -1) { order.swapAt(index, integer(upTo: index)) }
    return order
  }
}
