import FoveaTensors

/// A tensor of an ONNX file: its name and shape, and where its numbers lie.
///
/// Views of the mapped file are valid as long as `ONNXFile` lives.
struct ONNXTensor {
  var name = ""
  var dims: [Int] = []
  /// As the standard numbers them: 1 is float, 7 int64, 10 float16.
  var elementType = 0
  fileprivate var raw: ProtobufField?
  /// Repeated fields of one kind, in the order of the file.
  fileprivate var listed: [ProtobufField] = []
  fileprivate var isExternal = false
  fileprivate var external: [String: String] = [:]
  fileprivate var hasSegments = false

  init(_ reader: ProtobufReader) throws(ProtobufError) {
    var reader = reader
    var extents: [Int64] = []
    while let field = try reader.next() {
      switch field.number {
      case 1: try field.append(to: &extents)
      case 2: elementType = Int(truncatingIfNeeded: try field.int64)
      case 3: hasSegments = true
      case 4, 5, 6, 7, 10, 11: listed.append(field)
      case 8: name = try field.string
      case 9: raw = field
      case 13:
        let (key, value) = try ONNXModel.entry(try field.message)
        external[key] = value
      case 14: isExternal = try field.int64 == 1
      default: break
      }
    }
    dims = extents.map { Int($0) }
  }

  /// The element type that the numbers have here: unsigned ones become wide enough, half and double floats stay.
  var dtype: DType? { ONNXTensor.dtype(elementType) }

  static func dtype(_ elementType: Int) -> DType? {
    switch elementType {
    case 1: .f32
    case 2: .u8
    case 3: .i8
    case 5: .i16
    case 4, 6: .i32
    case 7, 12, 13: .i64
    case 9: .bool
    case 10: .f16
    case 11: .f64
    case 16: .bf16
    default: nil
    }
  }

  /// The standard's name of an element type.
  static func typeName(_ elementType: Int) -> String {
    let names = [
      "undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "double",
      "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
      "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
    ]
    return names.indices.contains(elementType) ? names[elementType] : "number \(elementType)"
  }

  /// Number of elements; nil where the shape is impossible.
  var count: Int? {
    guard dims.count <= 8, Shape(dims).isCountable(upTo: 1 << 40) else { return nil }
    return Shape(dims).checkedCount
  }

  /// Bytes of an element in `raw_data`.
  private var rawSize: Int {
    switch elementType {
    case 2, 3, 9: 1
    case 4, 5, 10, 16: 2
    case 1, 6, 12: 4
    default: 8
    }
  }

