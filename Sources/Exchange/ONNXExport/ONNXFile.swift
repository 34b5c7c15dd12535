import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// ONNX files: networks as other programs read them.
public enum ONNXFile {
  /// What a written network is for.
  public enum Form: String, Sendable, CaseIterable {
    /// Inference: dropout is gone, norms use their running statistics.
    case evaluation
    /// Training: Dropout and BatchNormalization in their training mode, the latter with the statistics after the step.
    case training
  }

  /// Writes a model's graph and values as an ONNX file: the whole file or none.
  ///
  /// Every node becomes one ONNX node where the standard has the operator, else a few of them (`docs/onnx.md` lists
  /// all). Names of nodes, values, inputs and outputs are the graph's, parameters bear their paths. Open axes are
  /// called N, C, H, W. Preprocessing, class names and the model's name are metadata. The file is of operator set 17,
  /// or of the lowest later one that a node needs.
  ///
  /// ```swift
  /// try ONNXFile.write(model, to: "lenet.onnx")
  /// ```
  ///
  /// Weights go from the store to the file one by one. Where they are more than a protobuf message can hold (2 GB) they
  /// lie in a file beside it, `PATH.data`.
  /// - Throws: `ONNXExportError` with every node that ONNX has no operators for; `ExecutionError.missingTensor`.
  public static func write(_ model: Model, to path: String, form: Form = .evaluation) throws {
    try write(model, to: path, form: form, limit: ONNXExport.messageLimit)
  }

  /// The same; values lie beside the file where it would have more than `limit` bytes.
  package static func write(_ model: Model, to path: String, form: Form, limit: Int) throws {
    let message = try ONNXExport.message(of: model, form: form)
    let values = ONNXExport.Values(model.store)
    try values.check(message)
    do throws(FileError) {
      try ONNXExport.MessageWriter(message, values, limit: limit).write(to: path)
    } catch { throw values.failure ?? ONNXExportError.file(error) }
  }
}
