/// The extents of a tensor, outermost axis first, e.g. `[N, C, H, W]`.
///
/// ```swift
/// let image: Shape = [1, 3, 224, 224]
/// image.count  // 150528
/// ```
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// One extent per axis; the empty list is a scalar.
  public let dims: [Int]

  public init(_ dims: [Int]) { self.dims = dims }
  public init(arrayLiteral elements: Int...) { dims = elements }

  /// The shape of a single number.
  public static let scalar = Shape([])

  /// Number of axes.
  public var rank: Int { dims.count }

  /// Number of elements. The shape must be one that `checkedCount` accepts.
  public var count: Int { dims.reduce(1, *) }

  /// Number of elements, or nil when an extent is negative or the product overflows.
  public var checkedCount: Int? {
    var product = 1
    for extent in dims {
      guard extent >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      product = next
    }
    return product
  }

  /// True when the extents other than 0 multiply to at most `largest`: then strides, and parts of a tensor that
  /// holds nothing, can be computed too.
  package func isCountable(upTo largest: Int) -> Bool {
    Shape(dims.map { $0 == 0 ? 1 : $0 }).checkedCount.map { $0 <= largest } ?? false
  }

  public subscript(axis: Int) -> Int { dims[axis] }

  /// Elements between neighbours along each axis, for the contiguous order with the last axis innermost.
  public var strides: [Int] {
    var result = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) { result[axis] = result[axis + 1] * dims[axis + 1] }
    return result
  }

  public var description: String { "[" + dims.map(String.init).joined(separator: "×") + "]" }
}
