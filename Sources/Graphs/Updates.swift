import FoveaTensors

/// What the optimizers' steps share.
enum UpdateRule {
  /// Weights, gradient and moments of one shape and type; scalars for the rest; an epsilon that keeps 0/0 away,
  /// since padding in a backend's layout is stepped over like weights.
  static func check(_ query: inout ShapeQuery, moments: ClosedRange<Int>, scalars: ClosedRange<Int>) {
    let w = query.shape(0)
    query.requireFloat()
    query.requireShape(w, ofInput: 1, mend: "give the gradient of this very parameter")
    query.require(query.dtype(0), ofInput: 1, mend: "give it in the type of the weights")
    for index in moments {
      query.requireShape(w, ofInput: index, mend: "give the moment of this very parameter")
      query.require(query.dtype(0), ofInput: index, mend: "give it in the type of the weights")
    }
    for index in scalars {
      query.requireShape(PartialShape(.scalar), ofInput: index, mend: "give a single number")
      query.require(query.dtype(0), ofInput: index, mend: "give it in the type of the weights")
    }
    let epsilon = query.attributes.float("epsilon", default: 1e-8)
    if !(epsilon > 0 && epsilon.isFinite) { query.reject("an epsilon of \(epsilon)", mend: "give one above 0") }
  }
}

/// The arithmetic of Adam, with weight decay inside or outside the gradient.
struct AdamMath: Sendable {
  private let count: Int
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let decay: Double
  private let movesBeta: Bool

  init(_ site: NodeSite) {
    count = site.outputShape().count
    beta1 = site.attributes.float("beta1", default: 0.9)
    beta2 = site.attributes.float("beta2", default: 0.999)
    epsilon = site.attributes.float("epsilon", default: 1e-8)
    decay = AdamMath.decay(site)
    movesBeta = site.has(6)
  }

  private static func decay(_ site: NodeSite) -> Double {
    site.attributes.float("weight_decay", default: site.node.op == Op.AdamWUpdate.name ? 0.01 : 0)
  }

  static func infer(_ query: inout ShapeQuery) -> [TensorType] {
    UpdateRule.check(&query, moments: 2...3, scalars: 4...4)
    query.require(.i64, ofInput: 5, mend: "give the step number as i64")
    query.require(query.dtype(0), ofInput: 6, mend: "give it in the type of the weights")
    for index in 5...6 { query.requireShape(PartialShape(.scalar), ofInput: index, mend: "give a single number") }
    for (name, value) in [("beta1", 0.9), ("beta2", 0.999)] {
      let beta = query.attributes.float(name, default: value)
      if !(beta >= 0 && beta < 1) { query.reject("a \(name) of \(beta)", mend: "give one of at least 0 and below 1") }
    }
    return [TensorType](repeating: TensorType(query.dtype(0), query.shape(0)), count: 3)
  }

  @inline(__always)
  func step<T: ReferenceScalar>(_ buffers: Buffers, _ type: T.Type, decoupled: Bool) {
    let w = buffers.input(0, as: T.self)
    let dw = buffers.input(1, as: T.self)
    let m = buffers.input(2, as: T.self)
    let v = buffers.input(3, as: T.self)
    let rate = Double(buffers.input(4, as: T.self)[0])
    let time = Double(buffers.input(5, as: Int64.self)[0]) + 1
    let first = movesBeta ? Double(buffers.input(6, as: T.self)[0]) : beta1
    // The corrections in double precision: 1 − 0.999 would lose half its digits in single.
    let size = T(rate / (1 - Double.power(first, time)))
    let root = T((1 - Double.power(beta2, time)).squareRoot())
    let (keep1, add1) = (T(first), T(1 - first))
    let (keep2, add2) = (T(beta2), T(1 - beta2))
    let shrink = decoupled ? T(1 - rate * decay) : 1
    let pull = decoupled ? 0 : T(decay)
    let small = T(epsilon)
    let result = buffers.output(0, as: T.self)
    let mean = buffers.output(1, as: T.self)
    let square = buffers.output(2, as: T.self)
    for index in 0..<count {
      let g = dw[index] + pull * w[index]
      let nextMean = keep1 * m[index] + add1 * g
      let nextSquare = keep2 * v[index] + add2 * g * g
      mean[index] = nextMean
      square[index] = nextSquare
      result[index] = w[index] * shrink - size * nextMean / (nextSquare.squareRoot() / root + small)
    }
  }

  static func words(_ site: NodeSite) -> String {
    let decay = decay(site)
    return
      "Moves \(site.outputShape().count) weights against the mean of their gradients, each divided by the root of its mean "
      + "square" + (decay == 0 ? "." : ", and toward 0 by weight decay \(decay).")
  }
}
