import FoveaGraphs
import FoveaTensors
import Testing

/// Whole numbers of 8 bits and back.
struct QuantizationTests {
  @Test func byHand() throws {
    // Halves go to even numbers; what does not fit stops at the ends.
    let x = floats([0, 0.5, 1.5, 2.5, -0.5, 300, -7, .nan], [8])
    let one = floats([1], .scalar)
    let unsigned = try apply(Op.QuantizeLinear.self, [x, one])[0]
    #expect(unsigned.dtype == .u8 && unsigned.numbers == [0, 0, 2, 2, 0, 255, 0, 0])
    let zero = Tensor(scalar: Int8(-3))
    let signed = try apply(Op.QuantizeLinear.self, [x, floats([0.5], .scalar), zero])[0]
    #expect(signed.dtype == .i8 && signed.numbers == [-3, -2, 0, 2, -4, 127, -17, -3])
    let again = try apply(Op.DequantizeLinear.self, [signed, floats([0.5], .scalar), zero])[0]
    #expect(again.dtype == .f32 && again.numbers == [0, 0.5, 1.5, 2.5, -0.5, 65, -7, 0])
    // Sums in i32, a scale for each place of axis 0.
    let sums = try Tensor([Int32(100_000), -4, 7, 9], shape: [2, 2])
    let made = try apply(Op.DequantizeLinear.self, [sums, floats([0.25, 2], [2])], ["axis": .int(-2)])[0]
    #expect(made.numbers == [25_000, -1, 14, 18])
  }

  /// Against the definition in `Double`, over axes, types and zero points.
  @Test(arguments: UInt64(1)...32)
  func agreesWithTheDefinition(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let rank = draws.int(1...4)
    let shape = (0..<rank).map { _ in draws.int(1...5) }
    let axis = draws.int(0...(rank - 1))
    let isPerAxis = draws.int(0...1) == 1
    let isSigned = draws.int(0...1) == 1
    let count = isPerAxis ? shape[axis] : 1
    let scale = (0..<count).map { _ in 0.01 + draws.uniform() }
    let zero = (0..<count).map { _ in isSigned ? draws.int(-20...20) : draws.int(0...40) }
    let scaleShape: Shape = isPerAxis ? [count] : .scalar
    let zeros =
      isSigned
      ? try Tensor(zero.map { Int8($0) }, shape: scaleShape) : try Tensor(zero.map { UInt8($0) }, shape: scaleShape)
    let x = draws.tensor(Shape(shape), scale: 100)
    let attributes: Attributes = ["axis": .int(draws.int(0...1) == 0 ? axis : axis - rank)]
    let whole = try apply(Op.QuantizeLinear.self, [x, doubles(scale, scaleShape), zeros], attributes)[0]
    let again = try apply(Op.DequantizeLinear.self, [whole, doubles(scale, scaleShape), zeros], attributes)[0]
    #expect(again.dtype == .f64)
    for (index, at) in indices(of: shape).enumerated() {
      let place = isPerAxis ? at[axis] : 0
      let rounded = (x.numbers[index] / scale[place]).rounded(.toNearestOrEven) + Double(zero[place])
      let kept = min(max(rounded, isSigned ? -128 : 0), isSigned ? 127 : 255)
      #expect(whole.numbers[index] == kept, "seed \(seed)")
      #expect(abs(again.numbers[index] - (kept - Double(zero[place])) * scale[place]) < 1e-12, "seed \(seed)")
    }
  }

  @Test func mistakesAreSaid() {
    func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> String {
      infer(op, operands, attributes).mistakes.map { "\($0.problem); \($0.mend)" }.joined(separator: "\n")
    }
    let quantize = Op.QuantizeLinear.self
    #expect(said(quantize, [f32(2, 3), f32(2, 3)]).contains("give one number, or one for each place of an axis"))
    #expect(said(quantize, [f32(2, 3), f32(2)]).contains("give one scale for each place of axis 1"))
    #expect(said(quantize, [f32(2, 3), f32(2)], ["axis": .int(0)]).isEmpty)
    #expect(said(quantize, [f32(2, 3), f32(3), i32(3)]).contains("give i8 or u8"))
    #expect(
      said(quantize, [f32(2, 3), f32(3), TensorType(.i8, [2] as Shape)]).contains("as many zero points as scales"))
    #expect(said(Op.DequantizeLinear.self, [f32(2, 3), f32()]).contains("give i8, u8 or i32"))
    let bytes = TensorType(.u8, [2, 3] as Shape)
    #expect(said(Op.DequantizeLinear.self, [bytes, f32(), TensorType(.i8, Shape.scalar)]).contains("give one type"))
  }
}
