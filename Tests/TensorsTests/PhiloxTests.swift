import FoveaTensors
import Testing

@Suite struct PhiloxTests {
  /// Random123's own known answers (kat_vectors, philox4x32 10).
  @Test func knownAnswers() {
    let ones = UInt32.max
    #expect(
      Philox.block(counter: .zero, key: .zero) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.block(counter: SIMD4(ones, ones, ones, ones), key: SIMD2(ones, ones))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.block(
        counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func streamsOfOtherNamesDiffer() {
    let keys = [
      RandomStream(seed: 0, purpose: "init"), RandomStream(seed: 1, purpose: "init"),
      RandomStream(seed: 0, purpose: "shuffle"), RandomStream(seed: 0, purpose: "init", path: "conv1"),
      RandomStream(seed: 0, purpose: "initconv1"),
    ].map(\.key)
    #expect(Set(keys).count == keys.count)
  }

  @Test func permutationHoldsEachNumberOnce() {
    let stream = RandomStream(seed: 3, purpose: "shuffle")
    let order = stream.permutation(of: 1000, step: 5)
    #expect(order.sorted() == Array(0..<1000))
    #expect(order == stream.permutation(of: 1000, step: 5))
    #expect(order != stream.permutation(of: 1000, step: 6))
    #expect(stream.permutation(of: 0) == [])
    #expect(stream.permutation(of: 1) == [0])
  }

  /// Each of the 24 orders of four comes about as often: χ² with 23 degrees of freedom stays below
  /// 49.7 in 99.9 % of all seeds.
  @Test func permutationsAreEven() {
    var counts: [[Int]: Int] = [:]
    for step in 0..<24_000 {
      counts[RandomStream(seed: 1, purpose: "split").permutation(of: 4, step: UInt64(step)), default: 0] += 1
    }
    let chi = counts.values.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
    #expect(counts.count == 24)
    #expect(chi < 49.7)
  }

  @Test func normalNumbersHaveMeanZeroAndDeviationOne() {
    let stream = RandomStream(seed: 11, purpose: "init", path: "w")
    let values = (0..<100_000).map { stream.normal(index: $0) }
    let mean = values.reduce(0, +) / 100_000
    let square = values.reduce(0) { $0 + $1 * $1 } / 100_000
    #expect(abs(mean) < 0.013)
    #expect(abs(square - 1) < 0.019)
    #expect(!values.contains { !$0.isFinite })
  }
}
