import FoveaGraphs

/// Dense blocks, in which every layer sees the maps of all layers before it (Huang et al. 2016, table 1).
///
/// [N, 3, H, W] → [N, classes]. Blocks of [6, 12, 24, 16], [6, 12, 32, 32] and [6, 12, 48, 32] layers that add 32
/// maps each are DenseNet-121, 169 and 201 with 7,978,856, 14,149,480 and 20,013,928 parameters for 1000 classes;
/// [6, 12, 36, 24] layers of 48 maps on 96 are DenseNet-161 with 28,681,000. They are torchvision's, function and
/// keys.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { DenseNet(blocks: [6, 12, 24, 16], classes: 1000) }
/// ```
public struct DenseNet: Layer, CustomStringConvertible {
  let blocks: [Int]
  let growth: Int
  let stem: Int
  let classes: Int

  /// - Parameters:
  ///   - blocks: layers in each block; between two blocks, channels and size are halved.
  ///   - growth: maps that a layer adds: the paper's k.
  ///   - stem: maps of the first convolution.
  public init(blocks: [Int], growth: Int = 32, stem: Int = 64, classes: Int) {
    self.blocks = blocks
    self.growth = growth
    self.stem = stem
    self.classes = classes
  }

  public var description: String {
    typed(
      "DenseNet", "blocks: \(blocks.typed)", argument("growth", growth, default: 32),
      argument("stem", stem, default: 64), "classes: \(classes)")
  }

  public var body: some Layer {
    Sequential {
      Conv2D(stem, kernel: 7, stride: 2, padding: .same, bias: false).named("conv0")
      BatchNorm().named("norm0")
      ReLU().named("relu0")
      MaxPool2D(3, stride: 2, padding: 1).named("pool0")
      for (index, width) in halves.enumerated() {
        Block(layers: blocks[index], growth: growth).named("denseblock\(index + 1)")
        if index + 1 < blocks.count { Transition(channels: width).named("transition\(index + 1)") }
      }
      BatchNorm().named("norm\(blocks.count + 1)")
    }.named("features")
    ReLU()
    GlobalAveragePool()
    Flatten()
    Dense(classes).named("classifier")
  }

  /// Half the channels behind each block.
  private var halves: [Int] {
    var channels = stem
    return blocks.map { layers in
      channels = Cost.sum(channels, Cost.product(layers, growth)) / 2
      return channels
    }
  }

  /// Layers whose maps are put behind their inputs.
  struct Block: Layer {
    let layers: Int
    let growth: Int

    var body: some Layer {
      for index in 0..<max(layers, 0) {
        Concatenate {
          Identity()
          DenseLayer(growth: growth).named("denselayer\(index + 1)")
        }
      }
    }
  }

  /// A 1×1 convolution to 4k channels, and a 3×3 convolution to k, each behind its norm and ReLU.
  struct DenseLayer: Layer {
    let growth: Int

    var body: some Layer {
      BatchNorm().named("norm1")
      ReLU().named("relu1")
      Conv2D(Cost.product(4, growth), kernel: 1, bias: false).named("conv1")
      BatchNorm().named("norm2")
      ReLU().named("relu2")
      Conv2D(growth, kernel: 3, padding: .same, bias: false).named("conv2")
    }
  }

  /// Between two blocks: fewer channels and a smaller picture.
  struct Transition: Layer {
    let channels: Int

    var body: some Layer {
      BatchNorm().named("norm")
      ReLU().named("relu")
      Conv2D(channels, kernel: 1, bias: false).named("conv")
      AveragePool2D(2).named("pool")
    }
  }
}
