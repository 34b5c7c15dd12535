/// GoogLeNet: nine modules that look with several kernels at once (Szegedy et al. 2014, table 1), with a norm
/// behind every convolution (Ioffe and Szegedy 2015).
///
/// [N, 3, H, W] → [N, classes]; 6,624,904 parameters for 1000 classes, 13,004,888 with the two heads at the
/// side, whose scores are the outputs `aux1` and `aux2`. It is torchvision's `googlenet`, function and keys, and
/// so the branch that the paper draws as 5×5 is 3×3.
///
/// torchvision's published weights expect pixels of mean 0.5 and deviation 0.5 and turn the usual normalization
/// into that one (`transform_input`); here the preprocessing says so, and nothing needs to be turned. Its file
/// holds the heads too: load it where they are, or leave out what begins with `aux`.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { GoogLeNet(classes: 1000) }
/// ```
public struct GoogLeNet: Layer, CustomStringConvertible {
  let heads: Bool
  let classes: Int
  let dropout: Double
  let headDropout: Double

  /// - Parameters:
  ///   - heads: with the two heads that help to train; the paper adds 0.3 of their losses.
  ///   - dropout: rate before the dense layer.
  ///   - headDropout: rate before the last layers of the heads.
  public init(heads: Bool = false, classes: Int, dropout: Double = 0.2, headDropout: Double = 0.7) {
    self.heads = heads
    self.classes = classes
    self.dropout = dropout
    self.headDropout = headDropout
  }

  public var description: String {
    typed(
      "GoogLeNet", argument("heads", heads, default: false), "classes: \(classes)",
      argument("dropout", dropout, default: 0.2), argument("headDropout", headDropout, default: 0.7))
  }

  public var body: some Layer {
    ConvNormReLU(64, kernel: 7, stride: 2, padding: 3).named("conv1")
    MaxPool2D(3, stride: 2, ceilMode: true).named("maxpool1")
    ConvNormReLU(64, kernel: 1).named("conv2")
    ConvNormReLU(192, kernel: 3, padding: 1).named("conv3")
    MaxPool2D(3, stride: 2, ceilMode: true).named("maxpool2")
    Module(64, (96, 128), (16, 32), 32).named("inception3a")
    Module(128, (128, 192), (32, 96), 64).named("inception3b")
    MaxPool2D(3, stride: 2, ceilMode: true).named("maxpool3")
    Module(192, (96, 208), (16, 48), 64).named("inception4a")
    if heads { Side { Head(classes: classes, dropout: headDropout).named("aux1") }.tap("aux1") }
    Module(160, (112, 224), (24, 64), 64).named("inception4b")
    Module(128, (128, 256), (24, 64), 64).named("inception4c")
    Module(112, (144, 288), (32, 64), 64).named("inception4d")
    if heads { Side { Head(classes: classes, dropout: headDropout).named("aux2") }.tap("aux2") }
    Module(256, (160, 320), (32, 128), 128).named("inception4e")
    MaxPool2D(2, ceilMode: true).named("maxpool4")
    Module(256, (160, 320), (32, 128), 128).named("inception5a")
    Module(384, (192, 384), (48, 128), 128).named("inception5b")
    GlobalAveragePool().named("avgpool")
    Flatten()
    Dropout(dropout)
    Dense(classes).named("fc")
  }

  /// The inception module (figure 2b): four ways through it, side by side.
  struct Module: Layer, CustomStringConvertible {
    let single: Int
    /// Channels after the 1×1 reduction, and after the 3×3 convolution.
    let middle: (reduced: Int, channels: Int)
    let wide: (reduced: Int, channels: Int)
    let pooled: Int

    init(
      _ single: Int, _ middle: (reduced: Int, channels: Int), _ wide: (reduced: Int, channels: Int), _ pooled: Int
    ) {
      self.single = single
      self.middle = middle
      self.wide = wide
      self.pooled = pooled
    }

    var description: String { typed("Module", "\(single)", "\(middle)", "\(wide)", "\(pooled)") }

    var body: some Layer {
      Concatenate {
        ConvNormReLU(single, kernel: 1).named("branch1")
        Sequential {
          ConvNormReLU(middle.reduced, kernel: 1)
          ConvNormReLU(middle.channels, kernel: 3, padding: 1)
        }.named("branch2")
        Sequential {
          ConvNormReLU(wide.reduced, kernel: 1)
          ConvNormReLU(wide.channels, kernel: 3, padding: 1)
        }.named("branch3")
        Sequential {
          MaxPool2D(3, stride: 1, padding: 1, ceilMode: true)
          ConvNormReLU(pooled, kernel: 1)
        }.named("branch4")
      }
    }
  }

  /// A classifier at the side: it brings a gradient to the middle of the network.
  struct Head: Layer, CustomStringConvertible {
    let classes: Int
    let dropout: Double

    var description: String { typed("Head", "classes: \(classes)", "dropout: \(dropout)") }

    var body: some Layer {
      AdaptiveAveragePool2D([4, 4])
      ConvNormReLU(128, kernel: 1).named("conv")
      Flatten()
      Dense(1024).named("fc1")
      ReLU()
      Dropout(dropout)
      Dense(classes).named("fc2")
    }
  }
}
