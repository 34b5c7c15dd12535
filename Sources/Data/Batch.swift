import FoveaTensors

/// A batch of examples: named tensors whose memory the loader uses again.
///
/// `"input"` is [N, C, …] in f32, `"target"` is [N] in i32, N being `count`. Hand the batch back
/// with `Loader.recycle` when done.
public final class Batch {
  /// Number of examples in it; the last of an epoch may have fewer than the others.
  public internal(set) var count = 0
  /// Where in the order of all batches this one stands.
  public internal(set) var position = LoaderPosition()
  /// True when the epoch ends with this batch.
  public internal(set) var isLastOfEpoch = false

  /// Number of examples that there is room for.
  public let capacity: Int
  /// The names of the tensors.
  public static let names = ["input", "target"]
  let sampleShape: Shape

  // Written by the loader's thread while the batch is its own, read by the consumer afterwards.
  package let input: UnsafeMutablePointer<Float>
  package let target: UnsafeMutablePointer<Int32>
  /// True while the consumer has it, so that handing it back twice does no harm.
  var isOut = false

  // The loader's own, touched under its monitor, `indices` also by those who fill the batch.
  /// Which examples it has: the first `count`.
  let indices: UnsafeMutablePointer<Int>
  /// Pieces of it that are to be filled, that somebody has taken, and that are done.
  var pieces = 0
  var taken = 0
  var done = 0
  /// What went wrong in the first piece that failed.
  var failure: (piece: Int, error: any Error)?

  init(capacity: Int, sampleShape: Shape) {
    self.capacity = capacity
    self.sampleShape = sampleShape
    input = .allocate(capacity: capacity * sampleShape.count)
    input.initialize(repeating: 0, count: capacity * sampleShape.count)
    target = .allocate(capacity: capacity)
    target.initialize(repeating: 0, count: capacity)
    indices = .allocate(capacity: capacity)
    indices.initialize(repeating: 0, count: capacity)
  }

  deinit {
    input.deallocate()
    target.deallocate()
    indices.deallocate()
  }

  /// The shape of a tensor of this batch, or nil for an unknown name.
  public func shape(of name: String) -> Shape? {
    switch name {
    case "input": Shape([count] + sampleShape.dims)
    case "target": Shape([count])
    default: nil
    }
  }

  /// A copy of a tensor, which stays when the batch is recycled; nil for an unknown name.
  public subscript(name: String) -> Tensor? {
    guard let shape = shape(of: name), let bytes = bytes(of: name) else { return nil }
    var copy = Tensor(zeros: shape, dtype: name == "input" ? .f32 : .i32)
    copy.withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
    return copy
  }

  /// The bytes of a tensor in place, valid until the batch is recycled; nil for an unknown name.
  package func bytes(of name: String) -> UnsafeRawBufferPointer? {
    switch name {
    case "input": UnsafeRawBufferPointer(UnsafeBufferPointer(start: input, count: count * sampleShape.count))
    case "target": UnsafeRawBufferPointer(UnsafeBufferPointer(start: target, count: count))
    default: nil
    }
  }
}

/// A place in the order of all batches: what a checkpoint keeps to go on from there.
public struct LoaderPosition: Hashable, Sendable, Codable {
  /// Full passes before this one.
  public var epoch: Int
  /// Batches of this epoch before this one.
  public var batch: Int

  public init(epoch: Int = 0, batch: Int = 0) {
    self.epoch = epoch
    self.batch = batch
  }
}

/// The order in which a loader goes through a data set.
public enum LoaderOrder: Hashable, Sendable {
  /// As the data set has them: for evaluation.
  case sequential
  /// Another random order each epoch, the same for the same seed.
  case shuffled(seed: UInt64)
}
