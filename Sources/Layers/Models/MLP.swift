/// A multi-layer perceptron: dense layers with ReLU between them (Rumelhart et al. 1986), on examples of any
/// shape.
///
/// [N, …] → [N, classes]. Hidden layers of 512 and 256 units on 784 numbers make 535,818 parameters; 285, 135
/// and 60 on 40 numbers, the rival of `MNIST1DConv` with as many units in each layer, make 59,065; 100 and 100
/// make 15,210.
///
/// ```swift
/// let model = try Model(input: [1, 28, 28]) { MLP(hidden: [512, 256], classes: 10) }
/// ```
public struct MLP: Layer, CustomStringConvertible {
  let hidden: [Int]
  let classes: Int

  /// - Parameter hidden: units of each layer between the input and the scores.
  public init(hidden: [Int], classes: Int) {
    self.hidden = hidden
    self.classes = classes
  }

  public var description: String { typed("MLP", "hidden: \(hidden.typed)", "classes: \(classes)") }

  public var body: some Layer {
    Flatten()
    for (index, units) in hidden.enumerated() {
      Dense(units).named("fc\(index + 1)")
      ReLU()
    }
    Dense(classes).named("fc\(hidden.count + 1)")
  }
}
