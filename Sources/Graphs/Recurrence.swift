import FoveaTensors

/// What LSTM, GRU and RNN share: the shapes, the ways through a sequence, the products.
///
/// X [T, N, I], W [D, G·H, I], R [D, G·H, H], B [D, 2·G·H], sequence_lens [N] (i32), initial states [D, N, H] →
/// Y [T, D, N, H], Y_h [D, N, H] and, of LSTM, Y_c [D, N, H]; D is 2 in both directions, G the number of gates. With
/// `layout` 1 the examples come first: X [N, T, I], Y [N, T, D, H], states [N, D, H]. Behind the end of a shorter
/// sequence Y is 0.
enum Recurrence {
  static let noGradient = Differentiability.no(
    because: "recurrent layers are for networks that others have trained; a gradient through time is not provided")

  static let directions = ["forward", "reverse", "bidirectional"]

  /// The shape rule; `states` is how many states go from step to step.
  static func infer(_ query: inout ShapeQuery, gates: Int, states: Int) -> [TensorType] {
    let attributes = query.attributes
    let direction = attributes.string("direction", default: "forward")
    if !directions.contains(direction) {
      query.reject("direction \"\(direction)\"", mend: "use one of \(directions.joined(separator: ", "))")
    }
    let ways = direction == "bidirectional" ? 2 : 1
    let known = RecurrentActivation.list(attributes, count: ways * gates)
    if known == nil {
      query.reject(
        "activations \(attributes["activations"].map(\.description) ?? "")",
        mend: "give those of each direction by ONNX's names, such as Sigmoid and Tanh")
    }
    let clip = attributes.float("clip", default: .infinity)
    if !(clip > 0) { query.reject("a clip of \(clip)", mend: "give a positive bound") }
    let fits = [0, 1, 2].map { index in
      query.requireRank(3, ofInput: index, layout: ["T×N×I", "D×G·H×I", "D×G·H×H"][index], mend: "give three axes")
    }
    guard !fits.contains(false) else {
      return types(query, [Int?](repeating: nil, count: 5), states, batchFirst: false)
    }
    let batchFirst = attributes.flag("layout")
    let x = query.shape(0)
    let (time, batch) = batchFirst ? (x[1], x[0]) : (x[0], x[1])
    let hidden =
      query.shape(2)[2] ?? (attributes["hidden_size"] == nil ? nil : attributes.int("hidden_size", default: 0))
    let rows = hidden.map { Cost.product(gates, $0) }
    let lead = batchFirst ? [batch, ways] : [ways, batch]
    let wanted: [(index: Int, dims: [Int?])] = [
      (1, [ways, rows, x[2]]), (2, [ways, rows, hidden]), (3, [ways, rows.map { Cost.product(2, $0) }]), (4, [batch]),
      (5, lead + [hidden]), (6, lead + [hidden]), (7, [ways, hidden.map { Cost.product(3, $0) }]),
    ]
    for (index, dims) in wanted where index < query.op.inputNames.count {
      query.requireShape(PartialShape(dims), ofInput: index, mend: "give what belongs to \(x) and \(query.shape(2))")
    }
    query.require(.i32, ofInput: 4, mend: "give lengths as i32")
    if let own = attributes["hidden_size"], let hidden, attributes.int("hidden_size", default: hidden) != hidden {
      query.reject("hidden_size \(own) with R \(query.shape(2))", mend: "give \(hidden), or leave it out")
    }
    return types(query, [time, batch, ways, hidden], states, batchFirst: batchFirst)
  }

  private static func types(
    _ query: ShapeQuery, _ sizes: [Int?], _ states: Int, batchFirst: Bool
  ) -> [TensorType] {
    let (time, batch, ways, hidden) = (sizes[0], sizes[1], sizes[2], sizes[3])
    let all = batchFirst ? [batch, time, ways, hidden] : [time, ways, batch, hidden]
    let last = batchFirst ? [batch, ways, hidden] : [ways, batch, hidden]
    let dtype = query.dtype(0)
    return [TensorType(dtype, PartialShape(all))]
      + [TensorType](repeating: TensorType(dtype, PartialShape(last)), count: states)
  }

  static func cost(_ site: NodeSite) -> Cost {
    let (x, w, r) = (site.inputShape(0), site.inputShape(1), site.inputShape(2))
    return Cost(multiplyAdds: Cost.product(x[0], x[1], Cost.sum(w.count, r.count)))
  }

  static func words(_ site: NodeSite, _ what: String) -> String {
    let sizes = RecurrentSizes(site)
    return "Goes through \(sizes.time) steps of \(sizes.batch) sequences with a memory of \(sizes.hidden) numbers "
      + "(\(site.attributes.string("direction", default: "forward"))), \(what)."
  }
}

/// The sizes of a recurrent node.
struct RecurrentSizes: Sendable {
  let time: Int
  let batch: Int
  let input: Int
  let hidden: Int
  let ways: Int
  let batchFirst: Bool

