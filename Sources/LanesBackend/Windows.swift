import CFoveaLanes
import FoveaGraphs
import FoveaTensors

/// The windows of a convolution or a pooling along its spatial axes, position by position. Positions are counted
/// through a plane, last axis innermost.
struct Windows {
  let input: [Int]
  let output: [Int]
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  let before: [Int]

  /// What tables of windows may be made of: positions with their taps, and planes with their padding.
  private static let mostPlaces = 1 << 22

  /// - Throws: `LaneRefusal` when tables of the windows would be large.
  init(_ geometry: ConvGeometry, input x: Shape, output y: Shape) throws(LaneRefusal) {
    input = Array(x.dims.dropFirst(2))
    output = Array(y.dims.dropFirst(2))
    kernel = geometry.kernel
    strides = geometry.strides
    dilations = geometry.dilations
    before = geometry.kernel.indices.map { geometry.padding($0, extent: x[$0 + 2]).before }
    let counts = [padded, input + kernel, output + kernel].map { $0.reduce(1) { Cost.product($0, $1) } }
    guard counts.allSatisfy({ $0 <= Windows.mostPlaces }) else { throw LaneRefusal("windows of \(kernel)") }
  }

  var inputPlane: Int { input.reduce(1, *) }
  var outputPlane: Int { output.reduce(1, *) }
  var taps: Int { kernel.reduce(1, *) }

  /// The extents with all padding that a window meets.
  var padded: [Int] {
    input.indices.map { axis in
      max(input[axis] + before[axis], (output[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1)
    }
  }

  /// Distances between neighbours along each axis.
  static func steps(_ extents: [Int]) -> [Int] {
    var steps = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.reversed().dropFirst() { steps[axis] = steps[axis + 1] * extents[axis + 1] }
    return steps
  }

  /// All index tuples below `extents`, last axis innermost.
  static func indices(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { tuples, extent in tuples.flatMap { tuple in (0..<extent).map { tuple + [$0] } } }
  }

  /// Where each window begins in the padded input, and how far its taps are from there.
  func onPadded() -> (starts: [Int], taps: [Int]) {
    let steps = Windows.steps(padded)
    func place(_ tuple: [Int], _ factors: [Int]) -> Int {
      tuple.indices.reduce(0) { $0 + tuple[$1] * factors[$1] * steps[$1] }
    }
    return (
      Windows.indices(output).map { place($0, strides) }, Windows.indices(kernel).map { place($0, dilations) }
    )
  }

  /// For each output position the input positions that its taps meet, padding left out.
  func met() -> [[Int]] {
    let steps = Windows.steps(input)
    let taps = Windows.indices(kernel)
    return Windows.indices(output).map { position in
      taps.compactMap { tap in
        var at = 0
        for axis in tap.indices {
          let x = position[axis] * strides[axis] + tap[axis] * dilations[axis] - before[axis]
          guard x >= 0, x < input[axis] else { return nil }
          at += x * steps[axis]
        }
        return at
      }
    }
  }

  /// For each input position the taps through which it reaches outputs, and which ones.
  func reached() -> [[(tap: Int, output: Int)]] {
    let steps = Windows.steps(output)
    let taps = Windows.indices(kernel)
    return Windows.indices(input).map { position in
      taps.enumerated().compactMap { index, tap in
        var at = 0
        for axis in tap.indices {
          let reach = position[axis] + before[axis] - tap[axis] * dilations[axis]
          guard reach >= 0, reach % strides[axis] == 0, reach / strides[axis] < output[axis] else { return nil }
          at += reach / strides[axis] * steps[axis]
        }
        return (index, at)
      }
    }
  }
}

/// Positions sorted by the taps they meet.
struct TapClasses {
  private(set) var keys: [[Int32]] = []
  private(set) var pixels: [[Int32]] = []
  private var places: [[Int32]: Int] = [:]

  /// - Parameters:
  ///   - taps: the taps that the position meets, relative to `from`, as the table has them.
  ///   - vectors: of examples; neighbours in memory.
  mutating func add(_ taps: [Int32], from: Int, to: Int, vectors: Int) {
    let place = places[taps] ?? keys.count
    if place == keys.count {
      places[taps] = place
      keys.append(taps)
      pixels.append([])
    }
    for vector in 0..<vectors { pixels[place] += [Int32(from + 16 * vector), Int32(to + 16 * vector)] }
  }
}

extension LaneProgram {
  /// Adds numbers to the table.
  /// - Returns: where they begin.
  mutating func append(_ numbers: [Int32]) -> Int {
    table += numbers
    return table.count - numbers.count
  }

  /// Adds classes with their taps and pixels, numbered from the table's begin.
  /// - Parameter width: numbers for each tap.
  mutating func append(_ list: TapClasses, width: Int) -> Range<Int> {
    let start = classes.count
    for (taps, pixels) in zip(list.keys, list.pixels) {
      // Pairs are counted from the table's begin.
      if width == 2, table.count % 2 == 1 { table.append(0) }
      let tapBegin = append(taps) / width
      if table.count % 2 == 1 { table.append(0) }
      let pixelBegin = append(pixels) / 2
      classes.append(
        fovea_lanes_class(
          pixel_begin: Int32(pixelBegin), pixel_count: Int32(pixels.count / 2), tap_begin: Int32(tapBegin),
          tap_count: Int32(taps.count / width)))
    }
    return start..<classes.count
  }
}
