import FoveaGraphs

/// SegNet: VGG-16's convolutions, and the same way back by unpooling at the places of the maxima
/// (Badrinarayanan et al. 2015).
///
/// [N, 3, H, W] → [N, classes, H, W], H and W divisible by 32; every convolution of 3×3 has a norm and ReLU but the
/// last, which gives the scores. A decoder has no maps of the encoder beside it, only the places of its maxima. For
/// 3 channels and 21 classes 29,455,125 parameters.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { SegNet(classes: 21) }
/// ```
public struct SegNet: Layer, CustomStringConvertible {
  let classes: Int
  let width: Int

  /// - Parameter width: channels at full size; VGG-16 has 64.
  public init(classes: Int, width: Int = 64) {
    self.classes = classes
    self.width = width
  }

  public var description: String {
    typed("SegNet", "classes: \(classes)", argument("width", width, default: 64))
  }

  public func declare(_ x: Symbol) -> Symbol {
    let stages = VGGStage.sixteen(width)
    var y = x
    var places: [Switches] = []
    for (index, channels) in stages.enumerated() {
      y = VGGStage(channels).named("encoder\(index + 1)")(y)
      let (pooled, switches) = MaxPool2D(2).withSwitches(y)
      places.append(switches)
      y = pooled
    }
    for index in stages.indices.reversed() {
      y = MaxUnpool(places[index])(y)
      // Mirrored: as many convolutions, of which the last goes down to the next size's channels.
      let narrower = index > 0 ? [stages[index - 1][0]] : []
      let channels = stages[index].dropLast() + narrower
      y = VGGStage(Array(channels)).named("decoder\(index + 1)")(y)
    }
    return Conv2D(classes, kernel: 3, padding: .same).named("classifier")(y)
  }
}

/// Convolutions of 3×3 at one size, each with a norm and ReLU.
struct VGGStage: Layer, CustomStringConvertible {
  let channels: [Int]

  init(_ channels: [Int]) { self.channels = channels }

  /// The five stages of VGG-16 whose first convolution has `width` channels.
  static func sixteen(_ width: Int) -> [[Int]] {
    [(1, 2), (2, 2), (4, 3), (8, 3), (8, 3)].map { factor, count in
      [Int](repeating: Convolution.product(width, factor), count: count)
    }
  }

  var description: String { typed("VGGStage", channels.typed) }

  var body: some Layer {
    for (index, channels) in channels.enumerated() {
      Conv2D(channels, kernel: 3, padding: .same).named("conv\(index + 1)")
      BatchNorm().named("bn\(index + 1)")
      ReLU()
    }
  }
}
