/// AlexNet in one tower: five convolutions and three dense layers (Krizhevsky 2014, after Krizhevsky et al.
/// 2012, whose network has two towers and local response normalization).
///
/// [N, 3, H, W] → [N, classes] from 63×63 on; 61,100,840 parameters for 1000 classes. It is torchvision's
/// `alexnet`, function and keys.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { AlexNet(classes: 1000) }
/// ```
public struct AlexNet: Layer, CustomStringConvertible {
  let classes: Int
  let dropout: Double

  /// - Parameter dropout: rate before the first two dense layers.
  public init(classes: Int, dropout: Double = 0.5) {
    self.classes = classes
    self.dropout = dropout
  }

  public var description: String {
    typed("AlexNet", "classes: \(classes)", argument("dropout", dropout, default: 0.5))
  }

  public var body: some Layer {
    Sequential {
      Conv2D(64, kernel: 11, stride: 4, padding: 2)
      ReLU()
      MaxPool2D(3, stride: 2)
      Conv2D(192, kernel: 5, padding: .same)
      ReLU()
      MaxPool2D(3, stride: 2)
      for channels in [384, 256, 256] {
        Conv2D(channels, kernel: 3, padding: .same)
        ReLU()
      }
      MaxPool2D(3, stride: 2)
    }.named("features")
    AdaptiveAveragePool2D([6, 6]).named("avgpool")
    Flatten()
    Sequential {
      for _ in 0..<2 {
        Dropout(dropout)
        Dense(4096)
        ReLU()
      }
      Dense(classes)
    }.named("classifier")
  }
}
