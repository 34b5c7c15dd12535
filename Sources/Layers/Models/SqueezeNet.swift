/// SqueezeNet: modules that squeeze to few channels by 1×1 convolutions and expand by 1×1 and 3×3 ones; AlexNet's
/// accuracy with a fiftieth of its parameters (Iandola et al. 2016, table 1).
///
/// [N, 3, H, W] → [N, classes]; 1,248,424 parameters for 1000 classes, version 1.1 has 1,235,496 and less than half
/// the multiply-adds. They are torchvision's, function and keys.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { SqueezeNet(.light, classes: 1000) }
/// ```
public struct SqueezeNet: Layer, CustomStringConvertible {
  /// The paper's network (1.0), or the authors' lighter one of the same year (1.1).
  public enum Version: String, Sendable { case original, light }

  let version: Version
  let classes: Int
  let dropout: Double

  /// - Parameter dropout: rate before the last convolution.
  public init(_ version: Version, classes: Int, dropout: Double = 0.5) {
    self.version = version
    self.classes = classes
    self.dropout = dropout
  }

  public var description: String {
    typed("SqueezeNet", ".\(version)", "classes: \(classes)", argument("dropout", dropout, default: 0.5))
  }

  public var body: some Layer {
    // (squeezed, expanded) of the modules between two poolings.
    let modules: [[(Int, Int)]] =
      switch version {
      case .original: [[(16, 64), (16, 64), (32, 128)], [(32, 128), (48, 192), (48, 192), (64, 256)], [(64, 256)]]
      case .light: [[(16, 64), (16, 64)], [(32, 128), (32, 128)], [(48, 192), (48, 192), (64, 256), (64, 256)]]
      }
    Sequential {
      if version == .original { Conv2D(96, kernel: 7, stride: 2) } else { Conv2D(64, kernel: 3, stride: 2) }
      ReLU()
      for group in modules {
        MaxPool2D(3, stride: 2, ceilMode: true)
        for (squeezed, expanded) in group { Fire(squeezed: squeezed, expanded: expanded) }
      }
    }.named("features")
    Sequential {
      Dropout(dropout)
      Conv2D(classes, kernel: 1)
      ReLU()
      GlobalAveragePool()
    }.named("classifier")
    Flatten()
  }

  /// The fire module (figure 1).
  struct Fire: Layer {
    let squeezed: Int
    /// Channels of each of the two convolutions that expand.
    let expanded: Int

    var body: some Layer {
      Conv2D(squeezed, kernel: 1).named("squeeze")
      ReLU()
      Concatenate {
        Sequential {
          Conv2D(expanded, kernel: 1).named("expand1x1")
          ReLU()
        }
        Sequential {
          Conv2D(expanded, kernel: 3, padding: .same).named("expand3x3")
          ReLU()
        }
      }
    }
  }
}
