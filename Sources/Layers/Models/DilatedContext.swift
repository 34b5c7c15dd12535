import FoveaGraphs

/// The context module: dilated convolutions that see 67×67 places at full resolution (Yu and Koltun 2015, table 1,
/// basic).
///
/// [N, C, H, W] → the same: seven 3×3 convolutions of dilation 1, 1, 2, 4, 8, 16 and 1 and one of 1×1, all of as many
/// channels as the input has; 28,392 parameters for 21. It takes the maps of a network that answers for every
/// place, one for each class, and starts as the identity.
///
/// ```swift
/// let model = try Model(input: [21, 64, 64]) { DilatedContext() }
/// ```
public struct DilatedContext: Layer, CustomStringConvertible {
  public init() {}

  public var description: String { "DilatedContext()" }

  public func declare(_ x: Symbol) -> Symbol {
    guard x.checkedRank(4, layout: layoutName(axes: 2), mend: "give it maps"), let channels = x.channels else {
      return x.poisoned([x.shape[0], x.channels, nil, nil])
    }
    var y = x
    for (index, dilation) in [1, 1, 2, 4, 8, 16, 1].enumerated() {
      let conv = Conv2D(channels, kernel: 3, padding: .same, dilation: dilation)
      y = ReLU()(conv.starting(weight: .pattern(.identity), bias: .constant(0)).named("conv\(index + 1)")(y))
    }
    let last = Conv2D(channels, kernel: 1).starting(weight: .pattern(.identity), bias: .constant(0))
    return last.named("conv8")(y)
  }
}
