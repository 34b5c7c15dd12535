import FoveaTensors

/// What the loader and its threads share: the order, the batches that are being filled, the finished and the free ones.
///
/// Everything changes under `monitor` only. A thread takes a piece of the oldest batch that has one left, so batches
/// are finished nearly in order; they are handed over in order. The threads keep this object alive, so a loader can go
/// away while a slow read is under way.
final class LoaderQueue {
  let dataset: any Dataset
  let normalization: Normalization
  let order: LoaderOrder
  let batchSize: Int
  let batchesPerEpoch: Int
  let epochs: Int?
  let ahead: Int
  let monitor = Monitor()
  /// Examples that a thread takes at a time: few where files are decoded, so that all threads have work; never many,
  /// so that a stop need not wait for a large batch.
  private let pieceSize: Int
  private let sampleSize: Int

  private var ready: [Batch] = []
  private var filling: [Batch] = []
  private var free: [Batch] = []
  private var failure: (any Error)?
  private var isStopped = false
  private(set) var waitedSeconds = 0.0

  /// Where the next batch to be begun stands.
  private var position: LoaderPosition
  private var indices: [Int]
  private var shuffledEpoch: Int?
  /// True while a thread puts the examples in order, outside the monitor.
  private var isShuffling = false
  /// True when no further batch will be begun.
  private var isDone = false

  init(
    dataset: any Dataset, normalization: Normalization, order: LoaderOrder, batchSize: Int, batchesPerEpoch: Int,
    epochs: Int?, ahead: Int, start: LoaderPosition, workers: Int
  ) {
    self.dataset = dataset
    self.normalization = normalization
    self.order = order
    self.batchSize = batchSize
    self.batchesPerEpoch = batchesPerEpoch
    self.epochs = epochs
    self.ahead = ahead
    position = start
    sampleSize = dataset.sampleShape.count
    pieceSize = workers == 1 ? 64 : max(1, min(16, batchSize / (2 * workers)))
    indices = Array(0..<dataset.count)
    ready.reserveCapacity(ahead)
    filling.reserveCapacity(ahead)
    // One being filled and one with the consumer, besides those that wait.
    free.reserveCapacity(ahead + 2)
    for _ in 0..<ahead + 2 { free.append(Batch(capacity: batchSize, sampleShape: dataset.sampleShape)) }
  }

  // MARK: The consumer's side

  func next() throws -> Batch? {
    try monitor.locked { () throws(any Error) -> Batch? in
      if ready.isEmpty, !hasEnded {
        let start = monotonicSeconds()
        while ready.isEmpty, !hasEnded, !isStopped { monitor.wait() }
        waitedSeconds += monotonicSeconds() - start
      }
      if isStopped { return nil }
      if ready.isEmpty {
        if let failure { throw failure }
        return nil
      }
      let batch = ready.removeFirst()
      batch.isOut = true
      monitor.wakeAll()
      return batch
    }
  }

  func recycle(_ batch: Batch) {
    monitor.locked {
      // A consumer that keeps many makes the threads allocate; their number falls back here.
      guard batch.isOut, batch.capacity == batchSize, batch.sampleShape == dataset.sampleShape else { return }
      batch.isOut = false
      if free.count < ahead + 2 { free.append(batch) }
    }
  }

  func stop() {
    monitor.locked {
      isStopped = true
      monitor.wakeAll()
    }
  }

  var waited: Double { monitor.locked { waitedSeconds } }

  /// True when no further batch will come.
  private var hasEnded: Bool { isDone && filling.isEmpty }

  // MARK: The threads' side

  /// What one thread does until the end.
  func run(_ augmenter: Augmenter?) {
    while let (batch, piece) = takePiece() {
      var failure: (any Error)?
      do { try fill(batch, piece, augmenter) } catch { failure = error }
      monitor.locked { finish(batch, piece, failure) }
    }
  }

