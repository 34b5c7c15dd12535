import FoveaData
import FoveaLayers
import FoveaTensors

extension Preprocessing {
  /// The picture as the network takes it, f32 of shape [C, H, W].
  ///
  /// In order: gray or RGB, the shorter side resized to `resize` and `size` cut out of the middle (or
  /// resized straight to `size` without `resize`), BGR where the network wants that, divided by 255,
  /// `mean` subtracted, divided by `std`.
  /// - Throws: `DataError` for sizes that cannot be, a crop larger than the picture, or numbers of `mean`
  ///   and `std` that do not fit the channels.
  public func tensor(of picture: Image8) throws(DataError) -> Tensor {
    try tensor(of: picture, using: normalization)
  }

  /// The picture's levels, 0 to 255, for a network that takes whole numbers.
  /// - Throws: as `tensor(of:)`, and for a `mean` or `std`, whose results are no whole numbers.
  func levels(of picture: Image8, _ dtype: DType) throws(DataError) -> Tensor {
    guard mean.isEmpty, std.isEmpty else {
      throw .badOption(
        name: "mean and std", value: "\(mean), \(std)",
        expected: "none, since the network takes pixels of type \(dtype.rawValue) as they are, 0 to 255")
    }
    return try tensor(of: picture, using: .levels).converted(to: dtype)
  }

  private func tensor(of picture: Image8, using normalization: Normalization) throws(DataError) -> Tensor {
    var image = try picture.converted(channels: channels == .gray ? 1 : 3)
    if let resize { image = try image.resized(shortSide: resize, antialias: antialias) }
    if let size {
      guard size.count == 2 else { throw .badSize(height: size.first ?? 0, width: size.last ?? 0) }
      image =
        resize == nil
        ? try image.resized(height: size[0], width: size[1], antialias: antialias)
        : try image.centerCropped(height: size[0], width: size[1])
    }
    guard channels == .bgr else { return try image.tensor(using: normalization) }
    return try image.swappingRedAndBlue().tensor(using: normalization)
  }

  /// What is done to 8-bit pixels. Pictures and data sets go through the same numbers, so that a picture
  /// gets the same answer from a file as from its data set.
  public var normalization: Normalization {
    get throws(DataError) {
      if mean.isEmpty && std.isEmpty { return .unit }
      let count = max(mean.count, std.count)
      return try Normalization(
        mean: mean.isEmpty ? [Float](repeating: 0, count: count) : mean.map { Float($0) },
        std: std.isEmpty ? [Float](repeating: 1, count: count) : std.map { Float($0) })
    }
  }
}

extension Image8 {
  /// RGB as BGR, or back.
  fileprivate func swappingRedAndBlue() throws(DataError) -> Image8 {
    var swapped = pixels
    for index in stride(from: 0, to: swapped.count, by: 3) { swapped.swapAt(index, index + 2) }
    return try Image8(height: height, width: width, channels: channels, pixels: swapped)
  }
}
