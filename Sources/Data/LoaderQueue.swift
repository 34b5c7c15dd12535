import FoveaTensors

/// What the loader and its thread share: the order, the finished batches and the free ones.
///
/// All `var`s are touched under `monitor` only, except those marked as the thread's own. The thread
/// keeps this object alive, so a loader can go away while a slow read is under way.
final class LoaderQueue {
  let dataset: any Dataset
  let normalization: Normalization
  let order: LoaderOrder
  let batchSize: Int
  let batchesPerEpoch: Int
  let epochs: Int?
  let ahead: Int
  let monitor = Monitor()

  private var ready: [Batch] = []
  private var free: [Batch] = []
  private var failure: (any Error)?
  private var isStopped = false
  private var hasEnded = false
  private(set) var waitedSeconds = 0.0

  // The thread's own.
  private var indices: [Int]
  private var position: LoaderPosition

  init(
    dataset: any Dataset, normalization: Normalization, order: LoaderOrder, batchSize: Int, batchesPerEpoch: Int,
    epochs: Int?, ahead: Int, start: LoaderPosition
  ) {
    self.dataset = dataset
    self.normalization = normalization
    self.order = order
    self.batchSize = batchSize
    self.batchesPerEpoch = batchesPerEpoch
    self.epochs = epochs
    self.ahead = ahead
    position = start
    indices = Array(0..<dataset.count)
    ready.reserveCapacity(ahead)
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
      // A consumer that keeps many makes the thread allocate; their number falls back here.
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

  // MARK: The thread's side

  func run() {
    var shuffledEpoch: Int?
    while epochs.map({ position.epoch < $0 }) ?? true, let batch = takeFree() {
      if shuffledEpoch != position.epoch {
        shuffle(epoch: position.epoch)
        shuffledEpoch = position.epoch
      }
      do {
        guard try fill(batch) else { break }
      } catch {
        monitor.locked { failure = error }
        break
      }
      monitor.locked {
        ready.append(batch)
        monitor.wakeAll()
      }
      position.batch += 1
      if position.batch == batchesPerEpoch { position = LoaderPosition(epoch: position.epoch + 1) }
    }
    monitor.locked {
      hasEnded = true
      monitor.wakeAll()
    }
  }

  /// Waits until there is a place in the queue; nil when stopped. A consumer that does not recycle
  /// gets new memory each time rather than a standstill.
  private func takeFree() -> Batch? {
    monitor.locked {
      while ready.count >= ahead, !isStopped { monitor.wait() }
      if isStopped { return nil }
      return free.popLast() ?? Batch(capacity: batchSize, sampleShape: dataset.sampleShape)
    }
  }

  /// The order of an epoch depends on seed and epoch only, so any epoch can be started from.
  private func shuffle(epoch: Int) {
    guard case .shuffled(let seed) = order else { return }
    for place in indices.indices { indices[place] = place }
    RandomStream(seed: seed, purpose: "shuffle").shuffle(&indices, step: UInt64(epoch))
  }

  /// Fills `batch` with the examples of `position`; false when stopped on the way.
  private func fill(_ batch: Batch) throws -> Bool {
    let first = position.batch * batchSize
    let count = min(batchSize, indices.count - first)
    let size = dataset.sampleShape.count
    // In pieces, so that a stop need not wait for a large batch of files.
    let piece = 64
    var done = 0
    while done < count {
      if monitor.locked({ isStopped }) { return false }
      let part = min(piece, count - done)
      try indices.withUnsafeBufferPointer { all in
        try dataset.fill(
          indices: UnsafeBufferPointer(rebasing: all[first + done..<first + done + part]),
          pixels: batch.input + done * size, labels: batch.target + done, using: normalization)
      }
      done += part
    }
    batch.count = count
    batch.position = position
    batch.isLastOfEpoch = position.batch == batchesPerEpoch - 1
    return true
  }
}
