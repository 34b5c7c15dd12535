import FoveaGraphs

/// GoogLeNet as it was published, with local response normalization and two heads on the way (Szegedy et al. 2014).
/// `GoogLeNet` is torchvision's, with batch normalization.
///
/// [N, 3, 224, 224] → [N, classes] and, with heads, `aux1` and `aux2` likewise, from behind modules 4a and 4d: their
/// losses count 0.3 each in training, and an evaluation leaves them out. For 1,000 classes 6,998,552 parameters,
/// 13,378,280 with the heads. Layers are called as in torchvision's network, as far as both have them.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { GoogLeNet2014(classes: 1000) }
/// ```
public struct GoogLeNet2014: Layer, CustomStringConvertible {
  let classes: Int
  let heads: Bool

  /// - Parameter heads: the two classifiers at the side, which training needs.
  public init(classes: Int, heads: Bool = true) {
    self.classes = classes
    self.heads = heads
  }

  public var description: String {
    typed("GoogLeNet2014", "classes: \(classes)", argument("heads", heads, default: true))
  }

  public var body: some Layer {
    RectifiedConv(64, kernel: 7, stride: 2).named("conv1")
    MaxPool2D(3, stride: 2, ceilMode: true).named("maxpool1")
    LocalResponseNorm(5)
    RectifiedConv(64, kernel: 1).named("conv2")
    RectifiedConv(192, kernel: 3).named("conv3")
    LocalResponseNorm(5)
    MaxPool2D(3, stride: 2, ceilMode: true).named("maxpool2")
    PlainInception(64, 96, 128, 16, 32, 32).named("inception3a")
    PlainInception(128, 128, 192, 32, 96, 64).named("inception3b")
    MaxPool2D(3, stride: 2, ceilMode: true).named("maxpool3")
    PlainInception(192, 96, 208, 16, 48, 64).named("inception4a")
    if heads { head("aux1") }
    PlainInception(160, 112, 224, 24, 64, 64).named("inception4b")
    PlainInception(128, 128, 256, 24, 64, 64).named("inception4c")
    PlainInception(112, 144, 288, 32, 64, 64).named("inception4d")
    if heads { head("aux2") }
    PlainInception(256, 160, 320, 32, 128, 128).named("inception4e")
    MaxPool2D(3, stride: 2, ceilMode: true).named("maxpool4")
    PlainInception(256, 160, 320, 32, 128, 128).named("inception5a")
    PlainInception(384, 192, 384, 48, 128, 128).named("inception5b")
    GlobalAveragePool()
    Flatten()
    Dropout(0.4)
    Dense(classes).named("fc")
  }

  /// Section 5: a classifier at the side.
  private func head(_ name: String) -> any Layer {
    Side {
      AveragePool2D(5, stride: 3)
      RectifiedConv(128, kernel: 1).named("conv")
      Flatten()
      Dense(1024).named("fc1")
      ReLU()
      Dropout(0.7)
      Dense(classes).named("fc2")
    }.named(name).tap(name)
  }
}

/// The inception module with 1×1 reductions, figure 2b: four branches side by side.
struct PlainInception: Layer, CustomStringConvertible {
  let widths: [Int]

  /// Maps of: 1×1; the reduction before 3×3, 3×3; the reduction before 5×5, 5×5; 1×1 behind the pooling.
  init(_ one: Int, _ reduce3: Int, _ three: Int, _ reduce5: Int, _ five: Int, _ pool: Int) {
    widths = [one, reduce3, three, reduce5, five, pool]
  }

  var description: String { "PlainInception(" + widths.map(String.init).joined(separator: ", ") + ")" }

  var body: some Layer {
    Concatenate {
      RectifiedConv(widths[0], kernel: 1).named("branch1")
      Sequential {
        RectifiedConv(widths[1], kernel: 1)
        RectifiedConv(widths[2], kernel: 3)
      }.named("branch2")
      Sequential {
        RectifiedConv(widths[3], kernel: 1)
        RectifiedConv(widths[4], kernel: 5)
      }.named("branch3")
      Sequential {
        MaxPool2D(3, stride: 1, padding: 1)
        RectifiedConv(widths[5], kernel: 1)
      }.named("branch4")
    }
  }
}

/// A convolution that keeps the size, and ReLU.
struct RectifiedConv: Layer, CustomStringConvertible {
  let channels: Int
  let kernel: Int
  let stride: Int

  init(_ channels: Int, kernel: Int, stride: Int = 1) {
    self.channels = channels
    self.kernel = kernel
    self.stride = stride
  }

  var description: String {
    typed("RectifiedConv", "\(channels)", "kernel: \(kernel)", argument("stride", stride, default: 1))
  }

  var body: some Layer {
    Conv2D(channels, kernel: kernel, stride: stride, padding: .same).named("conv")
    ReLU()
  }
}
