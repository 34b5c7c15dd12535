import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// Small networks with inputs and what ONNX Runtime makes of them, in one file a set: CASE/model (the bytes of the file),
/// CASE/in/NAME and CASE/out/NAME.
enum ONNXGolden {
  static func cases(_ set: String) -> [String] {
    let file = try? SafetensorsFile(path: golden("onnx/\(set).safetensors"))
    return (file?.names ?? []).filter { $0.hasSuffix("/model") }.map { String($0.dropLast(6)) }.sorted()
  }

  /// Reads a case for its own arrays and holds the answers against those that are kept, their types included.
  static func check(_ name: String, of set: String) throws {
    let file = try SafetensorsFile(path: golden("onnx/\(set).safetensors"))
    func tensors(_ kind: String) throws -> [String: Tensor] {
      let names = file.names.filter { $0.hasPrefix("\(name)/\(kind)/") }
      return Dictionary(
        uniqueKeysWithValues: try names.map { (String($0.dropFirst(name.count + kind.count + 2)), try file.tensor($0)) }
      )
    }
    let directory = try TemporaryDirectory()
    let path = directory.file("m.onnx")
    try AtomicFile.write(try file.tensor("\(name)/model").array(of: UInt8.self), to: path, lasting: false)
    let arrays = try tensors("in")
    let model = try ONNXFile.read(path, for: arrays)
    let answers = try model.answers(arrays)
    let types = Dictionary(
      try ONNXFile.ends(path).outputs.map { ($0.name, $0.dtype) }, uniquingKeysWith: { first, _ in first })
    for (output, expected) in try tensors("out") {
      let found = try #require(answers[output], "\(output) is not there")
      #expect(found.shape == expected.shape)
      #expect(types[output] == expected.dtype)
      let (ours, theirs) = (found.array(of: Double.self), expected.array(of: Double.self))
      let largest = theirs.map(abs).max() ?? 0
      let worst = zip(ours, theirs).map { abs($0 - $1) }.max() ?? 0
      #expect(worst <= (expected.dtype == .f16 ? 1e-3 : 1e-5) * largest, "\(output): \(worst) of \(largest)")
    }
  }
}

extension Model {
  /// The outputs for these arrays, of which the inputs that are part of the network are passed over.
  func answers(_ arrays: [String: Tensor]) throws -> [String: Tensor] {
    var feeds: [Value: Tensor] = [:]
    for value in graph.inputs {
      let info = graph[value]
      feeds[value] = arrays[info.name].map { info.type.dtype.isFloat ? $0.converted(to: info.type.dtype) : $0 }
    }
    for (value, parameter) in graph.parameters + graph.states { feeds[value] = try store.tensor(parameter.path) }
    let all = try Interpreter.run(graph, feeds)
    return Dictionary(
      graph.outputs.compactMap { output in all[output.value].map { (output.name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }
}
