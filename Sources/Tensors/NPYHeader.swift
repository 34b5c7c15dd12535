/// The header of a `.npy` file: a Python dictionary, as NumPy's format description (NEP 1) has it.
struct NPYHeader: Equatable {
  var dtype: DType
  var isFortranOrder: Bool
  var shape: Shape
  /// True where the elements have no sign; they become the next wider type.
  var isUnsigned = false

  /// What NumPy calls each element type; bfloat16 it does not have.
  static func descriptor(of dtype: DType) -> String? {
    switch dtype {
    case .f64: "<f8"
    case .f32: "<f4"
    case .f16: "<f2"
    case .i64: "<i8"
    case .i32: "<i4"
    case .i16: "<i2"
    case .i8: "|i1"
    case .u8: "|u1"
    case .bool: "|b1"
    case .bf16: nil
    }
  }

  /// What NumPy calls unsigned elements of the size of a signed type.
  static func unsignedDescriptor(of dtype: DType) -> String? {
    switch dtype {
    case .i16: "<u2"
    case .i32: "<u4"
    case .i64: "<u8"
    default: nil
    }
  }

  /// The element type of a NumPy name, for unsigned ones the signed type of their size; the order mark does not matter for
  /// single bytes.
  static func dtype(of descriptor: String) throws(NPYProblem) -> (dtype: DType, isUnsigned: Bool) {
    guard let mark = descriptor.utf8.first else { throw .elements(descriptor) }
    let hasMark = "<>|=".utf8.contains(mark)
    let kind = hasMark ? String(descriptor.dropFirst()) : descriptor
    func known(_ name: (DType) -> String?) -> DType? {
      DType.allCases.first { name($0).map { $0.dropFirst() == kind } ?? false }
    }
    let unsigned = known(unsignedDescriptor)
    guard let found = known(self.descriptor) ?? unsigned else { throw .elements(descriptor) }
    if mark == UInt8(ascii: ">"), found.size > 1 { throw .bigEndian(descriptor) }
    return (found, unsigned != nil)
  }

  /// The text that NumPy itself writes, without padding.
  func text() throws(NPYProblem) -> String {
    let name = isUnsigned ? NPYHeader.unsignedDescriptor(of: dtype) : NPYHeader.descriptor(of: dtype)
    guard let descriptor = name else { throw .noName(dtype) }
    let dims = shape.dims.map(String.init).joined(separator: ", ")
    let tuple = shape.rank == 1 ? "(\(dims),)" : "(\(dims))"
    return "{'descr': '\(descriptor)', 'fortran_order': \(isFortranOrder ? "True" : "False"), 'shape': \(tuple), }"
  }
}

extension NPYHeader {
  /// Reads the dictionary from its text.
  init(text: [UInt8]) throws(NPYProblem) {
    var scanner = NPYScanner(text: text)
    var dtype: (dtype: DType, isUnsigned: Bool)?
    var fortran: Bool?
    var dims: [Int]?
    try scanner.expect("{")
    while !scanner.take("}") {
      let key = try scanner.string()
      try scanner.expect(":")
      switch key {
      case "descr":
        guard scanner.peek() != UInt8(ascii: "[") else { throw .structured }
        dtype = try NPYHeader.dtype(of: scanner.string())
      case "fortran_order": fortran = try scanner.bool()
      case "shape": dims = try scanner.tuple()
      default: throw .header("has the unknown key '\(key)'")
      }
      if !scanner.take(",") {
        try scanner.expect("}")
        break
      }
    }
    guard let dtype else { throw .header("lacks 'descr'") }
    guard let fortran else { throw .header("lacks 'fortran_order'") }
    guard let dims else { throw .header("lacks 'shape'") }
    // An extent of 0 hides an overflow of the others, which strides would still meet.
    guard Shape(dims.map { max($0, 1) }).checkedCount != nil, let count = Shape(dims).checkedCount,
      !count.multipliedReportingOverflow(by: dtype.dtype.size).overflow
    else { throw .shape(dims) }
    self.init(dtype: dtype.dtype, isFortranOrder: fortran, shape: Shape(dims), isUnsigned: dtype.isUnsigned)
  }
}

