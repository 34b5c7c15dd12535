import FoveaTensors

/// A comparison of two numbers.
protocol Relation: Operator {
  /// Whether it holds; false with NaN, except where the name says otherwise.
  static func holds<A: Comparable>(_ a: A, _ b: A) -> Bool
}

/// What the operators share that end in true or false.
enum Comparison {
  /// Why none of them has a gradient.
  static let noGradient = Differentiability.no(because: "true and false do not change with small steps")

  private static let types: [DType] = [.f64, .f32] + DType.whole

  /// The shape rule of a comparison: two tensors of one type that broadcast; bools only where they may be equal.
  static func infer(_ query: inout ShapeQuery, bools: Bool = false) -> [TensorType] {
    let allowed = types + (bools ? [.bool] : [])
    let unfit = [0, 1].filter { query.has($0) && !allowed.contains(query.dtype($0)) }
    for index in unfit {
      query.reject(
        "\(query.name(index)) has elements of type \(query.dtype(index).rawValue)",
        mend: "give one of \(allowed.map(\.rawValue).joined(separator: ", "))")
    }
    if unfit.isEmpty { requireOneType(&query, 0, 1) }
    return [TensorType(.bool, Broadcast.shape(&query))]
  }

  /// Reports two inputs of different element types.
  static func requireOneType(_ query: inout ShapeQuery, _ a: Int, _ b: Int) {
    // Floats of two types are reported for all operators.
    guard query.has(a), query.has(b), query.dtype(a) != query.dtype(b),
      !(query.dtype(a).isFloat && query.dtype(b).isFloat)
    else { return }
    query.reject(
      "\(query.name(a)) has elements of type \(query.dtype(a).rawValue), \(query.name(b)) of "
        + query.dtype(b).rawValue,
      mend: "convert both to one type")
  }

  /// The shape rule of logic: truths that broadcast.
  static func inferTruths(_ query: inout ShapeQuery) -> [TensorType] {
    for index in query.op.inputNames.indices { requireTruth(&query, index) }
    return [TensorType(.bool, query.op.inputNames.count == 1 ? query.shape(0) : Broadcast.shape(&query))]
  }

  /// Reports an input that is not true or false.
  static func requireTruth(_ query: inout ShapeQuery, _ index: Int) {
    query.require(.bool, ofInput: index, mend: "compare first, or convert it to bool")
  }

  /// The loop of a comparison, in the operands' own type.
  @inline(__always)
  static func kernel<R: Relation, T: ReferenceScalar>(
    _ relation: R.Type, _ site: NodeSite, _ type: T.Type
  ) -> ReferenceKernel {
    let broadcast = Broadcast(site)
    switch site.inputs[0]?.dtype {
    case .i64: return { loop(R.self, Int64.self, broadcast, $0) }
    case .i32: return { loop(R.self, Int32.self, broadcast, $0) }
    case .u8: return { loop(R.self, UInt8.self, broadcast, $0) }
    case .i8: return { loop(R.self, Int8.self, broadcast, $0) }
    case .bool:
      return { buffers in
        truths(broadcast, buffers) { a, b in R.holds(a ? 1 as UInt8 : 0, b ? 1 as UInt8 : 0) }
      }
    default: return { loop(R.self, T.self, broadcast, $0) }
    }
  }

  @inline(__always)
  private static func loop<R: Relation, A: Comparable>(
    _ relation: R.Type, _ type: A.Type, _ broadcast: Broadcast, _ buffers: Buffers
  ) {
    let a = buffers.input(0, as: A.self)
    let b = buffers.input(1, as: A.self)
    let y = buffers.output(0, as: UInt8.self)
    broadcast.forEach { yAt, aAt, bAt in y[yAt] = R.holds(a[aAt], b[bAt]) ? 1 : 0 }
  }

  /// The loop of two truths; any byte but 0 is true.
  @inline(__always)
  static func truths(_ broadcast: Broadcast, _ buffers: Buffers, _ function: (Bool, Bool) -> Bool) {
    let a = buffers.input(0, as: UInt8.self)
    let b = buffers.input(1, as: UInt8.self)
    let y = buffers.output(0, as: UInt8.self)
    broadcast.forEach { yAt, aAt, bAt in y[yAt] = function(a[aAt] != 0, b[bAt] != 0) ? 1 : 0 }
  }

  static func words(_ site: NodeSite, _ what: String) -> String {
    "Says for each of \(site.outputShape().count) pairs of \(site.inputShape(0)) and \(site.inputShape(1)) whether \(what)."
  }
}
