import FoveaTensors

/// Weights of a convolution that are known before anything is learned.
public enum WeightPattern: String, Sendable, Hashable, CaseIterable {
  /// Output i is a copy of input i: the middle tap of their kernel is 1, all else 0 (Yu and Koltun 2015,
  /// section 3). With an even kernel the tap behind the middle.
  case identity
  /// Output i is input i made larger by a tent over each input, as bilinear interpolation does (Long et al.
  /// 2015, section 3.3). For transposed convolutions.
  case bilinear

  /// The numbers that are not zero, by place, of weights [O, C, kernel…] or [C, O, kernel…].
  public func entries(of shape: Shape) -> [(index: Int, value: Double)] {
    guard shape.rank > 2 else { return [] }
    let kernel = Array(shape.dims.dropFirst(2))
    let area = kernel.reduce(1, *)
    var taps: [(place: Int, value: Double)] = [(0, 1)]
    for extent in kernel {
      taps = taps.flatMap { tap in
        factors(extent).map { (tap.place * extent + $0.offset, tap.value * $0.element) }.filter { $0.1 != 0 }
      }
    }
    return (0..<min(shape[0], shape[1])).flatMap { channel in
      taps.map { (index: (channel * shape[1] + channel) * area + $0.place, value: $0.value) }
    }
  }

  /// The pattern along one axis.
  private func factors(_ extent: Int) -> EnumeratedSequence<[Double]> {
    switch self {
    case .identity:
      return (0..<extent).map { $0 == extent / 2 ? 1 : 0 }.enumerated()
    case .bilinear:
      // The stride for which a kernel of this extent interpolates, and the middle of the tent.
      let factor = Double((extent + 1) / 2)
      let centre = extent % 2 == 1 ? factor - 1 : factor - 0.5
      return (0..<extent).map { 1 - abs(Double($0) - centre) / factor }.enumerated()
    }
  }
}