/// The few words of Python that a header is made of.
private struct NPYScanner {
  let text: [UInt8]
  var position = 0

  init(text: [UInt8]) { self.text = text }

  /// The next byte that is not white space.
  mutating func peek() -> UInt8? {
    while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
    return position < text.count ? text[position] : nil
  }

  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard let next = peek(), UInt32(next) == mark.value else { return false }
    position += 1
    return true
  }

  mutating func expect(_ mark: Unicode.Scalar) throws(NPYProblem) {
    let at = position
    guard take(mark) else { throw .header("has no '\(mark)' at byte \(at)") }
  }

  mutating func string() throws(NPYProblem) -> String {
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw .header("has no quoted text at byte \(position)")
    }
    guard let end = text[(position + 1)...].firstIndex(of: quote) else { throw .header("has a quote without an end") }
    defer { position = end + 1 }
    return String(decoding: text[(position + 1)..<end], as: UTF8.self)
  }

  mutating func word() -> String {
    _ = peek()
    let start = position
    while position < text.count, isWordByte(text[position]) { position += 1 }
    return String(decoding: text[start..<position], as: UTF8.self)
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x2d
  }

  mutating func bool() throws(NPYProblem) -> Bool {
    switch word() {
    case "True": return true
    case "False": return false
    case let other: throw .header("says '\(other)' where True or False belongs")
    }
  }

  mutating func tuple() throws(NPYProblem) -> [Int] {
    var dims: [Int] = []
    try expect("(")
    while !take(")") {
      var digits = word()
      // Python 2 wrote long integers with an L.
      if digits.hasSuffix("L") { digits.removeLast() }
      guard let extent = Int(digits), extent >= 0 else { throw .header("has the extent '\(digits)'") }
      dims.append(extent)
      guard dims.count <= 64 else { throw .header("has more than 64 axes") }
      if !take(",") {
        try expect(")")
        break
      }
    }
    return dims
  }
}

/// What can be wrong with a `.npy` file.
enum NPYProblem: Error, Equatable {
  case notNPY
  case version(Int)
  case cutOff(expected: Int, found: Int)
  case header(String)
  case elements(String)
  case bigEndian(String)
  case structured
  case shape([Int])
  case noName(DType)
  case tooLarge

  func error(_ path: String) -> TensorError { .format(path: path, problem: problem, mend: mend) }

  private var problem: String {
    switch self {
    case .notNPY: "is not a .npy file (it does not begin with \\x93NUMPY)"
    case .version(let version): "is a .npy file of version \(version), known are 1, 2 and 3"
    case .cutOff(let expected, let found): "its header needs \(expected) bytes in the file, which has \(found)"
    case .header(let what): "the header \(what)"
    case .elements(let name): "holds elements of NumPy type '\(name)', which no tensor has"
    case .bigEndian(let name): "holds big-endian elements ('\(name)'), tensors are little-endian"
    case .structured: "holds records of several fields, a tensor has one number per element"
    case .shape(let dims): "claims the shape \(dims), more elements than can be counted"
    case .noName(let dtype): "NumPy has no name for elements of type \(dtype.rawValue)"
    case .tooLarge: "holds a whole number above 2⁶³ − 1"
    }
  }

  private var mend: String {
    switch self {
    case .notNPY, .version: "write it with numpy.save"
    case .cutOff, .header, .shape: "it is cut off or damaged: write it again"
    case .elements, .bigEndian: "convert it first, e.g. numpy.save(path, array.astype('<f4'))"
    case .structured: "save one field, e.g. numpy.save(path, array['x'])"
    case .tooLarge: "convert it first, e.g. numpy.save(path, array.astype('<f4'))"
    case .noName: "convert the tensor to f32 first"
    }
  }
}
