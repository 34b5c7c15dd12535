import FoveaData
import FoveaExecution
import FoveaTensors

/// A context with its ends looked up: what a step touches lies here as plain addresses.
struct StepSlot {
  let context: Context
  /// Number of examples in the batch.
  let count: Int
  private let input: UnsafeMutableRawBufferPointer
  private let target: UnsafeMutableRawBufferPointer
  private let rate: UnsafeMutablePointer<Float>
  private let momentum: UnsafeMutablePointer<Float>?
  private let seed: UnsafeMutablePointer<Int64>?
  private let step: UnsafeMutablePointer<Int64>?
  private let lossAddress: UnsafePointer<Float>
  private let correctAddress: UnsafePointer<Float>

  init(_ context: Context, count: Int) throws(ExecutionError) {
    func scalar<T>(_ name: String, _ type: T.Type) throws(ExecutionError) -> UnsafeMutablePointer<T>? {
      guard context.reads(name) else { return nil }
      return try context.input(name).baseAddress?.assumingMemoryBound(to: T.self)
    }
    func number(_ name: String) throws(ExecutionError) -> UnsafePointer<Float> {
      guard let base = try context.output(name).baseAddress else { throw .missingTensor(path: name) }
      return base.assumingMemoryBound(to: Float.self)
    }
    self.context = context
    self.count = count
    input = try context.input("input")
    target = try context.input("target")
    guard let rate = try scalar(Optimizer.rateInput, Float.self) else {
      throw .missingTensor(path: Optimizer.rateInput)
    }
    self.rate = rate
    momentum = try scalar(Optimizer.momentumInput, Float.self)
    seed = try scalar(ChooseMode.seedInput, Int64.self)
    step = try scalar(ChooseMode.stepInput, Int64.self)
    lossAddress = try number("loss")
    correctAddress = try number("correct")
  }

  /// Runs one step on a batch. Nothing of ours is allocated here.
  func run(_ batch: Batch, rate: Double, momentum: Double, seed: UInt64, step: Int) throws(ExecutionError) {
    input.baseAddress?.copyMemory(from: batch.input, byteCount: input.count)
    target.baseAddress?.copyMemory(from: batch.target, byteCount: target.count)
    self.rate.pointee = Float(rate)
    self.momentum?.pointee = Float(momentum)
    self.seed?.pointee = Int64(bitPattern: seed)
    self.step?.pointee = Int64(step)
    try context.run()
  }

  /// The loss of the last step.
  var loss: Float { lossAddress.pointee }
  /// The number of right answers of the last step.
  var correct: Float { correctAddress.pointee }
}
