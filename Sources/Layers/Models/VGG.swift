/// The networks of 3×3 convolutions in stages that halve the picture (Simonyan and Zisserman 2014, table 1).
///
/// [N, 3, H, W] → [N, classes] from 32×32 on. Stages of [1, 1, 2, 2, 2], [2, 2, 2, 2, 2], [2, 2, 3, 3, 3] and
/// [2, 2, 4, 4, 4] convolutions are VGG-11, 13, 16 and 19 (A, B, D and E of the paper) with 132,863,336,
/// 133,047,848, 138,357,544 and 143,667,240 parameters for 1000 classes. They are torchvision's, function and
/// keys, with and without norms.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { VGG(stages: [2, 2, 3, 3, 3], classes: 1000) }
/// ```
public struct VGG: Layer, CustomStringConvertible {
  let stages: [Int]
  let norms: Bool
  let classes: Int
  let dropout: Double

  /// - Parameters:
  ///   - stages: convolutions in each stage; widths are 64, 128, 256, and 512 from then on.
  ///   - norms: batch normalization behind every convolution, which the paper does not have.
  ///   - dropout: rate behind the first two dense layers.
  public init(stages: [Int], norms: Bool = false, classes: Int, dropout: Double = 0.5) {
    self.stages = stages
    self.norms = norms
    self.classes = classes
    self.dropout = dropout
  }

  public var description: String {
    typed(
      "VGG", "stages: \(stages.typed)", argument("norms", norms, default: false), "classes: \(classes)",
      argument("dropout", dropout, default: 0.5))
  }

  public var body: some Layer {
    Sequential {
      for (stage, convolutions) in stages.enumerated() {
        for _ in 0..<max(convolutions, 0) {
          Conv2D(64 << min(stage, 3), kernel: 3, padding: .same)
          if norms { BatchNorm() }
          ReLU()
        }
        MaxPool2D(2)
      }
    }.named("features")
    AdaptiveAveragePool2D([7, 7]).named("avgpool")
    Flatten()
    Sequential {
      for _ in 0..<2 {
        Dense(4096)
        ReLU()
        Dropout(dropout)
      }
      Dense(classes)
    }.named("classifier")
  }
}