  /// Where the numbers are: a part of the file, or of one beside it.
  private func bytes(_ files: ONNXFiles) throws(ONNXProblem) -> (base: UnsafeRawBufferPointer, keeper: AnyObject)? {
    guard isExternal else {
      guard let raw else { return nil }
      do throws(ProtobufError) { return (try raw.bytes, files.own) } catch { throw ONNXProblem(error.description) }
    }
    guard let location = external["location"] else { throw ONNXProblem("lies in another file that is not named") }
    let file = try files.beside(location)
    let offset = Int(external["offset"] ?? "0")
    guard let offset, offset >= 0, offset <= file.bytes.count else {
      throw ONNXProblem(
        "begins at byte \(external["offset"] ?? "?") of \(Named.short(location)), which has \(file.bytes.count)")
    }
    let length = external["length"].map { Int($0) } ?? file.bytes.count - offset
    guard let length, length >= 0, length <= file.bytes.count - offset else {
      throw ONNXProblem(
        "has \(external["length"] ?? "?") bytes from \(offset) on in \(Named.short(location)), which has "
          + "\(file.bytes.count)")
    }
    return (UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + length]), file)
  }

  /// What keeps the numbers from being read, without reading them.
  func check(_ files: ONNXFiles) throws(ONNXProblem) {
    guard dtype != nil else {
      throw ONNXProblem("has elements of type \(ONNXTensor.typeName(elementType)), which are not read")
    }
    guard !hasSegments else { throw ONNXProblem("comes in segments, which are not read") }
    guard let count else { throw ONNXProblem("has the impossible shape \(dims)") }
    if let (bytes, _) = try bytes(files) {
      guard
        bytes.count == count * rawSize || (isExternal && external["length"] == nil && bytes.count >= count * rawSize)
      else {
        throw ONNXProblem("of shape \(Shape(dims)) needs \(count * rawSize) bytes, the file has \(bytes.count)")
      }
    } else {
      let found = try listedCount()
      guard found == count else {
        throw ONNXProblem("of shape \(Shape(dims)) needs \(count) numbers, the file has \(found)")
      }
    }
  }

  /// How many numbers are listed; packed varints are counted by their last bytes.
  private func listedCount() throws(ONNXProblem) -> Int {
    var count = 0
    for field in listed {
      guard case .bytes(let packed) = field.value else {
        count += 1
        continue
      }
      switch field.number {
      case 4: count += packed.count / 4
      case 10: count += packed.count / 8
      case 6: count += 1
      default: for byte in packed where byte < 0x80 { count += 1 }
      }
    }
    return count
  }

  /// The numbers as a tensor of `dtype`: a view of the file where they lie there as they are wanted.
  func tensor(_ files: ONNXFiles) throws(ONNXProblem) -> Tensor {
    try check(files)
    guard let dtype, let count else { throw ONNXProblem("cannot be read") }
    let shape = Shape(dims)
    if let (bytes, keeper) = try bytes(files) {
      guard let base = bytes.baseAddress, count > 0 else { return Tensor(zeros: shape, dtype: dtype) }
      if [4, 12, 13].contains(elementType) { return try widened(base, count, dtype) }
      if dtype == .bool, let bad = bytes.prefix(count).first(where: { $0 > 1 }) {
        throw ONNXProblem("holds the byte \(bad) as a truth, which is 0 or 1")
      }
      let storage = TensorStorage(
        borrowing: UnsafeMutableRawPointer(mutating: base), byteCount: count * dtype.size, keeper: keeper)
      let view = Tensor(storage: storage, shape: shape, dtype: dtype)
      return UInt(bitPattern: base) % UInt(dtype.size) == 0 ? view : view.copied()
    }
    return try listedTensor(shape, dtype, count)
  }

  /// Unsigned numbers in a wider type.
  private func widened(_ base: UnsafeRawPointer, _ count: Int, _ dtype: DType) throws(ONNXProblem) -> Tensor {
    var tensor = Tensor(zeros: Shape(dims), dtype: dtype)
    var isTooLarge = false
    tensor.withUnsafeMutableBytes { target in
      for index in 0..<count {
        switch elementType {
        case 4:
          let value = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
          target.storeBytes(of: Int32(value), toByteOffset: index * 4, as: Int32.self)
        case 12:
          let value = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
          target.storeBytes(of: Int64(value), toByteOffset: index * 8, as: Int64.self)
        default:
          let value = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
          isTooLarge = isTooLarge || value > UInt64(Int64.max)
          target.storeBytes(of: Int64(truncatingIfNeeded: value), toByteOffset: index * 8, as: Int64.self)
        }
      }
    }
    if isTooLarge { throw ONNXProblem("holds a whole number above 2⁶³ − 1") }
    return tensor
  }

  private func listedTensor(_ shape: Shape, _ dtype: DType, _ count: Int) throws(ONNXProblem) -> Tensor {
    func list<T>(_ read: (ProtobufField, inout [T]) throws(ProtobufError) -> Void) throws(ONNXProblem) -> [T] {
      var values: [T] = []
      values.reserveCapacity(count)
      do throws(ProtobufError) { for field in listed { try read(field, &values) } } catch {
        throw ONNXProblem("is damaged: \(error)")
      }
      return values
    }
    func shaped<T: TensorScalar>(_ values: [T]) throws(ONNXProblem) -> Tensor {
      do throws(TensorError) { return try Tensor(values, shape: shape) } catch { throw ONNXProblem("\(error)") }
    }
    switch dtype {
    case .f32:
      return try shaped(
        try list { (field, values: inout [Float]) throws(ProtobufError) in try field.append(to: &values) })
    case .f64:
      return try shaped(
        try list { (field, values: inout [Double]) throws(ProtobufError) in try field.append(to: &values) })
    default:
      let integers = try list { (field, values: inout [Int64]) throws(ProtobufError) in try field.append(to: &values) }
      if dtype == .f16 || dtype == .bf16 {
        var tensor = Tensor(zeros: shape, dtype: dtype)
        guard integers.count == count else { throw ONNXProblem("has \(integers.count) numbers, not \(count)") }
        tensor.withUnsafeMutableBytes { target in
          for (index, value) in integers.enumerated() {
            target.storeBytes(of: UInt16(truncatingIfNeeded: value), toByteOffset: index * 2, as: UInt16.self)
          }
        }
        return tensor
      }
      let whole = try shaped(integers)
      return dtype == .i64 ? whole : whole.converted(to: dtype)
    }
  }
}
