import FoveaTensors

/// A file of named tensors, whatever its format: opening it reads names and shapes, and a tensor's bytes are touched
/// when it is asked for.
///
/// `SafetensorsFile` and `PyTorchFile` are two; weights come from either.
public protocol TensorFile: Sendable {
  /// The file's path, as it was given.
  var path: String { get }
  /// The names of the tensors, in the file's order.
  var names: [String] { get }
  /// Texts that the file holds beside its tensors; empty where the format has none.
  var metadata: [String: String] { get }
  /// What was left out or renamed while reading, in sentences for people; mostly nothing.
  var remarks: [String] { get }

  /// The shape of a tensor, or nil where there is none of that name.
  func shape(of name: String) -> Shape?
  /// The element type of a tensor, or nil where there is none of that name.
  func dtype(of name: String) -> DType?
  /// The tensor of that name.
  /// - Throws: the format's own error where there is none of that name, or its bytes are not what they should be.
  func tensor(_ name: String) throws -> Tensor
}

extension TensorFile {
  public var remarks: [String] { [] }
}

extension SafetensorsFile: TensorFile {}
extension PyTorchFile: TensorFile {}

extension ModelFileError {
  /// What is wrong with a file of tensors, as an error of models; anything else as it is.
  static func wrapping(_ error: any Error) -> any Error {
    switch error {
    case let error as SafetensorsError: ModelFileError.file(error)
    case let error as PyTorchFileError: ModelFileError.pytorch(error)
    default: error
    }
  }
}
