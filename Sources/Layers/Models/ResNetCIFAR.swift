/// The residual networks for pictures of 32×32: three stages of `blocks` basic blocks with 16, 32 and 64
/// channels, and shortcuts without parameters (He et al. 2015, section 4.2, option A) unless asked for.
///
/// [N, 3, H, W] → [N, classes]. The depth is 6·blocks + 2: 3, 5, 7, 9 and 18 blocks are ResNet-20, 32, 44, 56
/// and 110, with 269,722, 464,154, 658,586, 853,018 and 1,727,962 parameters for 10 classes. Layers are called
/// as in Idelbayev's PyTorch version, whose trained weights load as they are; so a shortcut takes every second
/// position and puts its new channels, zeros, half before and half behind the old ones. With
/// `shortcut: .projection` (option B) it is a 1×1 convolution and a norm: 272,474 parameters for ResNet-20.
///
/// ```swift
/// let model = try Model(input: [3, 32, 32]) { ResNetCIFAR(blocks: 3, classes: 10) }
/// ```
public struct ResNetCIFAR: Layer, CustomStringConvertible {
  let blocks: Int
  let classes: Int
  let shortcut: BasicBlock.Shortcut

  /// - Parameters:
  ///   - blocks: in each of the three stages.
  ///   - shortcut: around the first block of the second and third stage.
  public init(blocks: Int, classes: Int, shortcut: BasicBlock.Shortcut = .zeros) {
    self.blocks = blocks
    self.classes = classes
    self.shortcut = shortcut
  }

  public var description: String {
    typed(
      "ResNetCIFAR", "blocks: \(blocks)", "classes: \(classes)",
      shortcut == .zeros ? nil : "shortcut: .\(shortcut)")
  }

  public var body: some Layer {
    Conv2D(16, kernel: 3, padding: .same, bias: false).named("conv1")
    BatchNorm().named("bn1")
    ReLU()
    for (stage, channels) in [16, 32, 64].enumerated() {
      Sequential {
        for block in 0..<max(blocks, 0) {
          if stage > 0, block == 0 {
            BasicBlock(channels, stride: 2, shortcut: shortcut)
          } else {
            BasicBlock(channels)
          }
        }
      }.named("layer\(stage + 1)")
    }
    GlobalAveragePool().named("avgpool")
    Flatten()
    Dense(classes).named("linear")
  }
}
