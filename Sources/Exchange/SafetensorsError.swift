import FoveaTensors

/// What can go wrong with a `.safetensors` file.
public enum SafetensorsError: Error, Equatable {
  /// The file cannot be opened or mapped.
  case unreadable(TensorError)
  /// The file cannot be written; an older one of that name is untouched.
  case unwritable(FileError)
  /// The file is not what the format says.
  case malformed(path: String, SafetensorsProblem)
  /// The file has no tensor of that name.
  case noSuchTensor(path: String, name: String, nearest: String?, count: Int)
  /// Two tensors to be written share a name.
  case duplicateName(path: String, name: String)
  /// A tensor to be written bears the name that the format keeps for itself.
  case reservedName(path: String, name: String)
  /// The header to be written is longer than readers accept.
  case headerTooLong(path: String, length: Int, limit: Int)
}

/// How a file departs from the safetensors format.
public enum SafetensorsProblem: Error, Equatable {
  /// Not even the header's length fits.
  case tooShort(length: Int)
  /// The header would end behind the file.
  case headerPastEnd(stated: UInt64, available: Int)
  /// The header is longer than the format allows.
  case headerTooLong(stated: UInt64, limit: Int)
  /// The header cannot be parsed, or a name comes twice in it.
  case headerNotJSON(reason: String)
  /// The header is some other JSON.
  case headerNotObject
  /// The metadata are not strings by name; `key` is the first that is none.
  case badMetadata(key: String?)
  /// A tensor's entry lacks a field, or the field is of another kind.
  case badEntry(tensor: String, field: String, expected: String)
  /// An element type that we do not have.
  case unknownDType(tensor: String, dtype: String)
  /// A shape whose size overflows.
  case badShape(tensor: String, dims: [Int])
  /// Shape and type take another number of bytes than the entry claims.
  case sizeMismatch(tensor: String, shape: Shape, dtype: DType, needed: Int, stated: Int)
  /// The entry claims bytes behind the end of the file.
  case pastEnd(tensor: String, begin: Int, end: Int, available: Int)
  /// Two tensors claim the same bytes.
  case overlap(first: String, second: String, at: Int)
  /// Bytes before a tensor belong to none.
  case gap(before: String, from: Int, to: Int)
  /// Bytes behind the last tensor belong to none.
  case unusedBytes(from: Int, to: Int)
  /// A truth value that is neither 0 nor 1; found when the tensor is asked for.
  case badBool(tensor: String, index: Int, byte: UInt8)
}

extension SafetensorsError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error): error.description
    case .unwritable(let error): error.description
    case .malformed(let path, let problem): "\(path) is not a sound safetensors file: \(problem)"
    case .noSuchTensor(let path, let name, let nearest, let count):
      "\(path) has no tensor \(Named.short(name)) among its \(count); "
        + (nearest.map { "did you mean \(Named.short($0))?" } ?? "`names` lists what it has")
    case .duplicateName(let path, let name):
      "cannot write \(path): two tensors are called \(Named.short(name)); give each its own name"
    case .reservedName(let path, let name):
      "cannot write \(path): the name \(Named.short(name)) belongs to the format; rename the tensor"
    case .headerTooLong(let path, let length, let limit):
      "cannot write \(path): its header would have \(length) bytes, readers accept \(limit); shorten the metadata"
    }
  }
}

extension SafetensorsProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooShort(let length):
      "it has \(length) bytes, the header's length alone takes 8; save or download it again"
    case .headerPastEnd(let stated, let available):
      "the header claims \(stated) bytes, \(available) follow; the file is cut off or of another format"
    case .headerTooLong(let stated, let limit):
      "the header claims \(stated) bytes, the format allows \(limit); the file is probably of another format"
    case .headerNotJSON(let reason):
      "the header is not JSON: \(reason); save or download it again"
    case .headerNotObject:
      "the header does not begin with {; the file is probably of another format"
    case .badMetadata(let key):
      (key.map { "the metadata \(Named.short($0)) is not a string" } ?? "__metadata__ is not an object")
        + "; write every metadata value as a string"
    case .badEntry(let tensor, let field, let expected):
      "tensor \(Named.short(tensor)) has no proper \"\(field)\": expected \(expected); save it again"
    case .unknownDType(let tensor, let dtype):
      "tensor \(Named.short(tensor)) has dtype \(Named.short(dtype)), known are \(Safetensors.dtypeNames); "
        + "convert it before saving"
    case .badShape(let tensor, let dims):
      "tensor \(Named.short(tensor)) has shape \(dims), more elements than can be counted; save it again"
    case .sizeMismatch(let tensor, let shape, let dtype, let needed, let stated):
      "tensor \(Named.short(tensor)) of shape \(shape) and type \(dtype.rawValue) takes \(needed) bytes, "
        + "its data_offsets span \(stated); save it again"
    case .pastEnd(let tensor, let begin, let end, let available):
      "tensor \(Named.short(tensor)) claims bytes \(begin)..<\(end), the file has \(available) bytes of data; "
        + "it is cut off: download it again"
    case .overlap(let first, let second, let at):
      "tensors \(Named.short(first)) and \(Named.short(second)) both claim byte \(at) of the data; save it again"
    case .gap(let before, let from, let to):
      "no tensor claims bytes \(from)..<\(to) of the data, before \(Named.short(before)); save it again"
    case .unusedBytes(let from, let to):
      "no tensor claims bytes \(from)..<\(to) at the end of the data; save it again"
    case .badBool(let tensor, let index, let byte):
      "element \(index) of the BOOL tensor \(Named.short(tensor)) is \(byte), neither 0 nor 1; save it as U8"
    }
  }
}
