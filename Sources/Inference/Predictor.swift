import FoveaData
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import FoveaVision

/// Runs a model on pictures or on tensors: decodes, prepares, plans, runs, names the classes.
///
/// ```swift
/// let predictor = Predictor(model, device: .reference)
/// let answers = try await predictor.predict(paths: ["bag.png"], top: 3)
/// print(answers[0][0].name, answers[0][0].probability)
/// ```
///
/// It owns one thread, on which all its plans run; plans are kept per shape.
public final class Predictor: Sendable {
  /// What is run.
  public let model: Model
  /// Where it runs.
  public let device: Device
  private let runner: Runner
  private let preprocessing: Preprocessing
  /// True for a network of a file whose pictures have their channels last, as Keras's have.
  private let isChannelsLast: Bool
  /// The type of the input's elements.
  private let dtype: DType

  /// Pictures that run at once.
  static let batch = 32

  /// Nothing is planned yet.
  public init(_ model: Model, device: Device) {
    self.model = model
    self.device = device
    runner = Runner(model, device)
    preprocessing = Predictor.preprocessing(of: model)
    // An extent that is open is that of a picture, and neither 1 nor 3.
    let input = model.graph.inputs.first.flatMap { model.graph[$0].type.shape.dims }?.dropFirst().map { $0 ?? 2 }
    isChannelsLast = input.map { Shape(Array($0)).isChannelsLast } ?? false
    dtype = model.graph.inputs.first.map { model.graph[$0].type.dtype } ?? .f32
  }

  /// The model's own preprocessing; one that says nothing about the size takes that of the input, where
  /// the input has a fixed one.
  private static func preprocessing(of model: Model) -> Preprocessing {
    var result = model.preprocessing
    guard result.size == nil, let value = model.graph.inputs.first,
      case .input(let open) = model.graph[value].source, let shape = model.graph[value].type.shape.concrete,
      shape.rank == 4
    else { return result }
    let first = Shape(Array(shape.dims.dropFirst())).isChannelsLast ? 1 : 2
    guard open.isDisjoint(with: [first, first + 1]) else { return result }
    result.size = [shape[first], shape[first + 1]]
    return result
  }

  /// The `top` most probable classes of each picture, best first.
  ///
  /// Pictures of one shape run together, at most 32 at once.
  /// - Throws: `PredictorError.notAClassifier`; `DataError` when a picture cannot be prepared;
  ///   `ExecutionError` when it does not fit the model.
  public func predict(_ images: [Image8], top: Int = 5) async throws -> [[Prediction]] {
    var tensors: [Tensor] = []
    for image in images { tensors.append(try input(of: image)) }
    return try await classify(tensors, top: top)
  }

  /// The `top` most probable classes of the picture in each file (PNG or JPEG), best first.
  /// - Throws: as `predict(_:top:)`; `DataError` when a file cannot be read or is no such picture.
  public func predict(paths: [String], top: Int = 5) async throws -> [[Prediction]] {
    // Prepared one by one: a thousand photographs need not be in memory at once.
    var tensors: [Tensor] = []
    for path in paths { tensors.append(try input(of: try ImageDecoder.decode(path: path))) }
    return try await classify(tensors, top: top)
  }

  /// All outputs for named inputs.
  ///
  /// Floats of another width are converted. The first axis of an input is its batch, which may have any
  /// extent where the model leaves it open.
  /// - Throws: `ExecutionError.unknownName` for a name that is no input, `.graph(.missingInput)` for an
  ///   input that is not given, `.graph(.inputShape)` and `.tensorMismatch` for one that does not fit.
  public func run(_ inputs: [String: Tensor]) async throws -> [String: Tensor] {
    try await runner.run(inputs)
  }

  /// A picture as this model takes it, of shape [C, H, W], or [H, W, C] where its input is so: f32, or the pixels as they
  /// are where it takes whole numbers that hold them.
  package func input(of image: Image8) throws(DataError) -> Tensor {
    let takesLevels = [.u8, .i32, .i64].contains(dtype)
    let tensor = try takesLevels ? preprocessing.levels(of: image, dtype) : preprocessing.tensor(of: image)
    return isChannelsLast ? tensor.channelsLast() : tensor
  }

  /// The classes of pictures that `input(of:)` has prepared.
  package func classify(_ tensors: [Tensor], top: Int) async throws -> [[Prediction]] {
    let head = try ClassifierHead(model.graph)
    var answers: [[Prediction]] = []
    var start = 0
    while start < tensors.count {
      var end = start + 1
      while end < tensors.count, end - start < Predictor.batch, tensors[end].shape == tensors[start].shape { end += 1 }
      let input = Predictor.stacked(tensors[start..<end])
      guard let output = try await runner.run([head.input: input])[head.output] else { break }
      let numbers = output.array(of: Float.self)
      guard numbers.allSatisfy(\.isFinite) else { throw PredictorError.notNumbers }
      let classes = numbers.count / (end - start)
      for row in 0..<end - start {
        answers.append(
          Prediction.best(
            Array(numbers[row * classes..<(row + 1) * classes]), areLogits: head.givesLogits, top: top,
            names: model.classNames))
      }
      start = end
    }
    return answers
  }

