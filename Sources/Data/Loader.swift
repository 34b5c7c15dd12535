import FoveaTensors

/// Goes through a data set in batches and reads ahead on threads of its own.
///
/// ```swift
/// let loader = try Loader(dataset, batchSize: 128, order: .shuffled(seed: 0), normalization: norm, epochs: 5)
/// while let batch = try loader.next() {
///   …                       // batch.count examples
///   loader.recycle(batch)   // its memory is used again
/// }
/// ```
/// After the first few batches of a set in memory it allocates nothing, when each batch is recycled. The batches are
/// the same for any number of threads.
public final class Loader {
  /// Batches in an epoch, a short last one counted.
  public let batchesPerEpoch: Int
  /// Examples in a batch; not more than the data set has.
  public let batchSize: Int
  private let queue: LoaderQueue
  private let threads: [LoaderThread]
  private let dataset: any Dataset

  /// Starts to load.
  /// - Parameters:
  ///   - batchSize: examples in a batch, N; the last batch of an epoch has what is left.
  ///   - order: as they come, or shuffled anew each epoch.
  ///   - normalization: what is done to the pixels.
  ///   - epochs: the epoch to stop before, counted from 0; nil goes on for ever.
  ///   - start: the first batch to give, e.g. where an interrupted run stopped.
  ///   - ahead: batches that wait ready or are being filled at most.
  ///   - augmentation: how the pictures are varied; for training only.
  ///   - augmentationSeed: of its draws; nil takes that of the order.
  ///   - workers: threads that load; nil is one for a set in memory, one for each processor (at most 16) where files
  ///     are decoded.
  /// - Throws: `DataError` for an empty set, an impossible batch size, position, normalization or augmentation.
  public init(
    _ dataset: any Dataset, batchSize: Int, order: LoaderOrder, normalization: Normalization, epochs: Int? = nil,
    start: LoaderPosition = LoaderPosition(), ahead: Int = 3, augmentation: Augmentation = .none,
    augmentationSeed: UInt64? = nil, workers: Int? = nil
  ) throws(DataError) {
    let count = dataset.count
    guard batchSize > 0 else { throw .badBatchSize(batchSize) }
    guard count > 0 else { throw .emptyDataset(name: dataset.name) }
    let shape = dataset.sampleShape
    guard shape.rank >= 1, shape.dims.allSatisfy({ $0 > 0 }),
      let size = Shape([min(batchSize, count)] + shape.dims).checkedCount,
      size <= Int.max / MemoryLayout<Float>.size
    else { throw .tensors(.badShape(dims: shape.dims)) }
    try normalization.check(channels: shape[0], dataset: dataset.name)
    try augmentation.check()
    guard augmentation.isNone || shape.rank == 3 else {
      throw .augmentationUnfit(dataset: dataset.name, shape: shape, augmentation: augmentation.description)
    }
    self.dataset = dataset
    self.batchSize = min(batchSize, count)
    batchesPerEpoch = (count - 1) / self.batchSize + 1
    guard start.epoch >= 0, (0..<batchesPerEpoch).contains(start.batch) else {
      throw .badPosition(epoch: start.epoch, batch: start.batch, batchesPerEpoch: batchesPerEpoch)
    }
    let number = max(1, min(64, workers ?? (dataset.decodesFiles ? Parallel.usualThreads : 1)))
    let seed: UInt64 = if case .shuffled(let seed) = order { augmentationSeed ?? seed } else { augmentationSeed ?? 0 }
    let queue = LoaderQueue(
      dataset: dataset, normalization: normalization, order: order, batchSize: self.batchSize,
      batchesPerEpoch: batchesPerEpoch, epochs: epochs, ahead: max(1, ahead), start: start, workers: number)
    self.queue = queue
    var threads: [LoaderThread] = []
    for _ in 0..<number {
      let augmenter = augmentation.isNone ? nil : Augmenter(augmentation, seed: seed)
      do {
        threads.append(try LoaderThread { queue.run(augmenter) })
      } catch {
        // Fewer threads only take longer; none is an error.
        if threads.isEmpty { throw error }
        break
      }
    }
    self.threads = threads
  }

  // The threads are told, not waited for: they end by themselves after what they are reading.
  deinit { queue.stop() }

  /// The next batch; waits until it is ready. Nil after the last epoch and after `stop`.
  /// - Throws: what reading the data set throws, after the batches that came before; again at each call.
  public func next() throws -> Batch? { try queue.next() }

  /// Hands a batch back, so that its memory is used again; do not touch it afterwards.
  public func recycle(_ batch: Batch) { queue.recycle(batch) }

  /// Seconds that `next` has waited for data in all: what loading costs the training.
  public var waitedSeconds: Double { queue.waited }

  /// The files that were left out so far because they are broken or have no class.
  public var skipped: [SkippedFile] { dataset.skipped }

  /// Ends the threads and waits until they have ended: at most as long as reading 64 examples.
  public func stop() {
    queue.stop()
    for thread in threads { thread.join() }
  }
}
