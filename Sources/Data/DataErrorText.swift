import FoveaTensors

extension DataError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tensors(let error):
      error.description
    case .wrongMagic(let path, let expected, let found):
      "\(path): begins with \(hex(found)), expected \(hex(expected)) (\(idxKind(expected))); "
        + "\(idxHint(expected: expected, found: found))"
    case .truncated(let path, let expected, let found):
      "\(path): the header asks for \(expected) bytes, the file has \(found); fetch the file again"
    case .surplus(let path, let expected):
      "\(path): the file goes on after the \(expected) bytes that its header asks for; fetch the file again"
    case .impossibleClaim(let path, let dims, let fileBytes):
      "\(path): the header claims \(dims.map(String.init).joined(separator: " × ")) bytes, "
        + "more than a file of \(fileBytes) bytes can hold; it is damaged: fetch it again"
    case .emptyImages(let path, let height, let width):
      "\(path): the pictures have \(height)×\(width) pixels, expected at least 1×1; the file is damaged"
    case .countMismatch(let images, let imageCount, let labels, let labelCount):
      "\(images) has \(imageCount) pictures, but \(labels) has \(labelCount) labels; "
        + "take both files from the same set"
    case .labelOutOfRange(let path, let index, let label, let classes):
      "\(path): label \(index) is \(label), but there are \(classes) classes (0…\(classes - 1)); "
        + "check that the file belongs to this data set"
    case .sizeMismatch(let pixels, let labels, let shape):
      "\(labels) labels of shape \(shape) do not fit the \(pixels) pixels given; "
        + "give labels × shape pixels, example after example"
    case .wrongSampleShape(let path, let expected, let found):
      "\(path): the pictures have shape \(found), expected \(expected); check that the file belongs to this data set"
    default:
      useDescription ?? pictureDescription ?? filesDescription ?? ""
    }
  }

  private var useDescription: String? {
    switch self {
    case .unknownDataset(let name, let suggestion, let known):
      "no data set is called '\(name)'"
        + (suggestion.map { "; did you mean '\($0)'?" } ?? "; known are \(known.joined(separator: ", "))")
    case .pathMissing(let form):
      "this data set lives in a \(form.hasSuffix("DIR") ? "directory" : "file") that you name: \(form)"
    case .pathUnwanted(let name, let path):
      "'\(name)' takes no directory, but '\(path)' was given; write just '\(name)'"
    case .datasetMissing(let name, let directory, let file, let mend):
      "\(name): \(directory) has no \(file); \(mend)"
    case .badNormalization(let mean, let std):
      "mean \(mean) and standard deviation \(std) do not fit: give one finite number of each per channel, "
        + "deviations above 0"
    case .channelMismatch(let dataset, let channels, let normalization):
      "\(dataset) has \(channels) \(plural("channel", channels)), but mean and standard deviation are given for "
        + "\(normalization); give \(channels) of each, or one for all"
    case .badFraction(let fraction, let count):
      "a validation part of \(fraction) of \(count) examples leaves one part empty; "
        + "give a fraction between 0 and 1, e.g. 0.1"
    case .indexOutOfRange(let index, let count):
      "index \(index) is outside the data set's 0..<\(count)"
    case .emptyDataset(let name):
      "\(name) has no examples; at least one is needed"
    case .badBatchSize(let size):
      "a batch of \(size) examples is impossible; give at least 1"
    case .badPosition(let epoch, let batch, let batchesPerEpoch):
      "epoch \(epoch), batch \(batch) cannot be started from: an epoch has the batches 0..<\(batchesPerEpoch); "
        + "was the run made with another batch size?"
    case .thread(let reason):
      "cannot start a thread to load data: \(reason); close other programs"
    default: nil
    }
  }

  private var pictureDescription: String? {
    switch self {
    case .notAPicture(let path, let found):
      "\(path): looks like \(found), expected a PNG or JPEG picture; convert it first"
    case .badPicture(let path, let reason):
      "\(path): cannot be decoded: \(reason); fetch or convert it again"
    case .pictureTooLarge(let path, let height, let width, let limit):
      "\(path): \(height)×\(width) pixels are more than the \(limit) that are allowed; make the picture smaller first"
    case .badSize(let height, let width):
      "a picture of \(height)×\(width) pixels is impossible; both sides must be at least 1 and the whole countable"
    case .badChannels(let channels):
      "a picture with \(channels) channels is impossible here; give 1 (gray) or 3 (RGB)"
    case .cropTooLarge(let height, let width, let imageHeight, let imageWidth):
      "cannot cut \(height)×\(width) out of a picture of \(imageHeight)×\(imageWidth); resize it first"
    case .libraryMissing(let library, let needed, let reason, let package):
      "\(needed) needs \(library), which cannot be opened (\(reason)); install it (Debian: apt-get install \(package))"
    default: nil
    }
  }

  func plural(_ word: String, _ count: Int) -> String { count == 1 ? word : word + "s" }

  private func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  private func idxKind(_ magic: UInt32) -> String {
    magic == IDX.imagesMagic ? "pictures in IDX format" : "labels in IDX format"
  }

  private func idxHint(expected: UInt32, found: UInt32) -> String {
    switch found {
    case IDX.imagesMagic: "these are pictures: were the two files exchanged?"
    case IDX.labelsMagic: "these are labels: were the two files exchanged?"
    default: "check that it is the file you mean"
    }
  }
}
