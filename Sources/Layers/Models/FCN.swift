import FoveaGraphs

/// The fully convolutional network: VGG-16 whose dense layers slide like convolutions, and transposed convolutions
/// that bring its scores back to the picture's size (Long et al. 2015).
///
/// [N, 3, H, W] → [N, classes, H, W] for pictures of any size: the first convolution pads 100 pixels, and what is too
/// much is cut off at the offsets of the authors' program. `stride` 32 enlarges the coarsest scores alone; 16 adds
/// those of the fourth pooling, and 8 those of the third. For 21 classes 136,152,917, 134,815,994 and
/// 134,489,759 parameters. Layers are called as in Caffe's `fcn8s`. Enlarging starts as bilinear interpolation.
///
/// ```swift
/// let model = try Model(input: .picture(channels: 3, height: 224, width: 224)) { FCN(stride: 8, classes: 21) }
/// ```
public struct FCN: Layer, CustomStringConvertible {
  let stride: Int
  let classes: Int
  let width: Int
  let hidden: Int

  /// - Parameters:
  ///   - stride: 32, 16 or 8: the coarseness of the last enlargement.
  ///   - width: channels at full size; VGG-16 has 64.
  ///   - hidden: units of the two dense layers.
  public init(stride: Int, classes: Int, width: Int = 64, hidden: Int = 4096) {
    self.stride = stride
    self.classes = classes
    self.width = width
    self.hidden = hidden
  }

  public var description: String {
    typed(
      "FCN", "stride: \(stride)", "classes: \(classes)", argument("width", width, default: 64),
      argument("hidden", hidden, default: 4096))
  }

  public func declare(_ x: Symbol) -> Symbol {
    guard [8, 16, 32].contains(stride) else {
      x.reject("a stride of \(stride)", mend: "choose 8, 16 or 32")
      return x.poisoned([x.shape[0], classes, nil, nil])
    }
    var y = x
    var pooled: [Symbol] = []
    for (stage, channels) in VGGStage.sixteen(width).enumerated() {
      for (index, channels) in channels.enumerated() {
        // The rim keeps small pictures from vanishing under the 7×7 kernel.
        let padding: Padding = stage == 0 && index == 0 ? 100 : 1
        y = ReLU()(Conv2D(channels, kernel: 3, padding: padding).named("conv\(stage + 1)_\(index + 1)")(y))
      }
      y = MaxPool2D(2, ceilMode: true).named("pool\(stage + 1)")(y)
      pooled.append(y)
    }
    for (name, kernel) in [("fc6", 7), ("fc7", 1)] {
      y = Dropout()(ReLU()(Conv2D(hidden, kernel: kernel).named(name)(y)))
    }
    y = score("score_fr")(y)
    if stride == 32 { return enlarged(y, "upscore", 32).cropped(like: x, offset: 19) }
    y = enlarged(y, "upscore2", 2)
    y = y + score("score_pool4")(pooled[3]).cropped(like: y, offset: 5)
    if stride == 16 { return enlarged(y, "upscore16", 16).cropped(like: x, offset: 27) }
    y = enlarged(y, "upscore_pool4", 2)
    y = y + score("score_pool3")(pooled[2]).cropped(like: y, offset: 9)
    return enlarged(y, "upscore8", 8).cropped(like: x, offset: 31)
  }

  /// Scores of every place, which start as zeros, as in the authors' program.
  private func score(_ name: String) -> ModifiedLayer {
    Conv2D(classes, kernel: 1).starting(weight: .constant(0), bias: .constant(0)).named(name)
  }

  /// Scores at `factor` times the size.
  private func enlarged(_ x: Symbol, _ name: String, _ factor: Int) -> Symbol {
    ConvTranspose2D(classes, kernel: 2 * factor, stride: factor, bias: false)
      .starting(weight: .pattern(.bilinear)).named(name)(x)
  }
}
