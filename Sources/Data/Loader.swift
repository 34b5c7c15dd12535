import FoveaTensors

/// Goes through a data set in batches and reads ahead on a thread of its own.
///
/// ```swift
/// let loader = try Loader(dataset, batchSize: 128, order: .shuffled(seed: 0), normalization: norm, epochs: 5)
/// while let batch = try loader.next() {
///   …                       // batch.count examples
///   loader.recycle(batch)   // its memory is used again
/// }
/// ```
/// After the first few batches it allocates nothing, when each batch is recycled.
public final class Loader {
  /// Batches in an epoch, a short last one counted.
  public let batchesPerEpoch: Int
  /// Examples in a batch; not more than the data set has.
  public let batchSize: Int
  private let queue: LoaderQueue
  private let thread: LoaderThread

  /// Starts to load.
  /// - Parameters:
  ///   - batchSize: examples in a batch, N; the last batch of an epoch has what is left.
  ///   - order: as they come, or shuffled anew each epoch.
  ///   - normalization: what is done to the pixels.
  ///   - epochs: the epoch to stop before, counted from 0; nil goes on for ever.
  ///   - start: the first batch to give, e.g. where an interrupted run stopped.
  ///   - ahead: batches that wait ready at most.
  /// - Throws: `DataError` for an empty set, an impossible batch size, position or normalization.
  public init(
    _ dataset: any Dataset, batchSize: Int, order: LoaderOrder, normalization: Normalization, epochs: Int? = nil,
    start: LoaderPosition = LoaderPosition(), ahead: Int = 3
  ) throws(DataError) {
    let count = dataset.count
    guard batchSize > 0 else { throw .badBatchSize(batchSize) }
    guard count > 0 else { throw .emptyDataset(name: dataset.name) }
    let shape = dataset.sampleShape
    guard shape.rank == 3, let size = Shape([min(batchSize, count)] + shape.dims).checkedCount,
      size <= Int.max / MemoryLayout<Float>.size
    else { throw .tensors(.badShape(dims: shape.dims)) }
    try normalization.check(channels: shape[0], dataset: dataset.name)
    self.batchSize = min(batchSize, count)
    batchesPerEpoch = (count - 1) / self.batchSize + 1
    guard start.epoch >= 0, (0..<batchesPerEpoch).contains(start.batch) else {
      throw .badPosition(epoch: start.epoch, batch: start.batch, batchesPerEpoch: batchesPerEpoch)
    }
    let queue = LoaderQueue(
      dataset: dataset, normalization: normalization, order: order, batchSize: self.batchSize,
      batchesPerEpoch: batchesPerEpoch, epochs: epochs, ahead: max(1, ahead), start: start)
    self.queue = queue
    thread = try LoaderThread { queue.run() }
  }

  // The thread is told, not waited for: it ends by itself after what it is reading.
  deinit { queue.stop() }

  /// The next batch; waits until it is ready. Nil after the last epoch and after `stop`.
  /// - Throws: what reading the data set throws, after the batches that came before; again at each call.
  public func next() throws -> Batch? { try queue.next() }

  /// Hands a batch back, so that its memory is used again; do not touch it afterwards.
  public func recycle(_ batch: Batch) { queue.recycle(batch) }

  /// Seconds that `next` has waited for data in all: what loading costs the training.
  public var waitedSeconds: Double { queue.waited }

  /// Ends the thread and waits until it has ended: at most as long as reading 64 examples.
  public func stop() {
    queue.stop()
    thread.join()
  }
}