  /// Waits until there is something to fill; nil at the end.
  private func takePiece() -> (Batch, Int)? {
    while true {
      var epochToShuffle: Int?
      let taken: (Batch, Int)? = monitor.locked {
        while !isStopped {
          if let batch = filling.first(where: { $0.taken < $0.pieces }) {
            batch.taken += 1
            return (batch, batch.taken - 1)
          }
          if isDone { return nil }
          if !isShuffling, ready.count + filling.count < ahead {
            if shuffledEpoch == position.epoch {
              begin()
              continue
            }
            if !beginEpoch() { return nil }
            epochToShuffle = position.epoch
            return nil
          }
          monitor.wait()
        }
        return nil
      }
      guard let epoch = epochToShuffle else { return taken }
      // Others fill what is begun meanwhile; the last batch of the epoch before has its own copy of the order.
      shuffle(epoch: epoch)
      monitor.locked {
        (shuffledEpoch, isShuffling) = (epoch, false)
        monitor.wakeAll()
      }
    }
  }

  /// False when there is no further epoch.
  private func beginEpoch() -> Bool {
    if let epochs, position.epoch >= epochs {
      isDone = true
      monitor.wakeAll()
      return false
    }
    isShuffling = true
    return true
  }

  /// The order of an epoch depends on seed and epoch only, so any epoch can be started from.
  private func shuffle(epoch: Int) {
    guard case .shuffled(let seed) = order else { return }
    for place in indices.indices { indices[place] = place }
    RandomStream(seed: seed, purpose: "shuffle").shuffle(&indices, step: UInt64(epoch))
  }

  /// Begins the batch of `position`. A consumer that does not recycle gets new memory each time rather than a
  /// standstill.
  private func begin() {
    let batch = free.popLast() ?? Batch(capacity: batchSize, sampleShape: dataset.sampleShape)
    let first = position.batch * batchSize
    batch.count = min(batchSize, indices.count - first)
    batch.position = position
    batch.isLastOfEpoch = position.batch == batchesPerEpoch - 1
    indices.withUnsafeBufferPointer { all in
      for place in 0..<batch.count { batch.indices[place] = all[first + place] }
    }
    batch.pieces = (batch.count - 1) / pieceSize + 1
    (batch.taken, batch.done, batch.failure) = (0, 0, nil)
    filling.append(batch)
    position.batch += 1
    if position.batch == batchesPerEpoch { position = LoaderPosition(epoch: position.epoch + 1) }
    if batch.pieces > 1 { monitor.wakeAll() }
  }

  private func fill(_ batch: Batch, _ piece: Int, _ augmenter: Augmenter?) throws {
    let first = piece * pieceSize
    let part = UnsafeBufferPointer(start: batch.indices + first, count: min(pieceSize, batch.count - first))
    let pixels = batch.input + first * sampleSize
    if let augmenter {
      augmenter.epoch = batch.position.epoch
      try augmenter.fill(
        from: dataset, indices: part, pixels: pixels, labels: batch.target + first, using: normalization)
    } else {
      try dataset.fill(indices: part, pixels: pixels, labels: batch.target + first, using: normalization)
    }
  }

  /// Counts a piece, and hands over what is complete.
  private func finish(_ batch: Batch, _ piece: Int, _ error: (any Error)?) {
    batch.done += 1
    if let error {
      // The first piece that fails is the one that is told, whichever thread was first; later pieces of this batch
      // and later batches are not begun.
      if batch.failure.map({ piece < $0.piece }) ?? true { batch.failure = (piece, error) }
      batch.pieces = batch.taken
      isDone = true
      if let place = filling.firstIndex(where: { $0 === batch }) {
        for later in filling[(place + 1)...] { later.pieces = later.taken }
      }
    }
    while let first = filling.first, first.done == first.pieces {
      filling.removeFirst()
      if let failed = first.failure {
        if failure == nil { failure = failed.error }
      } else if failure == nil, first.pieces == (first.count - 1) / pieceSize + 1 {
        ready.append(first)
      }
    }
    monitor.wakeAll()
  }
}
