import CFoveaOneDNN
import FoveaExecution
import FoveaTensors

/// A memory order that oneDNN knows by one word.
enum Order: Int32, Sendable, CaseIterable {
  case any, plain, channelsLast, blocked
}

/// How a tensor lies in memory, in oneDNN's terms.
final class MemoryDescriptor: @unchecked Sendable {
  // @unchecked: the description is never changed after it is made.
  let pointer: OpaquePointer
  private let functions: fovea_onednn

  private init(_ pointer: OpaquePointer, _ functions: fovea_onednn) {
    self.pointer = pointer
    self.functions = functions
  }

  /// An order by name; nil when the library does not take the sizes.
  convenience init?(_ dims: [Int], _ order: Order, _ dtype: DType = .f32) {
    guard let functions = OneDNN.functions, let code = MemoryDescriptor.code(dtype) else { return nil }
    let extents = dims.isEmpty ? [1] : dims.map(Int64.init)
    guard let made = functions.md(Int32(extents.count), extents, code, order.rawValue) else { return nil }
    self.init(made, functions)
  }

  /// An order by element strides.
  convenience init?(_ dims: [Int], strides: [Int], _ dtype: DType = .f32) {
    guard let functions = OneDNN.functions, let code = MemoryDescriptor.code(dtype),
      let made = functions.md_strided(Int32(dims.count), dims.map(Int64.init), strides.map(Int64.init), code)
    else { return nil }
    self.init(made, functions)
  }

  /// A copy of a description that something else owns.
  convenience init?(copying other: OpaquePointer) {
    guard let functions = OneDNN.functions, let made = functions.md_copy(other) else { return nil }
    self.init(made, functions)
  }

  /// A part of a larger tensor, in place; nil when the order does not allow to cut there.
  convenience init?(part dims: [Int], at offsets: [Int], of whole: MemoryDescriptor) {
    guard let functions = OneDNN.functions,
      let made = functions.md_part(whole.pointer, dims.map(Int64.init), offsets.map(Int64.init))
    else { return nil }
    self.init(made, functions)
  }

  deinit { functions.md_free(pointer) }

  var byteCount: Int { functions.md_bytes(pointer) }

  /// The type of the elements; nil for one that nothing here has.
  var dtype: DType? {
    let code = functions.md_dtype(pointer)
    return MemoryDescriptor.types.first { $0.code == code }?.dtype
  }

  func isEqual(to other: MemoryDescriptor) -> Bool { functions.md_equal(pointer, other.pointer) }

  /// E.g. `acdb` for channels last, `aBcd16b` for channels in blocks of 16.
  var text: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      functions.md_text(pointer, buffer.baseAddress, 64)
      return String(cString: buffer.baseAddress!)
    }
  }

  /// True for an order of a kernel's own, into which values can be brought but not back.
  var isOneWay: Bool { text == "own" }

  private static let types: [(dtype: DType, code: Int32)] = [
    (.f32, Int32(FOVEA_F32.rawValue)), (.bf16, Int32(FOVEA_BF16.rawValue)), (.i32, Int32(FOVEA_S32.rawValue)),
    (.u8, Int32(FOVEA_U8.rawValue)), (.i8, Int32(FOVEA_S8.rawValue)),
  ]

  private static func code(_ dtype: DType) -> Int32? { types.first { $0.dtype == dtype }?.code }
}

/// A layout that oneDNN chose: the order of a value's elements, and their type, which may be a narrower one than
/// the value's.
final class OneDNNLayout: ForeignLayout {
  let descriptor: MemoryDescriptor
  /// The same extents in plain order; nil for workspaces, which have no elements to speak of.
  let plain: MemoryDescriptor?
  let dims: [Int]
  let text: String
  let byteCount: Int
  let isOneWay: Bool
  let isNarrow: Bool
  /// The order by name, `.any` when it has none.
  let order: Order
  /// Of a workspace: the orders of what was pooled and of the result.
  let pooled: (src: MemoryDescriptor, dst: MemoryDescriptor)?

