/// Two convolutions, each with ReLU and max pooling, and one dense layer: small enough to train on a CPU
/// in minutes.
///
/// [N, C, H, W] → [N, classes]; for [1, 28, 28] and 10 classes 62,346 parameters.
///
/// ```swift
/// let model = try Model(input: [1, 28, 28]) { TwoConv(classes: 10) }
/// ```
public struct TwoConv: Layer, CustomStringConvertible {
  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("TwoConv", "classes: \(classes)") }

  public var body: some Layer {
    Conv2D(32, kernel: 5).named("conv1")
    ReLU()
    MaxPool2D(2)
    Conv2D(64, kernel: 5).named("conv2")
    ReLU()
    MaxPool2D(2)
    Flatten()
    Dense(classes).named("fc")
  }
}
