import FoveaTensors

/// A shape of which some extents, or even the rank, may be unknown.
///
/// Declaring a network never stops at a mistake: a layer that does not fit returns a value that keeps
/// what is still known, and checks that need only that go on behind it.
public struct PartialShape: Hashable, Sendable, CustomStringConvertible {
  /// One extent per axis, nil where unknown; nil when even the rank is unknown.
  public let dims: [Int?]?

  public init(_ dims: [Int?]?) { self.dims = dims }
  public init(_ shape: Shape) { dims = shape.dims.map { $0 } }

  /// Nothing is known.
  public static let unknown = PartialShape(nil as [Int?]?)

  /// A shape of known rank with every extent unknown.
  public static func unknown(rank: Int) -> PartialShape { PartialShape([Int?](repeating: nil, count: rank)) }

  /// Number of axes, if known.
  public var rank: Int? { dims?.count }

  /// The whole shape when every extent is known.
  public var concrete: Shape? {
    guard let dims else { return nil }
    var known: [Int] = []
    for extent in dims {
      guard let extent else { return nil }
      known.append(extent)
    }
    return Shape(known)
  }

  /// The extent of one axis, nil when unknown or past the rank.
  public subscript(axis: Int) -> Int? {
    guard let dims, dims.indices.contains(axis) else { return nil }
    return dims[axis]
  }

  /// The same shape with one extent replaced.
  public func replacing(axis: Int, with extent: Int?) -> PartialShape {
    guard var dims, dims.indices.contains(axis) else { return self }
    dims[axis] = extent
    return PartialShape(dims)
  }

  public var description: String {
    guard let dims else { return "[?]" }
    return "[" + dims.map { $0.map(String.init) ?? "?" }.joined(separator: "×") + "]"
  }
}

/// What a value is: its element type and its shape.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  public let dtype: DType
  public let shape: PartialShape

  public init(_ dtype: DType, _ shape: PartialShape) {
    self.dtype = dtype
    self.shape = shape
  }
  public init(_ dtype: DType, _ shape: Shape) { self.init(dtype, PartialShape(shape)) }

  public var description: String { "\(dtype.rawValue)\(shape)" }
}
