import FoveaGraphs

/// U-Net: down to a coarse view, up again, and at every size what was there on the way down (Ronneberger et al. 2015).
///
/// [N, C, H, W] → [N, classes, H, W], with H and W divisible by 16. For 1 channel and 2 classes 31,030,658
/// parameters. As published it does not pad: 572×572 becomes 388×388, and what crosses over is cropped; give
/// `padded: false`. Layers are called as in the PyTorch version that is used most (milesial's), without its norms.
///
/// ```swift
/// let model = try Model(input: [1, 256, 256]) { UNet(classes: 2) }
/// let published = try Model(input: [1, 572, 572]) { UNet(classes: 2, padded: false) }
/// ```
public struct UNet: Layer, CustomStringConvertible {
  let classes: Int
  let width: Int
  let padded: Bool

  /// - Parameters:
  ///   - width: channels at full size; each of the four steps down doubles them.
  ///   - padded: convolutions keep the size; otherwise as published, with dropout behind the two coarsest levels.
  public init(classes: Int, width: Int = 64, padded: Bool = true) {
    self.classes = classes
    self.width = width
    self.padded = padded
  }

  public var description: String {
    typed(
      "UNet", "classes: \(classes)", argument("width", width, default: 64), argument("padded", padded, default: true))
  }

  public func declare(_ x: Symbol) -> Symbol {
    let levels = 4
    var widths = [width]
    for _ in 0..<levels { widths.append(Convolution.product(widths[widths.count - 1], 2)) }

    var y = convolutions(widths[0]).named("inc")(x)
    var skips: [Symbol] = []
    for level in 1...levels {
      skips.append(y)
      y = Sequential {
        Sequential {
          MaxPool2D(2)
          convolutions(widths[level])
          if !padded, level >= levels - 1 { Dropout() }
        }.named("maxpool_conv")
      }.named("down\(level)")(y)
    }
    for (step, skip) in skips.reversed().enumerated() {
      let channels = widths[levels - 1 - step]
      let larger = ConvTranspose2D(channels, kernel: 2, stride: 2).named("up\(step + 1).up")(y)
      let beside = padded ? skip : skip.cropped(like: larger)
      y = convolutions(channels).named("up\(step + 1).conv")(Concatenate.together([beside, larger]))
    }
    return Conv2D(classes, kernel: 1).named("outc.conv")(y)
  }

  private func convolutions(_ channels: Int) -> TwoRectifiedConvs {
    TwoRectifiedConvs(channels, padding: padded ? .same : .valid)
  }
}

/// Two 3×3 convolutions with ReLU.
struct TwoRectifiedConvs: Layer, CustomStringConvertible {
  let channels: Int
  let padding: Padding

  init(_ channels: Int, padding: Padding) {
    self.channels = channels
    self.padding = padding
  }

  var description: String { typed("TwoRectifiedConvs", "\(channels)", "padding: \(padding)") }

  var body: some Layer {
    Sequential {
      for _ in 0..<2 {
        Conv2D(channels, kernel: 3, padding: padding)
        ReLU()
      }
    }.named("double_conv")
  }
}
