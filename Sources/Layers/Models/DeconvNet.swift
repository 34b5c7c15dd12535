import FoveaGraphs

/// The deconvolution network: VGG-16 with its dense layers as convolutions, and its mirror image of unpooling and
/// transposed convolutions (Noh et al. 2015, table 1).
///
/// [N, 3, 224, 224] → [N, classes, 224, 224]; H and W divisible by 32, and at least 224. The first dense layer, a
/// 7×7 convolution, has 102,764,544 parameters, and so nearly has its mirror, 102,760,960; for
/// 21 classes all have 251,805,653. Every layer but the
/// scores has a norm and ReLU. Unpooling puts a number where the maximum was.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { DeconvNet(classes: 21) }
/// ```
public struct DeconvNet: Layer, CustomStringConvertible {
  let classes: Int
  let width: Int
  let hidden: Int

  /// - Parameters:
  ///   - width: channels at full size; VGG-16 has 64.
  ///   - hidden: units of the two dense layers.
  public init(classes: Int, width: Int = 64, hidden: Int = 4096) {
    self.classes = classes
    self.width = width
    self.hidden = hidden
  }

  public var description: String {
    typed(
      "DeconvNet", "classes: \(classes)", argument("width", width, default: 64),
      argument("hidden", hidden, default: 4096))
  }

  public func declare(_ x: Symbol) -> Symbol {
    let stages = VGGStage.sixteen(width)
    var y = x
    var places: [Switches] = []
    for (index, channels) in stages.enumerated() {
      y = VGGStage(channels).named("conv\(index + 1)")(y)
      let (pooled, switches) = MaxPool2D(2).withSwitches(y)
      places.append(switches)
      y = pooled
    }
    y = Sequential {
      Conv2D(hidden, kernel: 7).named("fc6")
      BatchNorm().named("bn6")
      ReLU()
      Conv2D(hidden, kernel: 1).named("fc7")
      BatchNorm().named("bn7")
      ReLU()
      ConvTranspose2D(stages[4][0], kernel: 7).named("deconv6")
      BatchNorm().named("bn8")
      ReLU()
    }.named("fc")(y)
    for index in stages.indices.reversed() {
      y = MaxUnpool(places[index])(y)
      let last = index > 0 ? stages[index - 1][0] : width
      y = DeconvStage(stages[index].dropLast() + [last]).named("deconv\(index + 1)")(y)
    }
    return Conv2D(classes, kernel: 1).named("score")(y)
  }
}

/// Transposed convolutions of 3×3 at one size, each with a norm and ReLU.
struct DeconvStage: Layer, CustomStringConvertible {
  let channels: [Int]

  init(_ channels: [Int]) { self.channels = channels }

  var description: String { typed("DeconvStage", channels.typed) }

  var body: some Layer {
    for (index, channels) in channels.enumerated() {
      ConvTranspose2D(channels, kernel: 3, padding: .same).named("deconv\(index + 1)")
      BatchNorm().named("bn\(index + 1)")
      ReLU()
    }
  }
}
