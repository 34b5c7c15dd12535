import FoveaData
import FoveaExecution
import FoveaTensors

/// A context with its ends looked up: what a batch touches lies here as plain addresses.
struct StepSlot {
  let context: Context
  /// Number of examples in the batch.
  let count: Int
  private let input: UnsafeMutableRawBufferPointer
  private let target: UnsafeMutableRawBufferPointer
  private let scalars: OptimizerScalars
  private let weight: UnsafeMutablePointer<Float>?
  private let seed: UnsafeMutablePointer<Int64>?
  private let step: UnsafeMutablePointer<Int64>?
  private let lossAddress: UnsafePointer<Float>
  private let correctAddress: UnsafePointer<Float>

  init(_ context: Context, count: Int) throws(ExecutionError) {
    func number(_ name: String) throws(ExecutionError) -> UnsafePointer<Float> {
      guard let base = try context.output(name).baseAddress else { throw .missingTensor(path: name) }
      return base.assumingMemoryBound(to: Float.self)
    }
    self.context = context
    self.count = count
    input = try context.input("input")
    target = try context.input("target")
    scalars = try OptimizerScalars(context)
    weight = try context.scalar(TrainingGraph.weightInput, Float.self)
    seed = try context.scalar(ChooseMode.seedInput, Int64.self)
    step = try context.scalar(ChooseMode.stepInput, Int64.self)
    lossAddress = try number("loss")
    correctAddress = try number("correct")
  }

  /// Runs the plan on a batch. Nothing of ours is allocated here.
  /// - Parameters:
  ///   - share: the batch's part of the examples of its step, where the plan gathers gradients.
  ///   - draw: counts batches, so that each has random numbers of its own.
  func run(
    _ batch: Batch, _ numbers: OptimizerScalars.Numbers, share: Double, seed: UInt64, draw: Int
  ) throws(ExecutionError) {
    input.baseAddress?.copyMemory(from: batch.input, byteCount: input.count)
    target.baseAddress?.copyMemory(from: batch.target, byteCount: target.count)
    scalars.set(numbers)
    weight?.pointee = Float(share)
    self.seed?.pointee = Int64(bitPattern: seed)
    step?.pointee = Int64(draw)
    try context.run()
  }

  /// The loss of the last batch.
  var loss: Float { lossAddress.pointee }
  /// The number of right answers of the last batch.
  var correct: Float { correctAddress.pointee }
}

/// The plan that moves the weights by what other plans have gathered.
struct UpdateSlot {
  let context: Context
  private let scalars: OptimizerScalars
  private let step: UnsafeMutablePointer<Int64>?

  init(_ context: Context) throws(ExecutionError) {
    self.context = context
    scalars = try OptimizerScalars(context)
    step = try context.scalar(ChooseMode.stepInput, Int64.self)
  }

  /// - Parameter step: counts the moves of the weights.
  func run(_ numbers: OptimizerScalars.Numbers, step: Int) throws(ExecutionError) {
    scalars.set(numbers)
    self.step?.pointee = Int64(step)
    try context.run()
  }
}

/// Where a plan reads the numbers that an optimizer's schedule moves; a plan may read none of them.
struct OptimizerScalars {
  /// Those of one step.
  struct Numbers {
    var rate: Double
    var momentum: Double
  }

  private let rate: UnsafeMutablePointer<Float>?
  private let momentum: UnsafeMutablePointer<Float>?

  init(_ context: Context) throws(ExecutionError) {
    rate = try context.scalar(Optimizer.rateInput, Float.self)
    momentum = try context.scalar(Optimizer.momentumInput, Float.self)
  }

  func set(_ numbers: Numbers) {
    rate?.pointee = Float(numbers.rate)
    momentum?.pointee = Float(numbers.momentum)
  }
}

extension Context {
  /// The address of an input that is a single number; nil where the plan does not read it.
  func scalar<T>(_ name: String, _ type: T.Type) throws(ExecutionError) -> UnsafeMutablePointer<T>? {
    guard reads(name) else { return nil }
    return try input(name).baseAddress?.assumingMemoryBound(to: type)
  }
}
