/// LeNet-5 as it is taught today: two 5×5 convolutions with ReLU and max pooling, and three dense layers
/// (after LeCun et al. 1998, figure 2, which squashes, averages, and connects its maps by a table).
///
/// [N, C, H, W] → [N, classes]; for [1, 28, 28] and 10 classes 61,706 parameters and maps of 28, 14, 10 and 5.
///
/// ```swift
/// let model = try Model(input: [1, 28, 28]) { LeNet5(classes: 10) }
/// ```
public struct LeNet5: Layer, CustomStringConvertible {
  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("LeNet5", "classes: \(classes)") }

  public var body: some Layer {
    // The paper's pictures of 32×32 are digits of 28×28 with a rim; the padding is that rim.
    Conv2D(6, kernel: 5, padding: 2).named("conv1")
    ReLU()
    MaxPool2D(2)
    Conv2D(16, kernel: 5).named("conv2")
    ReLU()
    MaxPool2D(2)
    Flatten()
    Dense(120).named("fc1")
    ReLU()
    Dense(84).named("fc2")
    ReLU()
    Dense(classes).named("fc3")
  }
}
