import FoveaTensors

/// A value that a pickle makes.
///
/// Containers are numbers of the reader's own lists: a pickle may put a container into itself, or ten thousand into one
/// another, and neither a cycle nor the depth can do harm to numbers.
enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  /// Something that is passed over: bytes, an integer of more than 64 bits.
  case other
  case list(Int)
  case tuple(Int)
  case dict(Int)
  case global(PickleGlobal)
  case storage(Int)
  case tensor(Int)

  /// What it is called in messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .int: "an int"
    case .float: "a float"
    case .string: "a string"
    case .other: "a value of another type"
    case .list: "a list"
    case .tuple: "a tuple"
    case .dict: "a dict"
    case .global: "a function or class"
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// The only names that a pickle may ask for. None of them is ever called: the reader knows what they stand for.
enum PickleGlobal: Equatable {
  case orderedDict
  case size
  case rebuildTensor
  case rebuildParameter
  case storage(DType)

  /// - Throws: `PickleProblem.global` for every other name, `.elements` for a type of elements that we do not have.
  init(module: String, name: String) throws(PickleProblem) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDict
    case ("torch", "Size"): self = .size
    case ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", _) where name.hasSuffix("Storage"):
      guard let dtype = PickleGlobal.dtypes[name] else { throw .elements(storage: name) }
      self = .storage(dtype)
    default: throw .global("\(module).\(name)")
    }
  }

  private static let dtypes: [String: DType] = [
    "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "LongStorage": .i64,
    "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8, "BoolStorage": .bool,
  ]
}

/// The bytes that tensors are views of, or a part of them.
struct PickleStorage {
  /// Names the bytes: the archive's entry `data/KEY`, or before PyTorch 1.6 the list behind the pickle.
  let key: String
  let dtype: DType
  /// Elements of the whole before this part.
  let first: Int
  /// Elements.
  let count: Int
  /// Elements of the whole.
  let whole: Int
}

/// A view of a storage.
struct PickleTensor {
  let storage: PickleStorage
  /// Elements before the first.
  let offset: Int
  let shape: Shape
  /// Elements from one to the next, per axis.
  let strides: [Int]

  /// Row by row without gaps.
  var isContiguous: Bool {
    var step = 1
    for axis in shape.dims.indices.reversed() {
      // An axis of one place never steps.
      if shape[axis] != 1, strides[axis] != step { return false }
      step *= shape[axis]
    }
    return true
  }

  /// Checks that every element lies in the storage.
  init(_ storage: PickleStorage, offset: Int, sizes: [Int], strides: [Int]) throws(PickleProblem) {
    let shape = Shape(sizes)
    // The strides of [0, 2⁴⁰, 2⁴⁰] overflow although it has no elements.
    guard sizes.count <= 64, sizes.count == strides.count, sizes.allSatisfy({ $0 >= 0 }),
      strides.allSatisfy({ $0 >= 0 }), offset >= 0,
      let most = Shape(sizes.map { max($0, 1) }).checkedCount, most <= 1 << 56
    else { throw .view(sizes: sizes, strides: strides, offset: offset, elements: storage.count) }
    var end = offset
    if shape.count > 0 {
      for (size, stride) in zip(sizes, strides) {
        let (step, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
        let (sum, more) = end.addingReportingOverflow(step)
        guard !overflow, !more else {
          throw .view(sizes: sizes, strides: strides, offset: offset, elements: storage.count)
        }
        end = sum
      }
      guard end < storage.count else {
        throw .view(sizes: sizes, strides: strides, offset: offset, elements: storage.count)
      }
    }
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.strides = strides
  }
}

/// What keeps a pickle from being read.
public enum PickleProblem: Error, Equatable {
  /// It is longer than any table of tensors.
  case tooLong(bytes: Int, limit: Int)
  /// It makes more tensors than any network has.
  case tooMany(limit: Int)
  /// It ends in the middle.
  case cutOff(at: Int)
  /// An instruction that files of tensors do not have.
  case instruction(UInt8, at: Int)
  /// An instruction that finds something else on the stack than it needs.
  case stack(at: Int)
  /// A function or class that is neither a tensor's nor a container's.
  case global(String)
  /// A known name with what it does not take.
  case call(String, found: String)
  /// Elements of a type that we do not have.
  case elements(storage: String)
  /// A tensor whose elements do not all lie in its storage.
  case view(sizes: [Int], strides: [Int], offset: Int, elements: Int)
}

extension PickleProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooLong(let bytes, let limit):
      "its data.pkl has \(bytes) bytes, and a table of tensors has at most \(limit); save the state_dict alone"
    case .tooMany(let limit): "it makes more than \(limit) tensors; save the state_dict alone"
    case .cutOff(let at): "its data.pkl ends at byte \(at) in the middle; download or save it again"
    case .instruction(let code, let at):
      "byte \(at) of its data.pkl is the instruction \(code), which files of tensors do not have; "
        + "save model.state_dict() with torch.save"
    case .stack(let at): "its data.pkl is damaged at byte \(at); download or save it again"
    case .global(let name):
      "the file asks to call \(Named.short(name)), which is neither a tensor nor a container; nothing was run: "
        + "save model.state_dict() with torch.save, not the model or other objects"
    case .call(let name, let found): "its data.pkl hands \(found) to \(name); download or save it again"
    case .elements(let storage):
      "it has elements of \(Named.short("torch." + storage)), and known are "
        + DType.allCases.map(\.rawValue).joined(separator: ", ") + "; convert them before saving"
    case .view(let sizes, let strides, let offset, let elements):
      "a tensor of sizes \(PickleProblem.short(sizes)), strides \(PickleProblem.short(strides)) and offset \(offset) "
        + "does not lie in its storage of \(elements) elements; download or save it again"
    }
  }

  private static func short(_ list: [Int]) -> String {
    list.count <= 8 ? "\(list)" : "[\(list.prefix(8).map(String.init).joined(separator: ", ")), …]"
  }
}
