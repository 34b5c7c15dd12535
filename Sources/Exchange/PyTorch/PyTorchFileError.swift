import FoveaTensors

/// What can go wrong with a file of PyTorch's.
public enum PyTorchFileError: Error, Equatable {
  /// The file cannot be opened or mapped.
  case unreadable(TensorError)
  /// The file is not one of tensors that `torch.save` wrote.
  case malformed(path: String, PyTorchProblem)
  /// The file has no tensor of that name.
  case noSuchTensor(path: String, name: String, nearest: String?, count: Int)
}

/// How a file departs from tensors that `torch.save` wrote.
public enum PyTorchProblem: Error, Equatable {
  /// It does not begin as an archive.
  case notPyTorch
  /// The format of PyTorch before 0.1.10.
  case oldFormat
  /// The format before 1.6 in a version that does not exist.
  case legacyVersion
  /// The list of storages behind the pickle does not belong to its tensors.
  case storageKeys
  /// A storage behind the pickle ends after the file does.
  case storageCutOff(key: String, offset: Int)
  /// An archive of compiled code.
  case script
  /// An archive of something else.
  case noPickle
  /// Numbers with the highest byte first.
  case bigEndian
  /// The archive cannot be read.
  case archive(ZipProblem)
  /// The pickle that says what the tensors are cannot be read.
  case pickle(PickleProblem)
  /// Nothing in it is a tensor under a name.
  case noTensors(found: String)
  /// Several sets of tensors, and none has a usual name.
  case ambiguous([String])
  /// There are no bytes for a tensor.
  case noStorage(tensor: String, key: String)
  /// There are more or fewer bytes than a tensor's storage needs.
  case storageSize(tensor: String, key: String, elements: Int, dtype: DType, found: Int)
  /// A tensor that repeats its elements until it is larger than the file.
  case repeats(tensor: String, shape: Shape, elements: Int)
  /// A truth value that is neither 0 nor 1; found when the tensor is asked for.
  case badBool(tensor: String, index: Int, byte: UInt8)
}

extension PyTorchFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error): error.description
    case .malformed(let path, let problem): "\(path) cannot be read as weights of PyTorch: \(problem)"
    case .noSuchTensor(let path, let name, let nearest, let count):
      "\(path) has no tensor \(Named.short(name)) among its \(count); "
        + (nearest.map { "did you mean \(Named.short($0))?" } ?? "`names` lists what it has")
    }
  }
}

extension PyTorchProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notPyTorch:
      "it does not begin as a zip archive, which torch.save writes; it is cut off or of another format"
    case .oldFormat:
      "it is a tar archive, the format of PyTorch before 0.1.10; save it anew with "
        + "torch.save(torch.load(\"old.pth\"), \"new.pth\")"
    case .legacyVersion: "its version is not 1001, the only one of this format; download or save it again"
    case .storageKeys: "its list of storages does not belong to its tensors; download or save it again"
    case .storageCutOff(let key, let offset):
      "the numbers of its storage \(Named.short(key)) at byte \(offset) go on behind the end of the file; it is cut off: "
        + "download or save it again"
    case .script:
      "it is a TorchScript archive, which holds code; save the weights alone with torch.save(model.state_dict(), …)"
    case .noPickle:
      "the zip archive has no data.pkl, so torch.save did not write it; give a file of torch.save(model.state_dict(), …)"
    case .bigEndian: "its numbers have the highest byte first; save it on a little-endian machine"
    case .archive(let problem): problem.description
    case .pickle(let problem): problem.description
    case .noTensors(let found):
      "it holds \(found) without tensors under names; save model.state_dict() with torch.save"
    case .ambiguous(let names):
      "it holds several sets of tensors: "
        + names.prefix(10).map(Named.short).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
        + "; save the one you mean with torch.save"
    case .noStorage(let tensor, let key):
      "there are no data for the tensor \(Named.short(tensor)): no entry data/\(Named.short(key)); save it again"
    case .storageSize(let tensor, let key, let elements, let dtype, let found):
      "the tensor \(Named.short(tensor)) lies in \(elements) elements of type \(dtype.rawValue), and their entry "
        + "data/\(Named.short(key)) has \(found) bytes; save it again"
    case .repeats(let tensor, let shape, let elements):
      "the tensor \(Named.short(tensor)) repeats \(elements) elements until they are \(shape), more than the file holds; "
        + "save it after .contiguous()"
    case .badBool(let tensor, let index, let byte):
      "element \(index) of the bool tensor \(Named.short(tensor)) is \(byte), neither 0 nor 1; save it as uint8"
    }
  }
}
