/// NumPy's file of one array, `.npy`.
package enum NPY {
  private static let magic: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

  /// The array in `bytes`, copied into C order; `name` is what errors call them.
  /// - Throws: `TensorError.format`.
  package static func decode(_ bytes: UnsafeRawBufferPointer, name: String) throws(TensorError) -> Tensor {
    do {
      return try decode(bytes)
    } catch {
      throw error.error(name)
    }
  }

  /// What stands before the elements in a version 1.0 file; a multiple of 64 bytes, as NumPy pads it.
  static func header(shape: Shape, dtype: DType, isUnsigned: Bool = false) throws(NPYProblem) -> [UInt8] {
    let header = NPYHeader(dtype: dtype, isFortranOrder: false, shape: shape, isUnsigned: isUnsigned)
    var text = Array(try header.text().utf8)
    let prefix = magic.count + 4
    let padding = (64 - (prefix + text.count + 1) % 64) % 64
    text += repeatElement(0x20, count: padding)
    text.append(0x0a)
    guard text.count <= 0xffff else { throw .shape(shape.dims) }
    return magic + [1, 0, UInt8(text.count & 0xff), UInt8(text.count >> 8)] + text
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer) throws(NPYProblem) -> Tensor {
    guard bytes.count >= magic.count, bytes.prefix(magic.count).elementsEqual(magic) else { throw .notNPY }
    guard bytes.count >= 12 else { throw .cutOff(expected: 12, found: bytes.count) }
    let version = Int(bytes[6])
    guard (1...3).contains(version) else { throw .version(version) }
    // Version 1 counts its header in two bytes, the later ones in four.
    let start = version == 1 ? 10 : 12
    var length = 0
    for index in (8..<start).reversed() { length = length << 8 | Int(bytes[index]) }
    guard start + length <= bytes.count else { throw .cutOff(expected: start + length, found: bytes.count) }
    // NumPy itself reads no header longer than this.
    guard length <= 65_536 else { throw .header("claims \(length) bytes for itself, at most 65536 make sense") }
    let header = try NPYHeader(text: Array(bytes[start..<start + length]))
    let size = header.shape.count * header.dtype.size
    let (end, overflow) = (start + length).addingReportingOverflow(size)
    guard !overflow else { throw .shape(header.shape.dims) }
    guard end <= bytes.count else { throw .cutOff(expected: end, found: bytes.count) }
    let elements = UnsafeRawBufferPointer(rebasing: bytes[(start + length)..<end])
    let read = tensor(header, elements)
    return header.isUnsigned ? try widened(read) : read
  }

  /// Numbers without a sign, which `bits` holds in the signed type of their size, in the next wider type.
  private static func widened(_ bits: Tensor) throws(NPYProblem) -> Tensor {
    var result = Tensor(zeros: bits.shape, dtype: bits.dtype == .i16 ? .i32 : .i64)
    let isTooLarge = bits.withUnsafeBytes { from in
      result.withUnsafeMutableBytes { to in
        for index in 0..<bits.count {
          switch bits.dtype {
          case .i16:
            let value = Int32(from.load(fromByteOffset: index * 2, as: UInt16.self))
            to.storeBytes(of: value, toByteOffset: index * 4, as: Int32.self)
          case .i32:
            let value = Int64(from.load(fromByteOffset: index * 4, as: UInt32.self))
            to.storeBytes(of: value, toByteOffset: index * 8, as: Int64.self)
          default:
            let value = from.load(fromByteOffset: index * 8, as: Int64.self)
            if value < 0 { return true }
            to.storeBytes(of: value, toByteOffset: index * 8, as: Int64.self)
          }
        }
        return false
      }
    }
    if isTooLarge { throw .tooLarge }
    return result
  }

  private static func tensor(_ header: NPYHeader, _ elements: UnsafeRawBufferPointer) -> Tensor {
    let shape = header.shape
    let size = header.dtype.size
    var result = Tensor(zeros: shape, dtype: header.dtype)
    result.withUnsafeMutableBytes { target in
      if !header.isFortranOrder || shape.rank < 2 {
        target.copyMemory(from: elements)
      } else {
        reverseAxes(shape, size, from: elements, to: target)
      }
      // Any other bit pattern is not a Bool in Swift.
      if header.dtype == .bool {
        for index in target.indices where target[index] != 0 { target[index] = 1 }
      }
    }
    return result
  }

  /// Copies from first-axis-innermost to last-axis-innermost order.
  private static func reverseAxes(
    _ shape: Shape, _ size: Int, from: UnsafeRawBufferPointer, to: UnsafeMutableRawBufferPointer
  ) {
    guard shape.count > 0, let source = from.baseAddress, let target = to.baseAddress else { return }
    var steps = [Int](repeating: size, count: shape.rank)
    for axis in 1..<shape.rank { steps[axis] = steps[axis - 1] * shape[axis - 1] }
    var place = [Int](repeating: 0, count: shape.rank)
    var offset = 0
    for index in 0..<shape.count {
      (target + index * size).copyMemory(from: source + offset, byteCount: size)
      var axis = shape.rank - 1
      while axis >= 0 {
        place[axis] += 1
        offset += steps[axis]
        if place[axis] < shape[axis] { break }
        offset -= steps[axis] * shape[axis]
        place[axis] = 0
        axis -= 1
      }
    }
  }
}

