import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// The tensors of a file held against the parameters and states of a network.
struct FileTensors {
  let file: any TensorFile

  init(_ file: any TensorFile) { self.file = file }

  /// The tensor of every parameter and state, in the order of declaration.
  /// - Throws: `ModelFileError.tensors` with all problems at once.
  func matched(
    to graph: Graph, except left: Set<String> = [], ignoring isIgnored: (String) -> Bool
  ) throws -> [(path: String, tensor: Tensor)] {
    let leaves = (graph.parameters + graph.states).sorted { $0.value.id < $1.value.id }
      .filter { !left.contains($0.parameter.path) }
    var problems = TensorProblems()
    var known: Set<String> = []
    var absent: [String] = []
    for (value, parameter) in leaves {
      let (path, expected) = (parameter.path, graph[value].type)
      guard known.insert(path).inserted else { continue }
      guard let shape = file.shape(of: path), let dtype = file.dtype(of: path) else {
        absent.append(path)
        continue
      }
      let found = TensorType(dtype, shape)
      let converts = dtype == expected.dtype || (dtype.isFloat && expected.dtype.isFloat)
      if found.shape != expected.shape || !converts { problems.misshaped.append((path, expected, found)) }
    }
    problems.unused = file.names.filter {
      !known.contains($0) && !left.contains($0) && !$0.hasPrefix(ModelFile.reservedPrefix) && !isIgnored($0)
    }
    problems.missing = absent.map { ($0, nearestName(to: $0, among: problems.unused)) }
    guard problems.isEmpty else { throw ModelFileError.tensors(path: file.path, problems) }
    var result: [(path: String, tensor: Tensor)] = []
    for (value, parameter) in leaves where known.remove(parameter.path) != nil {
      do {
        let tensor = try file.tensor(parameter.path)
        result.append((parameter.path, tensor.converted(to: graph[value].type.dtype)))
      } catch { throw ModelFileError.wrapping(error) }
    }
    return result
  }
}

extension ModelFile {
  /// Sets every parameter and state of a model from a file of tensors: `.safetensors`, with or without a graph inside,
  /// or `.pth` as PyTorch saves it; all or, when anything does not fit, nothing.
  ///
  /// Other floating-point types are converted. PyTorch's `num_batches_tracked` is ignored.
  /// - Throws: `ModelFileError.tensors` with everything that is missing, unused or misshaped.
  /// - Returns: what was left out or renamed in the file, in sentences for people (`TensorFile.remarks`).
  @discardableResult
  public static func loadWeights(_ path: String, into model: Model) throws -> [String] {
    let paths = (model.graph.parameters + model.graph.states).map(\.parameter.path)
    let file = try tensorFile(path).fitted(to: paths)
    try loadWeights(file, into: model, except: [])
    return file.remarks
  }

  /// The same, but for the paths in `left`, which keep their values whether the file has them or not, and for names
  /// that begin as one of `prefixes`, which the model may lack.
  static func loadWeights(
    _ file: any TensorFile, into model: Model, except left: Set<String>, leavingOut prefixes: [String] = []
  ) throws {
    let tensors = try FileTensors(file).matched(to: model.graph, except: left) { name in
      isCounter(name) || prefixes.contains(where: name.hasPrefix)
    }
    for (path, tensor) in tensors { try model.store.set(path, to: tensor) }
  }

  /// PyTorch counts the batches that a norm has seen.
  static func isCounter(_ name: String) -> Bool {
    name == "num_batches_tracked" || name.hasSuffix(".num_batches_tracked")
  }
}