  /// Tensors of one shape as one with a batch axis in front.
  private static func stacked(_ tensors: ArraySlice<Tensor>) -> Tensor {
    guard let first = tensors.first else { return Tensor(zeros: [0]) }
    var result = Tensor(zeros: Shape([tensors.count] + first.shape.dims), dtype: first.dtype)
    result.withUnsafeMutableBytes { target in
      for (place, tensor) in tensors.enumerated() {
        let part = target[place * tensor.byteCount..<(place + 1) * tensor.byteCount]
        tensor.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: part).copyMemory(from: $0) }
      }
    }
    return result
  }
}

/// Where a classifier takes pictures and gives its answer.
struct ClassifierHead {
  let input: String
  let output: String
  /// True when the answer is still to go through softmax.
  let givesLogits: Bool

  init(_ graph: Graph) throws(PredictorError) {
    let inputs = graph.inputs.map { graph[$0].name }
    let outputs = graph.outputs.map(\.name)
    guard inputs.count == 1, let only = inputs.first, let scores = graph.scoresOutput else {
      throw .notAClassifier(inputs: inputs, outputs: outputs)
    }
    input = only
    output = scores.name
    givesLogits = graph.nodes.first { $0.outputs.contains(scores.value) }?.op != Op.Softmax.name
  }
}

/// Why a model cannot say what is in a picture.
public enum PredictorError: Error, Sendable, Equatable {
  case notAClassifier(inputs: [String], outputs: [String])
  case notADetector(inputs: [String], output: String, grid: YOLOGrid)
  case cutsPictures
  case noDetector(inputs: [String], outputs: [String])
  case badHead(output: String, shape: String)
  /// The network answers with NaN or infinity.
  case notNumbers
}

extension PredictorError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAClassifier(let inputs, let outputs):
      "the model does not classify pictures: that takes one input and one output [N, classes] called \"output\"; "
        + "it has the inputs \(inputs.joined(separator: ", ")) and the outputs \(outputs.joined(separator: ", "))"
    case .notADetector(let inputs, let output, let grid):
      "the model does not detect on this grid: that takes one input and an output [N, \(grid.numbers ?? 0)] for "
        + "\(grid.cells)×\(grid.cells) cells, \(grid.boxes) boxes and \(grid.classes) classes; it has the inputs "
        + "\(inputs.joined(separator: ", ")) and the output \(output)"
    case .cutsPictures:
      "the model's preprocessing cuts out the middle of a picture, so that boxes elsewhere could not be seen; give it "
        + "a size and no resize"
    case .noDetector(let inputs, let outputs):
      "the model says nothing of YOLO layers, and detecting takes some and one input; it has the inputs "
        + "\(inputs.joined(separator: ", ")) and the outputs \(outputs.joined(separator: ", "))"
    case .badHead(let output, let shape):
      "the output \(output) of shape \(shape) does not hold what the model says of that YOLO layer"
    case .notNumbers:
      "the network's scores are no numbers: its weights are damaged (NaN or infinity)"
    }
  }
}

/// The contexts of a predictor, on a thread of their own.
private actor Runner {
  private let thread = OwnThread()
  private let cache: PlanCache

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(_ model: Model, _ device: Device) {
    cache = PlanCache(model.graph, PlanRequest(mode: .inference), store: model.store, device: device)
  }

  func run(_ given: [String: Tensor]) throws -> [String: Tensor] {
    let graph = cache.graph
    let names = graph.inputs.map { graph[$0].name }
    for name in given.keys.sorted() where !names.contains(name) {
      throw ExecutionError.unknownName(kind: "input", name: name, known: names)
    }
    var tensors: [String: Tensor] = [:]
    for value in graph.inputs {
      let info = graph[value]
      guard let tensor = given[info.name] else {
        throw ExecutionError.graph(.missingInput(name: info.name, known: names))
      }
      if tensor.dtype == .f64, info.type.dtype == .f32, let beyond = tensor.beyondSingle {
        throw ExecutionError.graph(
          .inputType(name: info.name, expected: "numbers that f32 holds", found: "the f64 number \(beyond)"))
      }
      tensors[info.name] =
        tensor.dtype.isFloat && info.type.dtype.isFloat ? tensor.converted(to: info.type.dtype) : tensor
    }
    let context = try cache.context(tensors.mapValues(\.shape))
    for (name, tensor) in tensors { try context.feed(name, tensor) }
    try context.run()
    var results: [String: Tensor] = [:]
    for output in graph.outputs { results[output.name] = try context.result(output.name) }
    return results
  }
}

extension Tensor {
  /// A number of f64 that is finite and would become infinite as f32.
  fileprivate var beyondSingle: Double? {
    withElements(of: Double.self) { list in list.first { $0.isFinite && !Float($0).isFinite } }
  }

  /// A picture [C, H, W] as [H, W, C].
  fileprivate func channelsLast() -> Tensor {
    let (channels, places) = (shape[0], shape[1] * shape[2])
    var result = Tensor(zeros: [shape[1], shape[2], channels], dtype: dtype)
    let size = dtype.size
    withUnsafeBytes { from in
      result.withUnsafeMutableBytes { to in
        for place in 0..<places {
          for channel in 0..<channels {
            let (target, source) = ((place * channels + channel) * size, (channel * places + place) * size)
            for byte in 0..<size { to[target + byte] = from[source + byte] }
          }
        }
      }
    }
    return result
  }
}
