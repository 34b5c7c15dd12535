import FoveaTensors

/// NumPy's broadcasting of two operands: axes are aligned at the end, and an extent of 1 repeats.
package struct Broadcast: Sendable {
  let count: Int
  let same: Bool
  private let extents: [Int]
  private let aStrides: [Int]
  private let bStrides: [Int]

  init(_ site: NodeSite) { self.init(site.inputShape(0), site.inputShape(1), in: site.outputShape()) }

  /// `a` and `b` must broadcast to `y`.
  init(_ a: Shape, _ b: Shape, in y: Shape) {
    count = y.count
    same = a == y && b == y
    extents = y.dims
    aStrides = Broadcast.strides(of: a, in: y)
    bStrides = Broadcast.strides(of: b, in: y)
  }

  /// Element steps of `shape` along the axes of `full`; 0 where it repeats.
  package static func strides(of shape: Shape, in full: Shape) -> [Int] {
    let own = shape.strides
    let lead = full.rank - shape.rank
    return full.dims.indices.map { axis in
      axis < lead || shape[axis - lead] == 1 ? 0 : own[axis - lead]
    }
  }

  /// The common shape, unknown where an operand is; reports extents that do not match.
  static func shape(_ query: inout ShapeQuery) -> PartialShape { shape(&query, query.shape(0), query.shape(1)) }

  /// The common shape of two shapes.
  static func shape(_ query: inout ShapeQuery, _ first: PartialShape, _ second: PartialShape) -> PartialShape {
    guard let a = first.dims, let b = second.dims else { return .unknown }
    let rank = max(a.count, b.count)
    var result: [Int?] = []
    for axis in 0..<rank {
      let i = axis - (rank - a.count)
      let j = axis - (rank - b.count)
      let x: Int? = i < 0 ? 1 : a[i]
      let y: Int? = j < 0 ? 1 : b[j]
      switch (x, y) {
      case (let x?, let y?) where x == y || y == 1: result.append(x)
      case (1?, let y?): result.append(y)
      case (let x?, let y?):
        query.reject(
          "\(PartialShape(a)) and \(PartialShape(b)) differ at axis \(axis): \(x) and \(y)",
          mend: "make both the same, or one of them 1")
        result.append(nil)
      case (let x?, nil) where x != 1: result.append(x)
      case (nil, let y?) where y != 1: result.append(y)
      default: result.append(nil)
      }
    }
    return PartialShape(result)
  }

  /// Calls `body` with the positions in result, first and second operand.
  @inline(__always)
  func forEach(_ body: (Int, Int, Int) -> Void) {
    if same {
      for index in 0..<count { body(index, index, index) }
      return
    }
    let inner = extents.last ?? 1
    guard inner > 0 else { return }
    for row in 0..<(count / inner) {
      var rest = row
      var a = 0
      var b = 0
      var axis = extents.count - 2
      while axis >= 0 {
        let position = rest % extents[axis]
        rest /= extents[axis]
        a += position * aStrides[axis]
        b += position * bStrides[axis]
        axis -= 1
      }
      let aStep = aStrides.last ?? 0
      let bStep = bStrides.last ?? 0
      for index in 0..<inner { body(row * inner + index, a + index * aStep, b + index * bStep) }
    }
  }
}
