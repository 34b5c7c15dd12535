/// Tiny VGG, the network of the CNN Explainer: pairs of 3×3 convolutions with 10 maps each (Wang et al. 2020,
/// after Simonyan and Zisserman 2014). Layers are called what the explainer calls them.
///
/// [N, C, H, W] → [N, classes]; for [3, 64, 64] and 10 classes 19,920 parameters and maps of 62, 60, 30, 28,
/// 26 and 13.
///
/// ```swift
/// let model = try Model(input: [3, 64, 64]) { TinyVGG(classes: 10) }
/// ```
public struct TinyVGG: Layer, CustomStringConvertible {
  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("TinyVGG", "classes: \(classes)") }

  public var body: some Layer {
    for block in 1...2 {
      for place in 1...2 {
        Conv2D(10, kernel: 3).named("conv_\(block)_\(place)")
        ReLU().named("relu_\(block)_\(place)")
      }
      MaxPool2D(2).named("max_pool_\(block)")
    }
    Flatten().named("flatten")
    Dense(classes).named("output")
  }
}
