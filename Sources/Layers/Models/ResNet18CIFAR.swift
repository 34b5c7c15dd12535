/// ResNet-18 for small pictures: the network of He et al. 2015, table 1, whose first layers do not shrink the
/// picture (a 3×3 convolution of stride 1 and no pooling).
///
/// [N, 3, H, W] → [N, classes]; 11,173,962 parameters for 10 classes. Layers are called as in torchvision's
/// `resnet18`, so all of its weights but those of `conv1` and `fc` fit.
///
/// ```swift
/// let model = try Model(input: [3, 32, 32]) { ResNet18CIFAR(classes: 10) }
/// ```
public struct ResNet18CIFAR: Layer, CustomStringConvertible {
  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("ResNet18CIFAR", "classes: \(classes)") }

  public var body: some Layer {
    Conv2D(64, kernel: 3, padding: .same, bias: false).named("conv1")
    BatchNorm().named("bn1")
    ReLU()
    for (stage, channels) in [64, 128, 256, 512].enumerated() {
      Sequential {
        if stage == 0 {
          BasicBlock(channels)
        } else {
          BasicBlock(channels, stride: 2, shortcut: .projection)
        }
        BasicBlock(channels)
      }.named("layer\(stage + 1)")
    }
    GlobalAveragePool().named("avgpool")
    Flatten()
    Dense(classes).named("fc")
  }
}
