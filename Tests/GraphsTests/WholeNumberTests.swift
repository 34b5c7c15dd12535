import FoveaGraphs
import FoveaTensors
import Testing

/// Arithmetic on whole numbers: in the operands' own type, wrapping as two's complement, every case defined.
@Suite struct WholeNumberTests {
  /// Numbers of a type, cut off as two's complement.
  private func whole(_ values: [Int64], _ dtype: DType, _ shape: Shape? = nil) throws -> Tensor {
    let shape = shape ?? [values.count]
    switch dtype {
    case .i64: return try Tensor(values, shape: shape)
    case .i32: return try Tensor(values.map { Int32(truncatingIfNeeded: $0) }, shape: shape)
    case .i8: return try Tensor(values.map { Int8(truncatingIfNeeded: $0) }, shape: shape)
    default: return try Tensor(values.map { UInt8(truncatingIfNeeded: $0) }, shape: shape)
    }
  }

  private func numbers(_ tensor: Tensor) -> [Int64] { tensor.array(of: Int64.self) }

  /// What a number is in a type.
  private func wrapped(_ value: Int64, _ dtype: DType) -> Int64 {
    switch dtype {
    case .i64: value
    case .i32: Int64(Int32(truncatingIfNeeded: value))
    case .i8: Int64(Int8(truncatingIfNeeded: value))
    default: Int64(UInt8(truncatingIfNeeded: value))
    }
  }

  private static let types: [DType] = [.i64, .i32, .i8, .u8]

