/// An n-dimensional array in host memory: contiguous, last axis innermost, value semantics.
///
/// ```swift
/// let t = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
/// t.array(of: Float.self)  // [1, 2, 3, 4, 5, 6]
/// ```
public struct Tensor: Sendable {
  public let shape: Shape
  public let dtype: DType
  private var storage: TensorStorage
  private let byteOffset: Int

  /// Number of elements.
  public var count: Int { shape.count }
  /// Number of bytes.
  public var byteCount: Int { shape.count * dtype.size }

  /// A tensor of zeros. `shape` must have a countable number of elements (see `Shape.checkedCount`).
  public init(zeros shape: Shape, dtype: DType = .f32) {
    self.shape = shape
    self.dtype = dtype
    storage = TensorStorage(byteCount: shape.count * dtype.size)
    byteOffset = 0
  }

  /// A tensor that holds `values` in order.
  /// - Throws: `TensorError` when the shape is impossible or holds another number of elements.
  public init<T: TensorScalar>(_ values: [T], shape: Shape) throws(TensorError) {
    guard let count = shape.checkedCount else { throw .badShape(dims: shape.dims) }
    guard count == values.count else { throw .countMismatch(shape: shape, values: values.count) }
    self.init(zeros: shape, dtype: T.dtype)
    let target = storage.base
    values.withUnsafeBytes { if let from = $0.baseAddress { target.copyMemory(from: from, byteCount: $0.count) } }
  }

  /// A one-dimensional tensor of `values`.
  public init<T: TensorScalar>(_ values: [T]) {
    self.init(zeros: [values.count], dtype: T.dtype)
    let target = storage.base
    values.withUnsafeBytes { if let from = $0.baseAddress { target.copyMemory(from: from, byteCount: $0.count) } }
  }

  /// A tensor with no axes that holds one number.
  public init<T: TensorScalar>(scalar value: T) {
    self.init(zeros: .scalar, dtype: T.dtype)
    storage.base.storeBytes(of: value, as: T.self)
  }

  /// A view of `storage`; the bytes from `byteOffset` must hold the whole shape.
  public init(storage: TensorStorage, byteOffset: Int = 0, shape: Shape, dtype: DType) {
    precondition(byteOffset >= 0 && byteOffset + shape.count * dtype.size <= storage.byteCount, "view past the storage")
    self.storage = storage
    self.byteOffset = byteOffset
    self.shape = shape
    self.dtype = dtype
  }

  /// Reads the bytes in place.
  public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    let bytes = UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount)
    defer { withExtendedLifetime(storage) {} }
    return try body(bytes)
  }

  /// Writes the bytes in place, after a copy when another tensor shares them.
  public mutating func withUnsafeMutableBytes<R, E: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    if !storage.isOwned || !isKnownUniquelyReferenced(&storage) { self = copied() }
    let bytes = UnsafeMutableRawBufferPointer(start: storage.base + byteOffset, count: byteCount)
    defer { withExtendedLifetime(storage) {} }
    return try body(bytes)
  }

  /// Reads the elements in place; `T` must be the tensor's own element type.
  public func withElements<T: TensorScalar, R, E: Error>(
    of type: T.Type, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    precondition(T.dtype == dtype, "elements are \(dtype), not \(T.dtype)")
    return try withUnsafeBytes { (bytes) throws(E) -> R in try body(bytes.assumingMemoryBound(to: T.self)) }
  }

  /// Writes the elements in place; `T` must be the tensor's own element type.
  public mutating func withMutableElements<T: TensorScalar, R, E: Error>(
    of type: T.Type, _ body: (UnsafeMutableBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    precondition(T.dtype == dtype, "elements are \(dtype), not \(T.dtype)")
    return try withUnsafeMutableBytes { (bytes) throws(E) -> R in try body(bytes.assumingMemoryBound(to: T.self)) }
  }

  /// The elements as a Swift array, converted when `T` is another numeric type.
  public func array<T: TensorScalar>(of type: T.Type) -> [T] {
    let source = T.dtype == dtype ? self : converted(to: T.dtype)
    return source.withUnsafeBytes { Array($0.assumingMemoryBound(to: T.self)) }
  }

  /// The same elements under another shape; no copy.
  /// - Throws: `TensorError.sizeMismatch` when the number of elements differs.
  public func reshaped(to shape: Shape) throws(TensorError) -> Tensor {
    guard let count = shape.checkedCount else { throw .badShape(dims: shape.dims) }
    guard count == self.count else { throw .sizeMismatch(from: self.shape, to: shape) }
    return Tensor(storage: storage, byteOffset: byteOffset, shape: shape, dtype: dtype)
  }

  /// The tensor's own part of its bytes, which live as long as this does.
  package func sharedStorage() -> TensorStorage {
    TensorStorage(borrowing: storage.base + byteOffset, byteCount: byteCount, keeper: storage)
  }

  /// A tensor with bytes of its own.
  public func copied() -> Tensor {
    let fresh = Tensor(zeros: shape, dtype: dtype)
    fresh.storage.base.copyMemory(from: storage.base + byteOffset, byteCount: byteCount)
    return fresh
  }

  /// The elements in another type: to nearest for floats, toward zero and clamped for integers,
  /// NaN becomes 0 there.
  public func converted(to target: DType) -> Tensor {
    if target == dtype { return self }
    let result = Tensor(zeros: shape, dtype: target)
    let from = storage.base + byteOffset
    let to = result.storage.base
    for index in 0..<count {
      if dtype == .i64 && !target.isFloat {
        ElementAccess.store(integer: from.load(fromByteOffset: index * 8, as: Int64.self), to, index, target)
      } else {
        ElementAccess.store(ElementAccess.load(from, index, dtype), to, index, target)
      }
    }
    withExtendedLifetime(storage) {}
    return result
  }

  /// True when both have the same shape, type and bytes.
  public func isIdentical(to other: Tensor) -> Bool {
    guard shape == other.shape, dtype == other.dtype else { return false }
    return withUnsafeBytes { a in other.withUnsafeBytes { b in a.elementsEqual(b) } }
  }
}

