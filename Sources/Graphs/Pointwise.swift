import FoveaTensors

/// What the operators share that work number by number.
enum Pointwise {
  /// The shape rule of a function of one tensor.
  static func infer(_ query: inout ShapeQuery) -> [TensorType] {
    if query.op is any WholeOperator.Type { query.requireNumbers() } else { query.requireFloat() }
    return [TensorType(query.dtype(0), query.shape(0))]
  }

  /// The shape rule of a gradient (dY, Y): all of one shape.
  static func inferBackward(_ query: inout ShapeQuery) -> [TensorType] {
    query.requireFloat()
    query.requireShape(query.shape(1), ofInput: 0, mend: "give the gradient of this very output")
    return [TensorType(query.dtype(0), query.shape(1).dims == nil ? query.shape(0) : query.shape(1))]
  }

  /// The operand that a gradient is written in.
  enum Side { case input, output }

  /// The gradient rule of a function of one tensor: `backward` reads dY and one side of the function. The output
  /// is better where it says enough: a fused forward then keeps nothing more.
  static func gradient(
    _ builder: inout GradientBuilder, _ backward: any Operator.Type, writtenIn side: Side = .output
  ) -> [Value?] {
    guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
    return builder.add(backward, [g, side == .output ? builder.outputs[0] : builder.input(0)], builder.attributes)
  }

  /// The gradient rule of a gradient that is linear in dY and, almost everywhere, constant in the other operand.
  static func gradientOfLinear(_ builder: inout GradientBuilder, _ backward: any Operator.Type) -> [Value?] {
    guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
    return builder.add(backward, [g, builder.input(1)], builder.attributes)
  }

  /// The loop of a function of one tensor.
  ///
  /// The function does not escape, so that it is inlined and the loop vectorized; as a stored closure it would be
  /// called for each number, thirty times slower.
  @inline(__always)
  static func map<T>(_ buffers: Buffers, _ count: Int, _ function: (T) -> T) {
    let x = buffers.input(0, as: T.self)
    let y = buffers.output(0, as: T.self)
    for index in 0..<count { y[index] = function(x[index]) }
  }

  /// The loop of a gradient: `function` of dY and the operand that the gradient is written in.
  @inline(__always)
  static func mapBackward<T: ReferenceScalar>(_ buffers: Buffers, _ count: Int, _ function: (T, T) -> T) {
    let dy = buffers.input(0, as: T.self)
    let at = buffers.input(1, as: T.self)
    let dx = buffers.output(0, as: T.self)
    for index in 0..<count { dx[index] = function(dy[index], at[index]) }
  }

  /// 1/(1 + e⁻ˣ), by e to a power that is not positive, so that nothing overflows.
  @inline(__always)
  static func logistic<T: ReferenceScalar>(_ x: T) -> T {
    let power = T.exponential(-abs(x))
    return (x >= 0 ? 1 : power) / (1 + power)
  }

  /// x between two bounds; NaN stays NaN.
  @inline(__always)
  static func between<T: ReferenceScalar>(_ low: T, _ high: T, _ x: T) -> T { x < low ? low : x > high ? high : x }

  /// The shape rule of arithmetic on two tensors that broadcast.
  static func inferPair(_ query: inout ShapeQuery) -> [TensorType] {
    for index in 0...1 { query.requireNumbers(index) }
    Comparison.requireOneType(&query, 0, 1)
    return [TensorType(query.dtype(0), Broadcast.shape(&query))]
  }
}

/// What the losses share that compare number by number.
enum ElementLoss {
  /// The shape rule: both of one shape, the loss a single number.
  static func infer(_ query: inout ShapeQuery) -> [TensorType] {
    query.requireFloat(0)
    query.requireFloat(1)
    query.requireShape(query.shape(0), ofInput: 1, mend: "give one target for each number of \(query.shape(0))")
    checkReduction(&query)
    return [TensorType(query.dtype(0), Shape.scalar)]
  }

  /// The shape rule of a gradient (dLoss, X, target): like X.
  static func inferBackward(_ query: inout ShapeQuery) -> [TensorType] {
    query.requireShape(PartialShape(.scalar), ofInput: 0, mend: "give the gradient of the loss, a single number")
    query.requireShape(query.shape(1), ofInput: 2, mend: "give one target for each number of \(query.shape(1))")
    checkReduction(&query)
    return [TensorType(query.dtype(0), query.shape(1))]
  }

  private static func checkReduction(_ query: inout ShapeQuery) {
    let reduction = query.attributes.string("reduction", default: "mean")
    if !["mean", "sum"].contains(reduction) {
      query.reject("reduction \"\(reduction)\"", mend: "use \"mean\" or \"sum\"")
    }
  }

  /// 1 / number of elements for the mean, 1 for the sum.
  static func factor(_ site: NodeSite, count: Int) -> Double {
    site.attributes.string("reduction", default: "mean") == "sum" ? 1 : 1 / Double(max(count, 1))
  }

  /// The sum of `term(index)`, in parts of a thousand: one long sum in single precision would lose digits.
  @inline(__always)
  static func sum<T: ReferenceScalar>(_ count: Int, _ term: (Int) -> T) -> T {
    var total: T = 0
    var start = 0
    while start < count {
      let end = min(start + 1024, count)
      var part: T = 0
      for index in start..<end { part += term(index) }
      total += part
      start = end
    }
    return total
  }
}
