/// MobileNet: every convolution is taken apart into one that looks, channel by channel, and one that mixes the
/// channels (Howard et al. 2017, table 1).
///
/// [N, 3, H, W] → [N, classes]; 4,231,976 parameters for 1000 classes. torchvision does not have it; layers are
/// called in the manner of its `mobilenet_v2`.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { MobileNetV1(classes: 1000) }
/// ```
public struct MobileNetV1: Layer, CustomStringConvertible {
  let classes: Int
  let dropout: Double

  /// - Parameter dropout: rate before the dense layer.
  public init(classes: Int, dropout: Double = 0.001) {
    self.classes = classes
    self.dropout = dropout
  }

  public var description: String {
    typed("MobileNetV1", "classes: \(classes)", argument("dropout", dropout, default: 0.001))
  }

  public var body: some Layer {
    Sequential {
      ConvNormActivation(32, stride: 2, activation: ReLU())
      Separable(32, to: 64)
      Separable(64, to: 128, stride: 2)
      Separable(128, to: 128)
      Separable(128, to: 256, stride: 2)
      Separable(256, to: 256)
      Separable(256, to: 512, stride: 2)
      for _ in 0..<5 { Separable(512, to: 512) }
      Separable(512, to: 1024, stride: 2)
      Separable(1024, to: 1024)
    }.named("features")
    GlobalAveragePool()
    Flatten()
    Sequential {
      Dropout(dropout)
      Dense(classes)
    }.named("classifier")
  }

  /// A depthwise convolution and a 1×1 convolution (figure 3).
  struct Separable: Layer {
    let inputs: Int
    let channels: Int
    let stride: Int

    init(_ inputs: Int, to channels: Int, stride: Int = 1) {
      self.inputs = inputs
      self.channels = channels
      self.stride = stride
    }

    var body: some Layer {
      ConvNormActivation(inputs, stride: stride, groups: inputs, activation: ReLU())
      ConvNormActivation(channels, kernel: 1, activation: ReLU())
    }
  }
}
