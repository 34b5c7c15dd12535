/// The network on which sizes are tracked by hand: two 5×5 convolutions with ReLU and pooling, and a dense layer.
///
/// [N, C, H, W] → [N, classes]; for [3, 32, 32] the maps are 28, 14, 10 and 5 wide and 1,600 numbers reach the
/// dense layer: 2,432 + 51,264 + 16,010 = 69,706 parameters for 10 classes.
///
/// ```swift
/// print(try Model(input: [3, 32, 32]) { ShapeTracking(classes: 10) }.summary())
/// ```
public struct ShapeTracking: Layer, CustomStringConvertible {
  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("ShapeTracking", "classes: \(classes)") }

  public var body: some Layer {
    for (index, channels) in [32, 64].enumerated() {
      Conv2D(channels, kernel: 5).named("conv\(index + 1)")
      ReLU()
      MaxPool2D(2)
    }
    Flatten()
    Dense(classes).named("fc")
  }
}