/// One element of any type through `Double`.
enum ElementAccess {
  static func load(_ base: UnsafeRawPointer, _ index: Int, _ dtype: DType) -> Double {
    let at = base + index * dtype.size
    return switch dtype {
    case .f64: at.loadUnaligned(as: Double.self)
    case .f32: Double(at.loadUnaligned(as: Float.self))
    case .f16: Double(HalfPrecision.float(fromF16: at.loadUnaligned(as: UInt16.self)))
    case .bf16: Double(HalfPrecision.float(fromBF16: at.loadUnaligned(as: UInt16.self)))
    case .i64: Double(at.loadUnaligned(as: Int64.self))
    case .i32: Double(at.loadUnaligned(as: Int32.self))
    case .i16: Double(at.loadUnaligned(as: Int16.self))
    case .i8: Double(at.load(as: Int8.self))
    case .u8: Double(at.load(as: UInt8.self))
    case .bool: at.load(as: UInt8.self) == 0 ? 0 : 1
    }
  }

  static func store(_ value: Double, _ base: UnsafeMutableRawPointer, _ index: Int, _ dtype: DType) {
    let at = base + index * dtype.size
    switch dtype {
    case .f64: at.storeBytes(of: value, as: Double.self)
    case .f32: at.storeBytes(of: Float(value), as: Float.self)
    case .f16: at.storeBytes(of: HalfPrecision.f16(from: Float(value)), as: UInt16.self)
    case .bf16: at.storeBytes(of: HalfPrecision.bf16(from: Float(value)), as: UInt16.self)
    case .bool: at.storeBytes(of: value == 0 ? 0 : 1, as: UInt8.self)
    default:
      let bounded = value.isNaN ? 0 : value
      let integer =
        bounded >= 0x1p63 ? Int64.max : bounded < -0x1p63 ? Int64.min : Int64(bounded.rounded(.towardZero))
      store(integer: integer, base, index, dtype)
    }
  }

  static func store(integer value: Int64, _ base: UnsafeMutableRawPointer, _ index: Int, _ dtype: DType) {
    let at = base + index * dtype.size
    switch dtype {
    case .i64: at.storeBytes(of: value, as: Int64.self)
    case .i32: at.storeBytes(of: Int32(clamping: value), as: Int32.self)
    case .i16: at.storeBytes(of: Int16(clamping: value), as: Int16.self)
    case .i8: at.storeBytes(of: Int8(clamping: value), as: Int8.self)
    case .u8: at.storeBytes(of: UInt8(clamping: value), as: UInt8.self)
    case .bool: at.storeBytes(of: value == 0 ? 0 : 1, as: UInt8.self)
    default: store(Double(value), base, index, dtype)
    }
  }
}
