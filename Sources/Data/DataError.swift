import FoveaTensors

/// What can be wrong with a data set, a picture or the way they are asked for.
public enum DataError: Error, Equatable {
  /// A file that cannot be read, or is compressed and damaged.
  case tensors(TensorError)

  // IDX files.
  case wrongMagic(path: String, expected: UInt32, found: UInt32)
  case truncated(path: String, expected: Int, found: Int)
  case surplus(path: String, expected: Int)
  case impossibleClaim(path: String, dims: [Int], fileBytes: Int)
  case emptyImages(path: String, height: Int, width: Int)
  case countMismatch(images: String, imageCount: Int, labels: String, labelCount: Int)
  case labelOutOfRange(path: String, index: Int, label: Int, classes: Int)
  case sizeMismatch(pixels: Int, labels: Int, shape: Shape)
  case wrongSampleShape(path: String, expected: Shape, found: Shape)

  // CIFAR's records, and texts beside the data.
  case badRecords(path: String, fileBytes: Int, recordBytes: Int)
  case badClassNames(path: String, expected: Int, found: Int)
  case badText(path: String, reason: String)

  // Data sets by name.
  case unknownDataset(name: String, suggestion: String?, known: [String])
  case pathMissing(form: String)
  case pathUnwanted(name: String, path: String)
  case datasetMissing(name: String, directory: String, file: String, mend: String)

  // Pictures of one's own, in folders and tables.
  case noClasses(directory: String)
  case emptyTable(path: String)
  case badRow(path: String, line: Int, text: String, found: Int)
  case unknownClass(path: String, line: Int?, name: String, suggestion: String?, known: Int)
  case tooManySkipped(name: String, count: Int, of: Int, limit: Int, first: String)
  case differentSizes(name: String, sizes: PictureSizes)

  // Ways to use one.
  case badOption(name: String, value: String, expected: String)
  case notFinite(name: String, example: Int)
  case badAugmentation(term: String, reason: String)
  case augmentationUnfit(dataset: String, shape: Shape, augmentation: String)
  case badNormalization(mean: [Float], std: [Float])
  case channelMismatch(dataset: String, channels: Int, normalization: Int)
  case badFraction(fraction: Double, count: Int)
  case indexOutOfRange(index: Int, count: Int)
  case emptyDataset(name: String)
  case badBatchSize(Int)
  case badPosition(epoch: Int, batch: Int, batchesPerEpoch: Int)
  case thread(reason: String)

  // Pictures.
  case notAPicture(path: String, found: String)
  case badPicture(path: String, reason: String)
  case pictureTooLarge(path: String, height: Int, width: Int, limit: Int)
  case badSize(height: Int, width: Int)
  case badChannels(Int)
  case cropTooLarge(height: Int, width: Int, imageHeight: Int, imageWidth: Int)
  case libraryMissing(library: String, needed: String, reason: String, package: String)
}