  init(_ site: NodeSite) {
    let x = site.inputShape(0)
    batchFirst = site.attributes.flag("layout")
    (time, batch) = batchFirst ? (x[1], x[0]) : (x[0], x[1])
    input = x[2]
    hidden = site.inputShape(2)[2]
    ways = site.inputShape(2)[0]
  }

  /// The row of X that step `step` of example `example` is.
  @inline(__always)
  func row(_ step: Int, _ example: Int) -> Int { batchFirst ? example &* time &+ step : step &* batch &+ example }

  /// Where a state of one example and direction begins.
  @inline(__always)
  func state(_ way: Int, _ example: Int) -> Int {
    (batchFirst ? example &* ways &+ way : way &* batch &+ example) &* hidden
  }

  /// Where Y of one step begins.
  @inline(__always)
  func result(_ step: Int, _ way: Int, _ example: Int) -> Int {
    let place = batchFirst ? row(step, example) &* ways &+ way : (step &* ways &+ way) &* batch &+ example
    return place &* hidden
  }
}

/// A function that a recurrent layer puts its sums through, by ONNX's names.
struct RecurrentActivation: Sendable {
  enum Kind: String, CaseIterable, Sendable {
    case sigmoid, tanh, relu, affine, leakyrelu, thresholdedrelu, scaledtanh, hardsigmoid, elu, softsign, softplus

    /// alpha and beta where nothing is said; nil where there is no such number.
    var standard: (alpha: Double?, beta: Double?) {
      switch self {
      case .affine, .scaledtanh: (1, self == .affine ? 0 : 1)
      case .leakyrelu: (0.01, nil)
      case .thresholdedrelu, .elu: (1, nil)
      case .hardsigmoid: (0.2, 0.5)
      default: (nil, nil)
      }
    }
  }

  let kind: Kind
  let alpha: Double
  let beta: Double

  /// The activations of a node: for each direction one for all gates but the last, then that of the candidate (and, of
  /// LSTM, the memory's). Nil where a name is unknown or their number does not fit.
  static func list(_ attributes: Attributes, count gates: Int) -> [RecurrentActivation]? {
    let isTwo = attributes.string("direction", default: "forward") == "bidirectional"
    let each = (isTwo ? gates / 2 : gates) == 4 ? 3 : (isTwo ? gates / 2 : gates) == 3 ? 2 : 1
    let standard = each == 1 ? ["Tanh"] : Array(["Sigmoid", "Tanh", "Tanh"].prefix(each))
    var names = standard + (isTwo ? standard : [])
    if case .strings(let given)? = attributes["activations"], !given.isEmpty {
      guard given.count == names.count else { return nil }
      names = given
    }
    var alphas = Op.Resize.numbers(attributes, "activation_alpha")[...]
    var betas = Op.Resize.numbers(attributes, "activation_beta")[...]
    var result: [RecurrentActivation] = []
    for name in names {
      guard let kind = Kind(rawValue: name.lowercased()) else { return nil }
      let (alpha, beta) = kind.standard
      result.append(
        RecurrentActivation(
          kind: kind, alpha: alpha.map { alphas.popFirst() ?? $0 } ?? 0, beta: beta.map { betas.popFirst() ?? $0 } ?? 0)
      )
    }
    return result
  }

  @inline(__always)
  func callAsFunction<T: ReferenceScalar>(_ x: T) -> T {
    switch kind {
    case .sigmoid: Pointwise.logistic(x)
    case .tanh: T.hyperbolicTangent(x)
    case .relu: x < 0 ? 0 : x
    case .affine: T(alpha) * x + T(beta)
    case .leakyrelu: x < 0 ? T(alpha) * x : x
    case .thresholdedrelu: x > T(alpha) || x.isNaN ? x : 0
    case .scaledtanh: T(alpha) * T.hyperbolicTangent(T(beta) * x)
    case .hardsigmoid: Pointwise.between(0, 1, T(alpha) * x + T(beta))
    case .elu: x < 0 ? T(alpha) * T.exponentialMinusOne(x) : x
    case .softsign: x / (1 + abs(x))
    case .softplus: (x > 0 ? x : 0) + T.logarithm(onePlus: T.exponential(-abs(x)))
    }
  }
}

extension Recurrence {
  /// One step of one example: its sums of inputs and of the state before (G·H each, biases in), the states to change.
  typealias Step<T> =
    @Sendable (
      _ inputs: UnsafePointer<T>, _ states: UnsafePointer<T>, _ h: UnsafeMutablePointer<T>,
      _ c: UnsafeMutablePointer<T>,
      _ way: Int, _ buffers: Buffers
    ) -> Void

