/// Random numbers of a graph: SplitMix64 (Steele et al. 2014), so that a seed is one number that can be printed.
struct Dice {
  private var state: UInt64

  init(_ seed: UInt64) {
    // Mixed once, so that the next seed is not the same numbers one place on.
    state = seed
    state = next() ^ 0x1234_5678_9ABC_DEF1
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
  }

  /// From 0 to below 1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  mutating func chance(_ probability: Double) -> Bool { unit() < probability }

  mutating func pick<T>(_ list: [T]) -> T { list[int(0...list.count - 1)] }

  mutating func number(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

  mutating func shuffled<T>(_ list: [T]) -> [T] {
    var result = list
    for index in result.indices.reversed() where index > 0 { result.swapAt(index, int(0...index)) }
    return result
  }
}
