import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct TrigonometryTests {
  /// Each function, its inverse's domain, and a known value.
  private static let all:
    [(op: any Operator.Type, plain: @Sendable (Double) -> Double, range: ClosedRange<Double>, x: Double, y: Double)] = [
      (Op.Sin.self, { sin($0) }, -4...4, .pi / 6, 0.5), (Op.Cos.self, { cos($0) }, -4...4, .pi / 3, 0.5),
      (Op.Tan.self, { tan($0) }, -1.3...1.3, .pi / 4, 1), (Op.Asin.self, { asin($0) }, -0.9...0.9, 0.5, .pi / 6),
      (Op.Acos.self, { acos($0) }, -0.9...0.9, 0.5, .pi / 3), (Op.Atan.self, { atan($0) }, -4...4, 1, .pi / 4),
      (Op.Sinh.self, { (exp($0) - exp(-$0)) / 2 }, -2...2, log(2), 0.75),
      (Op.Cosh.self, { (exp($0) + exp(-$0)) / 2 }, -2...2, log(2), 1.25),
      (Op.Asinh.self, { log($0 + ($0 * $0 + 1).squareRoot()) }, -2...2, 0.75, log(2)),
      (Op.Acosh.self, { log($0 + ($0 * $0 - 1).squareRoot()) }, 1.2...4, 1.25, log(2)),
      (Op.Atanh.self, { log((1 + $0) / (1 - $0)) / 2 }, -0.9...0.9, 0.6, log(2)),
    ]

  @Test func knownValues() throws {
    for (op, _, _, x, y) in Self.all {
      let found = try apply(op, [doubles([x, .nan], [2])])[0].numbers
      #expect(abs(found[0] - y) < 1e-15, "\(op.name)")
      #expect(found[1].isNaN, "\(op.name)")
    }
    for (op, x) in [
      (Op.Asin.self as any Operator.Type, 1.5), (Op.Acos.self, -1.5), (Op.Acosh.self, 0.5), (Op.Atanh.self, 2),
    ] {
      #expect(try apply(op, [doubles([x], [1])])[0].numbers[0].isNaN, "\(op.name)")
    }
  }

  @Test(arguments: UInt64(1)...8) func agreesWithPlainFormulas(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let shape = Shape((0..<draws.int(0...4)).map { _ in draws.int(1...5) })
    for (op, plain, range, _, _) in Self.all {
      let (middle, half) = ((range.lowerBound + range.upperBound) / 2, (range.upperBound - range.lowerBound) / 2)
      let x = draws.tensor(shape, scale: half, offset: middle)
      for (dtype, tolerance) in [(DType.f64, 1e-14), (.f32, 2e-6)] {
        let own = x.converted(to: dtype)
        let found = try apply(op, [own])[0].numbers
        #expect(difference(found, own.numbers.map(plain), least: 1) < tolerance, "seed \(seed) \(op.name)")
      }
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 3)
    for (op, _, range, _, _) in Self.all {
      let (middle, half) = ((range.lowerBound + range.upperBound) / 2, (range.upperBound - range.lowerBound) / 2)
      try checkGradient(op, [draws.tensor([3, 2, 2], scale: half * 0.9, offset: middle)])
    }
  }
}
