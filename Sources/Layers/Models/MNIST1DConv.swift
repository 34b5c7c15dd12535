/// Three convolutions of stride 2 along a signal and one dense layer: the network that shows what weight
/// sharing is worth (Prince 2023, *Understanding Deep Learning*, figure 10.7, on the data of Greydanus 2020).
///
/// [N, C, L] → [N, classes]; for [1, 40] and 10 classes 2,050 parameters and lengths of 19, 9 and 4.
///
/// ```swift
/// let model = try Model(input: [1, 40]) { MNIST1DConv(classes: 10) }
/// ```
public struct MNIST1DConv: Layer, CustomStringConvertible {
  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("MNIST1DConv", "classes: \(classes)") }

  public var body: some Layer {
    for _ in 0..<3 {
      Conv1D(15, kernel: 3, stride: 2)
      ReLU()
    }
    Flatten()
    Dense(classes)
  }
}