  /// The way through the sequences. All inputs are multiplied first, then the states step by step.
  @inline(__always)
  static func kernel<T: ReferenceScalar>(
    _ site: NodeSite, _ type: T.Type, gates: Int, _ step: @escaping Step<T>
  ) -> ReferenceKernel {
    let sizes = RecurrentSizes(site)
    let direction = site.attributes.string("direction", default: "forward")
    let (hidden, width, rows) = (sizes.hidden, gates * sizes.hidden, sizes.time * sizes.batch)
    let remembers = site.outputs.count > 2
    let (hasBias, hasLengths, hasStart, hasMemory) = (site.has(3), site.has(4), site.has(5), site.has(6))
    return { buffers in
      let y = buffers.output(0, as: T.self)
      y.update(repeating: 0, count: rows * sizes.ways * hidden)
      let room = UnsafeMutablePointer<T>.allocate(
        capacity: max((sizes.input + hidden + rows + sizes.batch) * width + 2 * sizes.batch * hidden, 1))
      defer { room.deallocate() }
      let (w, r) = (room, room + sizes.input * width)
      let products = r + hidden * width
      let sums = products + rows * width
      let h = sums + sizes.batch * width
      let c = h + sizes.batch * hidden
      let lengths = hasLengths ? buffers.input(4, as: Int32.self) : nil
      for way in 0..<sizes.ways {
        let isBack = way == 1 || direction == "reverse"
        let bias = hasBias ? buffers.input(3, as: T.self) + way * 2 * width : nil
        turn(buffers.input(1, as: T.self) + way * width * sizes.input, width, sizes.input, w)
        turn(buffers.input(2, as: T.self) + way * width * hidden, width, hidden, r)
        fill(products, rows, width, bias)
        product(buffers.input(0, as: T.self), rows, sizes.input, w, width, products)
        for example in 0..<sizes.batch {
          start(h + example * hidden, from: hasStart ? buffers.input(5, as: T.self) : nil, sizes, way, example)
          start(c + example * hidden, from: hasMemory ? buffers.input(6, as: T.self) : nil, sizes, way, example)
        }
        for index in 0..<sizes.time {
          fill(sums, sizes.batch, width, bias.map { $0 + width })
          product(UnsafePointer(h), sizes.batch, hidden, r, width, sums)
          for example in 0..<sizes.batch {
            let length = min(max(lengths.map { Int($0[example]) } ?? sizes.time, 0), sizes.time)
            guard index < length else { continue }
            let at = isBack ? length - 1 - index : index
            let own = h + example * hidden
            step(
              products + sizes.row(at, example) * width, sums + example * width, own, c + example * hidden, way, buffers
            )
            (y + sizes.result(at, way, example)).update(from: own, count: hidden)
          }
        }
        for example in 0..<sizes.batch {
          let at = sizes.state(way, example)
          (buffers.output(1, as: T.self) + at).update(from: h + example * hidden, count: hidden)
          if remembers { (buffers.output(2, as: T.self) + at).update(from: c + example * hidden, count: hidden) }
        }
      }
    }
  }

  @inline(__always)
  private static func start<T: ReferenceScalar>(
    _ state: UnsafeMutablePointer<T>, from initial: UnsafePointer<T>?, _ sizes: RecurrentSizes, _ way: Int,
    _ example: Int
  ) {
    guard let initial else { return state.update(repeating: 0, count: sizes.hidden) }
    state.update(from: initial + sizes.state(way, example), count: sizes.hidden)
  }

  /// Rows as columns: the products then run along neighbours.
  @inline(__always)
  private static func turn<T>(_ x: UnsafePointer<T>, _ rows: Int, _ columns: Int, _ y: UnsafeMutablePointer<T>) {
    for row in 0..<rows {
      for column in 0..<columns { y[column &* rows &+ row] = x[row &* columns &+ column] }
    }
  }

  @inline(__always)
  private static func fill<T: ReferenceScalar>(
    _ y: UnsafeMutablePointer<T>, _ rows: Int, _ width: Int, _ bias: UnsafePointer<T>?
  ) {
    guard let bias else { return y.update(repeating: 0, count: rows * width) }
    for row in 0..<rows { (y + row * width).update(from: bias, count: width) }
  }

  /// y += x·w, four rows of x at a time, so that w is read less often.
  @inline(__always)
  private static func product<T: ReferenceScalar>(
    _ x: UnsafePointer<T>, _ rows: Int, _ inner: Int, _ w: UnsafePointer<T>, _ width: Int, _ y: UnsafeMutablePointer<T>
  ) {
    var row = 0
    while row &+ 3 < rows {
      let (y0, y1, y2, y3) = (
        y + row &* width, y + (row &+ 1) &* width, y + (row &+ 2) &* width, y + (row &+ 3) &* width
      )
      for k in 0..<inner {
        let (a, b) = (x[row &* inner &+ k], x[(row &+ 1) &* inner &+ k])
        let (c, d) = (x[(row &+ 2) &* inner &+ k], x[(row &+ 3) &* inner &+ k])
        let line = w + k &* width
        for column in 0..<width {
          y0[column] += a * line[column]
          y1[column] += b * line[column]
          y2[column] += c * line[column]
          y3[column] += d * line[column]
        }
      }
      row &+= 4
    }
    while row < rows {
      let target = y + row &* width
      for k in 0..<inner {
        let factor = x[row &* inner &+ k]
        let line = w + k &* width
        for column in 0..<width { target[column] += factor * line[column] }
      }
      row &+= 1
    }
  }
}