  /// One operand turned around, small ones and the ends of the type.
  @Test(arguments: types) func pairs(dtype: DType) throws {
    var draws = Draws(seed: 11)
    let ends: [Int64] = [0, 1, -1, .min, .max, 1 << 31, -1 << 31, 127, -128, 255]
    let a =
      ends.flatMap { a in ends.map { _ in wrapped(a, dtype) } }
      + (0..<60).map { _ in wrapped(Int64(draws.int(-300...300)), dtype) }
    let b =
      ends.flatMap { _ in ends.map { wrapped($0, dtype) } }
      + (0..<60).map { _ in wrapped(Int64(draws.int(-9...9)), dtype) }
    func quotient(_ a: Int64, _ b: Int64) -> Int64 { b == 0 ? 0 : b == -1 ? 0 &- a : a / b }
    func rest(_ a: Int64, _ b: Int64) -> Int64 {
      guard b != 0, b != -1 else { return 0 }
      return a % b != 0 && (a % b < 0) != (b < 0) ? a % b + b : a % b
    }
    let plain: [(op: any Operator.Type, answer: (Int64, Int64) -> Int64)] = [
      (Op.Add.self, { $0 &+ $1 }), (Op.Sub.self, { $0 &- $1 }), (Op.Mul.self, { $0 &* $1 }), (Op.Div.self, quotient),
      (Op.Mod.self, rest), (Op.Max.self, { Swift.max($0, $1) }), (Op.Min.self, { Swift.min($0, $1) }),
    ]
    for (op, answer) in plain {
      let found = try apply(op, [try whole(a, dtype), try whole(b, dtype)])[0]
      #expect(found.dtype == dtype)
      #expect(numbers(found) == zip(a, b).map { wrapped(answer($0, $1), dtype) }, "\(op.name) in \(dtype)")
    }
    let relations: [(op: any Operator.Type, answer: (Int64, Int64) -> Bool)] = [
      (Op.Equal.self, { $0 == $1 }), (Op.Less.self, { $0 < $1 }), (Op.GreaterOrEqual.self, { $0 >= $1 }),
    ]
    for (op, answer) in relations {
      let found = try apply(op, [try whole(a, dtype), try whole(b, dtype)])[0]
      #expect(found.dtype == .bool)
      #expect(found.array(of: UInt8.self) == zip(a, b).map { answer($0, $1) ? 1 : 0 }, "\(op.name) in \(dtype)")
    }
    let single: [(op: any Operator.Type, answer: (Int64) -> Int64)] = [
      (Op.Neg.self, { 0 &- $0 }), (Op.Abs.self, { $0 < 0 ? 0 &- $0 : $0 }), (Op.Sign.self, { $0.signum() }),
      (Op.Relu.self, { Swift.max($0, 0) }),
    ]
    for (op, answer) in single {
      #expect(
        numbers(try apply(op, [try whole(a, dtype)])[0]) == a.map { wrapped(answer($0), dtype) },
        "\(op.name) in \(dtype)")
    }
    let clipped = try apply(Op.Clip.self, [try whole(a, dtype)], ["min": .float(-7.5), "max": .float(100)])[0]
    #expect(numbers(clipped) == a.map { Swift.min(Swift.max($0, dtype == .u8 ? 0 : -7), 100) })
  }

  @Test func powers() throws {
    let (bases, exponents) = (
      [2, -3, 7, 0, -1, 1, 5, 0, 2, -1] as [Int64], [10, 3, 0, 5, -3, -7, -1, -1, 31, -2] as [Int64]
    )
    let answers: [Int64] = [1024, -27, 1, 0, -1, 1, 0, 0, -2_147_483_648, 1]
    let found = try apply(Op.Pow.self, [try whole(bases, .i32), try whole(exponents, .i64)])[0]
    #expect(found.dtype == .i32 && numbers(found) == answers)
    // A float with a whole exponent, and the other way round: the base's type stays.
    let mixed = try apply(Op.Pow.self, [floats([1.5, -2, 4], [3]), try whole([2, 3, -1], .i64)])[0]
    #expect(mixed.dtype == .f32 && mixed.numbers == [2.25, -8, 0.25])
    let cut = try apply(Op.Pow.self, [try whole([2, 3, 2], .i64), floats([0.5, 2, -1], [3])])[0]
    #expect(cut.dtype == .i64 && numbers(cut) == [1, 9, 0])
    var draws = Draws(seed: 5)
    try checkGradient(Op.Pow.self, [draws.tensor([3, 2], scale: 0.5, offset: 1.5), try whole([2, 3], .i64)])
  }

  @Test(arguments: types) func reductions(dtype: DType) throws {
    let x = try whole([100, 100, 3, 7, 0, 9, 5, 5, 5, 120, 8, 1], dtype, [2, 3, 2])
    let last: Attributes = ["axes": .ints([2]), "keepdims": .int(0)]
    func rows(_ op: any Operator.Type) throws -> [Int64] { numbers(try apply(op, [x], last)[0]) }
    #expect(try rows(Op.ReduceSum.self) == [200, 10, 9, 10, 125, 9].map { wrapped($0, dtype) })
    #expect(try rows(Op.ReduceMean.self) == [100, 5, 4, 5, 62, 4])
    #expect(try rows(Op.ReduceMax.self) == [100, 7, 9, 5, 120, 8])
    #expect(try rows(Op.ReduceMin.self) == [100, 3, 0, 5, 5, 1])
    #expect(try rows(Op.ReduceProd.self) == [10000, 21, 0, 25, 600, 8].map { wrapped($0, dtype) })
    let axis: Attributes = ["axis": .int(1)]
    #expect(
      numbers(try apply(Op.CumSum.self, [x], axis)[0])
        == [100, 100, 103, 107, 103, 116, 5, 5, 10, 125, 18, 126].map { wrapped($0, dtype) })
    #expect(numbers(try apply(Op.ArgMax.self, [x], axis)[0]) == [0, 0, 2, 1])
    #expect(
      numbers(try apply(Op.ArgMin.self, [x], ["axis": .int(2), "select_last_index": .int(1)])[0]) == [1, 0, 0, 1, 0, 1])
    let best = try apply(Op.TopK.self, [x], ["k": .int(2), "axis": .int(1)])
    #expect(numbers(best[0]) == [100, 100, 3, 9, 8, 120, 5, 5] && numbers(best[1]) == [0, 0, 1, 2, 2, 1, 0, 0])
  }

  @Test func truthsAreTheirLargestAndLeast() throws {
    let x = Tensor([true, false, false, true, true, true])
    let shaped = try x.reshaped(to: [2, 3])
    let last: Attributes = ["axes": .ints([1]), "keepdims": .int(0)]
    #expect(try apply(Op.ReduceMax.self, [shaped], last)[0].array(of: UInt8.self) == [1, 1])
    #expect(try apply(Op.ReduceMin.self, [shaped], last)[0].array(of: UInt8.self) == [0, 1])
    #expect(infer(Op.ReduceSum.self, [TensorType(.bool, [2, 3] as Shape)]).mistakes.count == 1)
    #expect(infer(Op.Add.self, [TensorType(.bool, [2] as Shape), TensorType(.bool, [2] as Shape)]).mistakes.count >= 1)
    #expect(infer(Op.Add.self, [TensorType(.i64, [2] as Shape), TensorType(.i32, [2] as Shape)]).mistakes.count == 1)
  }

  @Test(arguments: types) func productsAndMoves(dtype: DType) throws {
    let (a, b) = (try whole([1, 2, 3, 100, 5, 6], dtype, [2, 3]), try whole([1, 0, 2, 1, 0, 3], dtype, [3, 2]))
    #expect(numbers(try apply(Op.MatMul.self, [a, b])[0]) == [5, 11, 110, 23].map { wrapped($0, dtype) })
    #expect(
      numbers(try apply(Op.Pad.self, [a], ["pads": .ints([0, 1, 0, 0]), "value": .float(9)])[0]) == [
        9, 1, 2, 3, 9, 100, 5, 6,
      ])
    #expect(
      numbers(try apply(Op.Expand.self, [try whole([4, 7], dtype, [2, 1])], ["shape": .ints([2, 2])])[0]) == [
        4, 4, 7, 7,
      ])
    let pooled = try apply(
      Op.MaxPool.self, [try whole([3, 1, 4, 1, 5], dtype, [1, 1, 5])], ["kernel_shape": .ints([2])])
    #expect(numbers(pooled[0]) == [3, 4, 4, 5] && numbers(pooled[1]) == [0, 2, 2, 4])
    let scattered = try apply(
      Op.ScatterElements.self, [try whole([1, 1, 1], dtype), try whole([2, 2], .i64), try whole([5, 120], dtype)],
      ["reduction": .string("add")])[0]
    #expect(numbers(scattered) == [1, 1, wrapped(126, dtype)])
  }

  @Test func conversions() throws {
    func cast(_ x: Tensor, _ to: DType) throws -> Tensor {
      try apply(Op.Cast.self, [x], ["to": .string(to.rawValue)])[0]
    }
    // Whole numbers keep their lower bits, as ONNX says; floats are cut off and kept within the bounds.
    #expect(numbers(try cast(try whole([300, -1, 128, -129], .i32), .i8)) == [44, -1, -128, 127])
    #expect(numbers(try cast(try whole([300, -1, 256, 5], .i64), .u8)) == [44, 255, 0, 5])
    #expect(numbers(try cast(try whole([-5, 100, -128], .i8), .i64)) == [-5, 100, -128])
    #expect(
      numbers(try cast(floats([-1.9, 1.9, 1e9, -1e9, .nan, .infinity], [6]), .i8)) == [-1, 1, 127, -128, 0, 127])
    #expect(try cast(try whole([-5, 0, 7], .i8), .bool).array(of: UInt8.self) == [1, 0, 1])
    #expect(try cast(try whole([-5, 0, 7], .i8), .f32).numbers == [-5, 0, 7])
  }
}
