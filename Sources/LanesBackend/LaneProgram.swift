import CFoveaLanes
import FoveaGraphs

/// Where an operation finds or leaves numbers.
enum Place: Hashable, Sendable {
  /// Memory of each thread.
  case buffer(Int)
  /// The region's operand, or its result, of that number.
  case operand(Int)
  case result(Int)
}

/// An operation of a block of examples, before it is tied to memory. What the numbers mean says `CFoveaLanes.h`.
struct LaneOperation: Sendable {
  var kind: fovea_lanes_kind
  var flags: [fovea_lanes_flags] = []
  var factor: Float = 0
  var sizes: [Int] = []
  var inputs: [Place?] = []
  var outputs: [Place?] = []
  /// The operand that holds the labels.
  var labels: Int?
  /// Where pixels, taps and classes begin in the program's tables.
  var pixels = 0
  var taps = 0
  var classes: Range<Int> = 0..<0

  /// What is done to each number by itself, by operator.
  static let activations = [
    Op.Relu.name: FOVEA_LANES_RELU, Op.Sigmoid.name: FOVEA_LANES_SIGMOID, Op.Tanh.name: FOVEA_LANES_TANH,
  ]

  /// The buffers that are read and written.
  var buffers: [Int] {
    (inputs + outputs).compactMap { place in if case .buffer(let index)? = place { index } else { nil } }
  }
}

/// A sum of what the threads made of their examples: the gradient of a parameter.
struct LaneSum: Sendable {
  /// Rows of `columns` numbers, `stride` apart in the parts.
  let rows: Int
  let columns: Int
  let stride: Int
  /// The buffer of each thread that holds its part.
  let part: Int
  /// The result that it becomes, where somebody outside reads it.
  var result: Int?
  var update: Update?

  /// A step of stochastic gradient descent by that gradient.
  struct Update: Sendable {
    /// Operand and result.
    let weights: (from: Int, to: Int)
    let velocity: (from: Int, to: Int)?
    let rate: Int
    let momentum: Int?
    let decay: Float
    let nesterov: Bool
  }
}

/// A small network as operations on blocks of examples.
struct LaneProgram: Sendable {
  /// In a block: a multiple of 16.
  var lanes: Int
  var examples: Int
  var threads: Int
  /// Threads that work at each example together; 1 where each has examples of its own.
  var helpers = 1
  var operations: [LaneOperation] = []
  /// Floats of each buffer, and whether it keeps zeros that nobody writes from run to run.
  var buffers: [(floats: Int, isKept: Bool)] = []
  var sums: [LaneSum] = []
  /// Numbers that the examples add to: the result, and what the sum is multiplied by.
  var scalars: [(result: Int, factor: Float)] = []
  var table: [Int32] = []
  var classes: [fovea_lanes_class] = []

  var blocks: Int { (examples + lanes - 1) / lanes }

  /// Memory of one thread.
  var bytes: Int { memory().floats * MemoryLayout<Float>.size }
}
