import FoveaGraphs

/// A convolutional autoencoder: strided convolutions make a picture a few numbers, transposed ones make the numbers
/// a picture again (after Masci et al. 2011).
///
/// [N, C, H, W] → the same, H and W divisible by 4 and at least 28; [1, 28, 28] becomes 16×14×14, 32×7×7 and 64
/// numbers, and the same way back, with 210,369 parameters. Outputs are between 0 and 1, as pixels are.
///
/// ```swift
/// let model = try Model(input: [1, 28, 28]) { ConvAutoencoder() }
/// ```
public struct ConvAutoencoder: Layer, CustomStringConvertible {
  let code: Int

  /// - Parameter code: channels of the code.
  public init(code: Int = 64) { self.code = code }

  public var description: String { typed("ConvAutoencoder", argument("code", code, default: 64)) }

  public func declare(_ x: Symbol) -> Symbol {
    guard x.checkedRank(4, layout: layoutName(axes: 2), mend: "give it pictures"), let channels = x.channels else {
      return x.poisoned([x.shape[0], x.channels, nil, nil])
    }
    let y = Sequential {
      Conv2D(16, kernel: 3, stride: 2, padding: 1)
      ReLU()
      Conv2D(32, kernel: 3, stride: 2, padding: 1)
      ReLU()
      Conv2D(code, kernel: 7)
      ReLU()
    }.named("encoder")(x)
    return Sequential {
      ConvTranspose2D(32, kernel: 7)
      ReLU()
      ConvTranspose2D(16, kernel: 3, stride: 2, padding: 1, outputPadding: 1)
      ReLU()
      ConvTranspose2D(channels, kernel: 3, stride: 2, padding: 1, outputPadding: 1)
      Sigmoid()
    }.named("decoder")(y)
  }
}
