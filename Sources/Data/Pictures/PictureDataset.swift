import FoveaTensors
import Synchronization

/// Pictures in files, decoded when they are asked for.
///
/// When it is made, every file's structure is looked at (`PictureHeader`), by several threads: what cannot be read,
/// is cut off, is of another kind or has no class is left out and named in `skipped`, up to a limit. A file whose
/// damage shows only when it is decoded is named too; the next good file of the list then stands in for it, so that
/// batches and steps stay the same whenever it is found.
public final class PictureDataset: AugmentingDataset {
  public let name: String
  public let classNames: [String]
  public let sampleShape: Shape
  public var count: Int { paths.count }
  public var decodesFiles: Bool { true }
  public var skipped: [SkippedFile] { report.files }

  /// The files, in order.
  public let paths: [String]
  private let labels: [Int32]
  private let options: PictureOptions
  private let report = SkipReport()
  /// How many may be left out, and of how many.
  private let limit: Int
  private let total: Int
  /// Places of files that turned out not to be decodable.
  private let broken = Mutex<Set<Int>>([])
  private let hasBroken = Atomic<Bool>(false)

  /// - Throws: `DataError.tooManySkipped`, `.differentSizes`, `.emptyDataset`; what is wrong with the options.
  init(name: String, files: PictureFiles, options: PictureOptions) throws(DataError) {
    try options.check()
    self.name = name
    self.options = options
    total = files.total
    limit = options.skipLimit(of: files.total)
    let headers = try PictureScan.headers(of: files.paths, threads: options.threads)
    var kept: [Int] = []
    for (file, order) in files.skipped { report.add(file, order: order) }
    for (index, header) in headers.enumerated() {
      switch header {
      case .success: kept.append(index)
      case .failure(let error):
        report.add(SkippedFile(path: files.paths[index], line: nil, reason: error.description), order: index)
      }
    }
    try Self.check(report, limit, total, name)
    guard !kept.isEmpty else { throw .emptyDataset(name: name) }
    let found = kept.compactMap { try? headers[$0].get() }
    let size = if let own = options.size { own } else { try Self.commonSize(found, options, name) }
    let channels = options.channels ?? (found.allSatisfy { $0.channels == 1 } && !options.isBGR ? 1 : 3)
    sampleShape = [channels, size[0], size[1]]
    classNames = files.classNames
    paths = kept.map { files.paths[$0] }
    labels = kept.map { files.labels[$0] }
  }

  private static func commonSize(
    _ headers: [PictureHeader], _ options: PictureOptions, _ name: String
  ) throws(DataError) -> [Int] {
    if let resize = options.resize { return [resize, resize] }
    let first = headers[0]
    if headers.allSatisfy({ $0.height == first.height && $0.width == first.width }) {
      return [first.height, first.width]
    }
    throw .differentSizes(name: name, sizes: PictureSizes(headers))
  }

  private static func check(_ report: SkipReport, _ limit: Int, _ total: Int, _ name: String) throws(DataError) {
    let files = report.files
    if files.count > limit {
      throw .tooManySkipped(name: name, count: files.count, of: total, limit: limit, first: files[0].reason)
    }
  }

  public func label(_ index: Int) -> Int32 { labels[index] }

  // MARK: Reading

  public func fill(
    indices: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization
  ) throws { try fill(indices, pixels, labels, normalization, nil) }

  package func fill(
    indices: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization, augmenter: Augmenter
  ) throws { try fill(indices, pixels, labels, normalization, augmenter) }

  private func fill(
    _ indices: UnsafeBufferPointer<Int>, _ target: UnsafeMutablePointer<Float>, _ classes: UnsafeMutablePointer<Int32>,
    _ normalization: Normalization, _ augmenter: Augmenter?
  ) throws(DataError) {
    let (channels, height, width) = (sampleShape[0], sampleShape[1], sampleShape[2])
    try normalization.check(channels: channels, dataset: name)
    // Without augmentation the same code cuts the middle out.
    let augmenter = augmenter ?? Augmenter(.none, seed: 0)
    for (place, index) in indices.enumerated() {
      precondition(index >= 0 && index < count, "example \(index) of \(count)")
      let (picture, source) = try picture(index, augmenter)
      let image = picture.image
      classes[place] = labels[source]
      let to = target + place * channels * height * width
      image.pixels.withUnsafeBufferPointer { pixels in
        guard let base = pixels.baseAddress else { return }
        var view = PixelView(
          interleaved: base, channels: channels, height: image.height, width: image.width, isBGR: options.isBGR)
        (view.full, view.reduction) = ((picture.height, picture.width), picture.reduction)
        augmenter.write(view, index: index, height: height, width: width, to: to, normalization)
      }
    }
  }

