import FoveaGraphs

/// The densely connected networks for pictures of 32×32: three blocks in which every layer sees all earlier ones
/// (Huang et al. 2016, section 4).
///
/// [N, 3, H, W] → [N, classes]. A plain network has (depth − 4)/3 layers in each block, one with bottlenecks and
/// compression (BC) (depth − 4)/6 pairs. For 10 classes: depth 40, growth 12 has 1,019,722 parameters; 100, 12
/// has 6,979,642; 100, 12, BC has 769,162; 190, 40, BC has 25,624,430. Layers are called as in torchvision's
/// `DenseNet`.
///
/// ```swift
/// let model = try Model(input: [3, 32, 32]) { DenseNetCIFAR(depth: 100, growth: 12, compressed: true, classes: 10) }
/// ```
public struct DenseNetCIFAR: Layer, CustomStringConvertible {
  let depth: Int
  let growth: Int
  let compressed: Bool
  let classes: Int

  /// - Parameters:
  ///   - growth: maps that each layer adds.
  ///   - compressed: 1×1 convolutions before the others, and half of the maps behind a block: "BC".
  public init(depth: Int, growth: Int, compressed: Bool = false, classes: Int) {
    self.depth = depth
    self.growth = growth
    self.compressed = compressed
    self.classes = classes
  }

  public var description: String {
    typed(
      "DenseNetCIFAR", "depth: \(depth)", "growth: \(growth)", argument("compressed", compressed, default: false),
      "classes: \(classes)")
  }

  public var body: some Layer {
    let layers = (depth - 4) / (compressed ? 6 : 3)
    let start = compressed ? Convolution.product(2, growth) : 16
    Sequential {
      Conv2D(start, kernel: 3, padding: .same, bias: false).named("conv0")
      for block in 0..<3 {
        if block > 0 { CIFARTransition(compressed: compressed).named("transition\(block)") }
        Sequential {
          for layer in 0..<min(max(layers, 0), 512) {
            Concatenate {
              Identity()
              CIFARDenseLayer(growth, compressed: compressed).named("denselayer\(layer + 1)")
            }
          }
        }.named("denseblock\(block + 1)")
      }
      BatchNorm().named("norm5")
    }.named("features")
    ReLU()
    GlobalAveragePool()
    Flatten()
    Dense(classes).named("classifier")
  }
}

/// What one layer of a dense block adds.
private struct CIFARDenseLayer: Layer, CustomStringConvertible {
  let growth: Int
  let compressed: Bool

  init(_ growth: Int, compressed: Bool) {
    self.growth = growth
    self.compressed = compressed
  }

  var description: String { typed("CIFARDenseLayer", "\(growth)", argument("compressed", compressed, default: false)) }

  var body: some Layer {
    BatchNorm().named("norm1")
    ReLU()
    if compressed {
      Conv2D(Convolution.product(4, growth), kernel: 1, bias: false).named("conv1")
      BatchNorm().named("norm2")
      ReLU()
      Conv2D(growth, kernel: 3, padding: .same, bias: false).named("conv2")
    } else {
      Conv2D(growth, kernel: 3, padding: .same, bias: false).named("conv1")
    }
  }
}

/// Between two dense blocks: a 1×1 convolution to as many maps, or half as many, and an average pooling.
private struct CIFARTransition: Layer, CustomStringConvertible {
  let compressed: Bool

  var description: String { typed("CIFARTransition", argument("compressed", compressed, default: false)) }

  func declare(_ x: Symbol) -> Symbol {
    let y = ReLU()(BatchNorm().named("norm")(x))
    guard let have = x.channels else { return x.poisoned([x.shape[0], nil, nil, nil]) }
    let mixed = Conv2D(compressed ? have / 2 : have, kernel: 1, bias: false).named("conv")(y)
    return AveragePool2D(2)(mixed)
  }
}
