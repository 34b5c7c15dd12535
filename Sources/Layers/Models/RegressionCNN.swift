/// A convolutional network whose outputs are quantities, not classes: the last layer is linear, for the squared
/// error.
///
/// [N, C, H, W] → [N, outputs]: three modules of convolution, ReLU and pooling keep where things are, and two dense
/// layers read it off. For [1, 64, 64] and 2 outputs 145,314 parameters.
///
/// ```swift
/// let model = try Model(input: [1, 64, 64]) { RegressionCNN(outputs: 2) }      // e.g. where the blob is
/// ```
public struct RegressionCNN: Layer, CustomStringConvertible {
  let outputs: Int

  public init(outputs: Int) { self.outputs = outputs }

  public var description: String { typed("RegressionCNN", "outputs: \(outputs)") }

  public var body: some Layer {
    for (index, channels) in [16, 32, 32].enumerated() {
      Conv2D(channels, kernel: 3, padding: .same).named("conv\(index + 1)")
      ReLU()
      MaxPool2D(2)
    }
    Flatten()
    Dense(64).named("fc1")
    ReLU()
    Dense(outputs).named("fc2")
  }
}
