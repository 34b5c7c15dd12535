/// The residual networks for large pictures (He et al. 2015, table 1), and those with groups (Xie et al. 2016) or
/// more channels (Zagoruyko and Komodakis 2016) inside their blocks.
///
/// [N, 3, H, W] → [N, classes]. Two, three or more blocks in each of four stages: [2, 2, 2, 2] basic blocks are
/// ResNet-18 with 11,689,512 parameters for 1000 classes and [3, 4, 6, 3] ResNet-34 with 21,797,672; [3, 4, 6, 3],
/// [3, 4, 23, 3] and [3, 8, 36, 3] bottlenecks are ResNet-50, 101 and 152 with 25,557,032, 44,549,160 and
/// 60,192,808. They are torchvision's, function and keys: a bottleneck's stride is that of
/// its 3×3 convolution, unless told otherwise.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { ResNet(blocks: [3, 4, 6, 3], of: .bottleneck(), classes: 1000) }
/// ```
public struct ResNet: Layer, CustomStringConvertible {
  /// What a stage is made of.
  public enum Block: Sendable, Equatable {
    /// Two 3×3 convolutions.
    case basic
    /// A 3×3 convolution between two of 1×1, see `Bottleneck`.
    case bottleneck(groups: Int = 1, groupWidth: Int = 64, stridesFirst: Bool = false)
  }

  let blocks: [Int]
  let block: Block
  let classes: Int

  /// - Parameters:
  ///   - blocks: in each stage, the first of 64 channels, each of the others of twice as many and half the size.
  public init(blocks: [Int], of block: Block, classes: Int) {
    self.blocks = blocks
    self.block = block
    self.classes = classes
  }

  public var description: String { typed("ResNet", "blocks: \(blocks.typed)", "of: \(kind)", "classes: \(classes)") }

  private var kind: String {
    switch block {
    case .basic: ".basic"
    case .bottleneck(let groups, let groupWidth, let stridesFirst):
      "."
        + typed(
          "bottleneck", argument("groups", groups, default: 1), argument("groupWidth", groupWidth, default: 64),
          argument("stridesFirst", stridesFirst, default: false))
    }
  }

  public var body: some Layer {
    Conv2D(64, kernel: 7, stride: 2, padding: .same, bias: false).named("conv1")
    BatchNorm().named("bn1")
    ReLU().named("relu")
    MaxPool2D(3, stride: 2, padding: 1).named("maxpool")
    for (stage, count) in blocks.enumerated() {
      Sequential {
        for index in 0..<max(count, 0) { layer(64 << min(stage, 16), stage: stage, index: index) }
      }.named("layer\(stage + 1)")
    }
    GlobalAveragePool().named("avgpool")
    Flatten()
    Dense(classes).named("fc")
  }

  private func layer(_ channels: Int, stage: Int, index: Int) -> any Layer {
    let stride = stage > 0 && index == 0 ? 2 : 1
    switch block {
    case .basic:
      return BasicBlock(channels, stride: stride, shortcut: stride > 1 ? .projection : .identity)
    case .bottleneck(let groups, let groupWidth, let stridesFirst):
      // The first stage keeps the size but makes four times as many channels.
      return Bottleneck(
        channels, stride: stride, projects: index == 0, groups: groups, groupWidth: groupWidth,
        stridesFirst: stridesFirst)
    }
  }
}