  /// The picture of an example and whose it is: another's when its own file turns out to be broken.
  private func picture(
    _ index: Int, _ augmenter: Augmenter
  ) throws(DataError) -> (ImageDecoder.Reduced, source: Int) {
    for step in 0..<count {
      let place = (index + step) % count
      if hasBroken.load(ordering: .acquiring), broken.withLock({ $0.contains(place) }) { continue }
      do {
        return (try decoded(paths[place], index, augmenter), place)
      } catch {
        // Nothing is wrong with the file when the library or the memory is.
        if case .libraryMissing = error { throw error }
        broken.withLock { _ = $0.insert(place) }
        hasBroken.store(true, ordering: .releasing)
        report.add(SkippedFile(path: paths[place], line: nil, reason: error.description), order: total + place)
        try Self.check(report, limit, total, name)
      }
    }
    throw .emptyDataset(name: name)
  }

  /// The picture at its channels, for the example `index`: at the size that the crop is taken from, or as large as the
  /// file has it, or reduced, where a part of it is cut out and resized.
  private func decoded(
    _ path: String, _ index: Int, _ augmenter: Augmenter
  ) throws(DataError) -> ImageDecoder.Reduced {
    let target = (height: sampleShape[1], width: sampleShape[2])
    let found = try ImageDecoder.decode(path: path) { height, width in
      // Pixels that the decoder has put together are averaged already.
      options.antialias
        ? augmenter.reduction(index: index, source: (height, width), target: target, resize: options.resize) : 1
    }
    let image = try found.image.converted(channels: sampleShape[0])
    if augmenter.augmentation.resizedCrop != nil {
      return ImageDecoder.Reduced(
        image: image, height: found.height, width: found.width, reduction: found.reduction)
    }
    // The sizes follow from the file's own, so that what is drawn does not depend on how it was decoded.
    let size =
      try options.resize.map { (side) throws(DataError) in
        try Image8.size(of: (found.height, found.width), shortSide: side)
      } ?? target
    let resized =
      found.reduction == 1
      ? try image.resized(height: size.height, width: size.width, antialias: options.antialias)
      : image.resized(
        height: size.height, width: size.width,
        part: (
          height: Double(found.height) / Double(found.reduction), width: Double(found.width) / Double(found.reduction)
        ))
    return ImageDecoder.Reduced(image: resized, height: size.height, width: size.width, reduction: 1)
  }
}

/// Sizes of many pictures.
public struct PictureSizes: Sendable, Hashable {
  /// Height and width of the picture with the fewest pixels.
  public let smallest: [Int]
  /// Of the one in the middle, by pixels.
  public let median: [Int]
  /// Of the one with the most pixels.
  public let largest: [Int]

  /// - Parameter headers: at least one.
  init(_ headers: [PictureHeader]) {
    let sorted = headers.map { [$0.height, $0.width] }.sorted { ($0[0] * $0[1], $0[0]) < ($1[0] * $1[1], $1[0]) }
    smallest = sorted.first ?? []
    median = sorted.isEmpty ? [] : sorted[sorted.count / 2]
    largest = sorted.last ?? []
  }
}

/// Looks at many files.
enum PictureScan {
  /// What each file's structure says, by several threads.
  /// - Throws: `DataError.thread`.
  static func headers(
    of paths: [String], threads: Int?
  ) throws(DataError) -> [Result<PictureHeader, DataError>] {
    let room = Room(paths.count)
    try Parallel.forEach(paths.count, threads: threads) { index in
      do throws(DataError) {
        room.set(index, .success(try PictureHeader(path: paths[index])))
      } catch {
        room.set(index, .failure(error))
      }
    }
    return room.results
  }

  private final class Room: Sendable {
    private let all: Mutex<[Result<PictureHeader, DataError>]>

    init(_ count: Int) { all = Mutex(Array(repeating: .failure(.emptyDataset(name: "")), count: count)) }

    func set(_ index: Int, _ result: Result<PictureHeader, DataError>) { all.withLock { $0[index] = result } }

    var results: [Result<PictureHeader, DataError>] { all.withLock { $0 } }
  }
}

extension DatasetKind {
  /// One's own pictures, in a folder per class.
  static let folder = DatasetKind(
    name: "folder", summary: "pictures of your own, a folder for each class, or those in DIR/train and DIR/test",
    place: .directory,
    load: { (directory, part, options) throws(DataError) in
      try PictureDataset(
        name: "folder:\(directory)", files: PictureFolder.list(directory, part, classNames: options.classNames),
        options: options)
    },
    count: { (directory, part) throws(DataError) in
      try PictureFolder.list(directory, part, classNames: nil).paths.count
    })

  /// One's own pictures, listed in a table.
  static let labels = DatasetKind(
    name: "labels", summary: "pictures of your own, listed in a table of path and class", place: .file,
    load: { (file, part, options) throws(DataError) in
      if part == .test { throw labelsHaveNoTest(file) }
      return try PictureDataset(
        name: "labels:\(file)", files: PictureTable.list(file, classNames: options.classNames), options: options)
    },
    count: { (file, part) throws(DataError) in
      if part == .test { throw labelsHaveNoTest(file) }
      return try PictureTable.list(file, classNames: nil).paths.count
    })

  private static func labelsHaveNoTest(_ file: String) -> DataError {
    .datasetMissing(
      name: "labels", directory: file, file: "test part", mend: "make a table of its own for the pictures that test")
  }
}