  /// - Parameter type: of the value's elements.
  init(
    _ descriptor: MemoryDescriptor, dims: [Int], of type: DType = .f32, opaque: Bool = false,
    pooled: (src: MemoryDescriptor, dst: MemoryDescriptor)? = nil
  ) {
    self.descriptor = descriptor
    self.pooled = pooled
    self.dims = dims
    plain = opaque ? nil : MemoryDescriptor(dims, .plain, type)
    let dtype = opaque ? .f32 : descriptor.dtype ?? .f32
    isNarrow = dtype == .bf16
    text = opaque ? "workspace" : descriptor.text + (dtype == .f32 ? "" : " \(dtype.rawValue)")
    byteCount = descriptor.byteCount
    // Weights of 8 bits have sums beside them that nobody can read.
    isOneWay = descriptor.isOneWay || isNarrow || type == .i8
    let named: [Order] = [.channelsLast, .blocked, .plain]
    order =
      opaque
      ? .any
      : named.first { MemoryDescriptor(dims, $0, dtype).map(descriptor.isEqual) == true } ?? .any
  }

  func isSame(as other: any ForeignLayout) -> Bool {
    guard let other = other as? OneDNNLayout else { return false }
    return descriptor.isEqual(to: other.descriptor)
  }

  func encode(plain source: UnsafeRawPointer, into target: UnsafeMutableRawPointer) throws(ExecutionError) {
    guard let plain else { throw OneDNN.failure("bringing values into a workspace") }
    try Reorder.once(from: plain, to: descriptor, source, target)
  }

  func decode(_ source: UnsafeRawPointer, intoPlain target: UnsafeMutableRawPointer) throws(ExecutionError) {
    guard let plain else { throw OneDNN.failure("reading a workspace") }
    try Reorder.once(from: descriptor, to: plain, source, target)
  }
}

/// Nothing at all: for an auxiliary output that nobody reads.
final class NoLayout: ForeignLayout {
  static let layout = Layout.foreign(NoLayout())
  let text = "none"
  let byteCount = 0
  func isSame(as other: any ForeignLayout) -> Bool { other is NoLayout }
  func encode(plain: UnsafeRawPointer, into target: UnsafeMutableRawPointer) throws(ExecutionError) {}
  func decode(_ source: UnsafeRawPointer, intoPlain target: UnsafeMutableRawPointer) throws(ExecutionError) {}
}

extension Layout {
  /// The layout of a description; plain where it is plain.
  /// - Parameter type: of the value's elements.
  init(_ descriptor: MemoryDescriptor, dims: [Int], of type: DType = .f32) {
    if let plain = MemoryDescriptor(dims, .plain, type), plain.isEqual(to: descriptor) {
      self = .plain
    } else {
      self = .foreign(OneDNNLayout(descriptor, dims: dims, of: type))
    }
  }

  /// This layout in oneDNN's terms for a tensor of `dims`; nil when it belongs to somebody else or has other axes.
  /// - Parameter type: of the value's elements.
  func descriptor(_ dims: [Int], of type: DType = .f32) -> MemoryDescriptor? {
    switch self {
    case .plain: MemoryDescriptor(dims, .plain, type)
    case .foreign(let layout): (layout as? OneDNNLayout).flatMap { $0.dims == dims ? $0.descriptor : nil }
    }
  }

  /// The order by name; plain is plain.
  var order: Order {
    switch self {
    case .plain: .plain
    case .foreign(let layout): (layout as? OneDNNLayout)?.order ?? .any
    }
  }
}

// MARK: Types

extension Layout {
  /// The type of f32 values' elements in this layout.
  var elements: DType { isNarrow ? .bf16 : .f32 }

  /// The same order for elements of `dtype`; nil for an order without a name, where the type changes.
  func descriptor(_ dims: [Int], _ dtype: DType) -> MemoryDescriptor? {
    if elements == dtype { return descriptor(dims) }
    return order == .any ? nil : MemoryDescriptor(dims, order, dtype)
  }

  /// This layout with whole elements: the same order where it has a name, else the plain one.
  func widened(_ dims: [Int]) -> Layout {
    guard isNarrow else { return self }
    return descriptor(dims, .f32).map { Layout($0, dims: dims) } ?? .plain
  }
}
