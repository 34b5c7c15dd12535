import FoveaTensors

/// What `DepthToSpace` and `SpaceToDepth` share: blocks of b pixels along each spatial axis.
struct Blocks {
  /// b.
  let size: Int
  /// bᵏ, the pixels of a block.
  let area: Int

  /// The blocks of a node; nil, and reported, when it has none.
  init?(_ query: inout ShapeQuery) {
    size = query.attributes.int("blocksize", default: 0)
    let mode = query.attributes.string("mode", default: "DCR")
    var isGood = true
    if !["DCR", "CRD"].contains(mode) {
      query.reject("mode \"\(mode)\"", mend: "use \"DCR\" or \"CRD\"")
      isGood = false
    }
    if size < 1 || size > ConvGeometry.largest {
      query.reject("blocks of \(size)", mend: "give a blocksize from 1 to \(ConvGeometry.largest)")
      isGood = false
    }
    if let rank = query.shape(0).rank, rank < 3 {
      query.reject("\(query.shape(0)) has no pixels", mend: "give an input N×C×…")
      isGood = false
    }
    guard isGood else { return nil }
    let size = size
    area =
      (query.shape(0).rank ?? 4) < 3
      ? 1 : (2..<(query.shape(0).rank ?? 4)).reduce(1) { area, _ in Cost.product(area, size) }
  }

  /// The elements as [N, C, place in the block…, block…], and their steps in the deep and in the wide tensor.
  static func walk(deep: Shape, wide: Shape, _ attributes: Attributes) -> (extents: [Int], deep: [Int], wide: [Int]) {
    let size = attributes.int("blocksize", default: 1)
    let axes = deep.rank - 2
    let (d, w) = (deep.strides, wide.strides)
    // Steps, in channels, of a place in the block: the last axis first.
    var places = [Int](repeating: 1, count: axes)
    for axis in (0..<max(axes - 1, 0)).reversed() { places[axis] = places[axis + 1] * size }
    let area = places[0] * size
    let isDCR = attributes.string("mode", default: "DCR") == "DCR"
    let channel = isDCR ? 1 : area
    let place = isDCR ? wide[1] : 1
    return (
      [wide[0], wide[1]] + [Int](repeating: size, count: axes) + deep.dims.dropFirst(2),
      [d[0], channel * d[1]] + places.map { $0 * place * d[1] } + d.dropFirst(2),
      [w[0], w[1]] + w.dropFirst(2) + w.dropFirst(2).map { $0 * size }
    )
  }
}
