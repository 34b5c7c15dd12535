/// MobileNet v2: inverted residuals with linear ends (Sandler et al. 2018, table 2).
///
/// [N, 3, H, W] → [N, classes]; 3,504,872 parameters for 1000 classes. It is torchvision's `mobilenet_v2`, function
/// and keys.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { MobileNetV2(classes: 1000) }
/// ```
public struct MobileNetV2: Layer, CustomStringConvertible {
  let classes: Int
  let dropout: Double

  /// - Parameter dropout: rate before the dense layer.
  public init(classes: Int, dropout: Double = 0.2) {
    self.classes = classes
    self.dropout = dropout
  }

  public var description: String {
    typed("MobileNetV2", "classes: \(classes)", argument("dropout", dropout, default: 0.2))
  }

  public var body: some Layer {
    Sequential {
      ConvNormActivation(32, stride: 2, activation: ReLU6())
      blocks
      ConvNormActivation(1280, kernel: 1, activation: ReLU6())
    }.named("features")
    GlobalAveragePool()
    Flatten()
    Sequential {
      Dropout(dropout)
      Dense(classes)
    }.named("classifier")
  }

  /// Table 2: expansion, channels, how many, stride of the first.
  private var blocks: [any Layer] {
    let stages = [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]
    var inputs = 32
    return stages.flatMap { expansion, channels, count, stride in
      (0..<count).map { index in
        defer { inputs = channels }
        return InvertedResidual(
          inputs, to: channels, expanded: expansion * inputs, stride: index == 0 ? stride : 1, activation: ReLU6(),
          style: .mobileNetV2)
      }
    }
  }
}
