import FoveaExecution
import FoveaGraphs
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Model {
  /// The parameters and states in the order of declaration.
  var leaves: [(value: Value, parameter: Parameter)] {
    (graph.parameters + graph.states).sorted { $0.value.id < $1.value.id }
  }

  /// Copies of all parameters and states by path, in the order of declaration.
  /// - Throws: `ExecutionError.missingTensor` when the store lacks one.
  public func parameterTensors() throws -> [(path: String, tensor: Tensor)] {
    let paths = leaves.map(\.parameter.path)
    return Array(zip(paths, try store.tensors(paths))).map { (path: $0.0, tensor: $0.1) }
  }

  /// Sets every parameter and state; all or, when anything does not fit, nothing.
  ///
  /// Tensors of another floating-point type are converted. PyTorch's `num_batches_tracked` is ignored.
  /// - Throws: `ModelError.parameters` with everything that is missing, unused or misshaped.
  public func loadParameters(_ tensors: [String: Tensor]) throws {
    var problems = ParameterProblems()
    var fitting: [(String, Tensor)] = []
    var known: Set<String> = []
    for (value, parameter) in leaves {
      let (path, type) = (parameter.path, graph[value].type)
      known.insert(path)
      guard let tensor = tensors[path] else {
        problems.missing.append(path)
        continue
      }
      guard PartialShape(tensor.shape) == type.shape, tensor.dtype == type.dtype || tensor.dtype.isFloat else {
        problems.misshaped.append(
          .init(path: path, expected: type, found: TensorType(tensor.dtype, tensor.shape)))
        continue
      }
      fitting.append((path, tensor.converted(to: type.dtype)))
    }
    problems.unused = tensors.keys.sorted().filter { !known.contains($0) && !$0.hasSuffix("num_batches_tracked") }
    guard problems.isEmpty else { throw ModelError.parameters(problems) }
    for (path, tensor) in fitting { try store.set(path, to: tensor) }
  }

  /// Asks before a slip of the pen fills the machine's memory.
  package static func checkMemory(of graph: Graph) throws(ExecutionError) {
    var bytes = 0
    for (value, _) in graph.parameters + graph.states {
      let (sum, overflow) = bytes.addingReportingOverflow(graph.shape(value).count * graph[value].type.dtype.size)
      bytes = overflow ? Int.max : sum
    }
    let machine = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    if machine > 0, bytes > machine { throw .tooLarge(what: "the parameters", bytes: bytes) }
  }
}