extension Tensor {
  /// Reads the array in a NumPy `.npy` file (versions 1 to 3, little-endian, C or Fortran order). Unsigned numbers of 16
  /// bits and more become the next wider signed type.
  ///
  /// ```swift
  /// let image = try Tensor(npy: "image.npy")   // e.g. [N, C, H, W]
  /// ```
  /// - Throws: `TensorError.file` when it cannot be read, `TensorError.format` when it is no such
  ///   array or cut off.
  public init(npy path: String) throws(TensorError) {
    let file = try MappedFile(path: path)
    self = try NPY.decode(file.bytes, name: path)
    withExtendedLifetime(file) {}
  }

  /// Writes whole numbers that are not negative as NumPy's unsigned ones of `bits` bits, 16, 32 or 64.
  /// - Throws: as `writeNPY(to:)`.
  package func writeUnsignedNPY(to path: String, bits: Int) throws(TensorError) {
    // Two's complement keeps the low bits.
    try converted(to: .i64).truncated(to: bits == 16 ? .i16 : bits == 32 ? .i32 : .i64).writeNPY(
      to: path, isUnsigned: true)
  }

  /// The low bits of 64-bit numbers.
  private func truncated(to dtype: DType) -> Tensor {
    var result = Tensor(zeros: shape, dtype: dtype)
    withUnsafeBytes { from in
      result.withUnsafeMutableBytes { to in
        for index in 0..<count {
          let part = UnsafeRawBufferPointer(rebasing: from[index * 8..<index * 8 + dtype.size])
          UnsafeMutableRawBufferPointer(rebasing: to[index * dtype.size..<(index + 1) * dtype.size]).copyMemory(
            from: part)
        }
      }
    }
    return result
  }

  /// Writes a NumPy `.npy` file (version 1.0, C order): the whole file or none.
  /// - Throws: `TensorError.file` when it cannot be written, `TensorError.format` for bf16, which
  ///   NumPy does not have.
  public func writeNPY(to path: String) throws(TensorError) { try writeNPY(to: path, isUnsigned: false) }

  private func writeNPY(to path: String, isUnsigned: Bool) throws(TensorError) {
    let header: [UInt8]
    do {
      header = try NPY.header(shape: shape, dtype: dtype, isUnsigned: isUnsigned)
    } catch {
      throw error.error(path)
    }
    do throws(FileError) {
      try AtomicFile.write(to: path) { (file) throws(FileError) in
        try file.write(header)
        try withUnsafeBytes { (bytes) throws(FileError) in try file.write(bytes) }
      }
    } catch { throw TensorError(error) }
  }
}
