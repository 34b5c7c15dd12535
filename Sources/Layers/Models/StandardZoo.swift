import FoveaGraphs

extension Zoo {
  /// Everything in the folder `Models`, a line each.
  ///
  /// Random weights start as they did where a network was published: as PyTorch's layers do unless said.
  public static let standard = Zoo(classifiers + detection)

  private static let classifiers: [Entry] = [
    Entry(
      name: "two-conv", summary: "Two 5×5 convolutions with max pooling, and one dense layer.",
      input: [1, 28, 28], classes: 10
    ) { TwoConv(classes: $0) },
    Entry(
      name: "lenet5", summary: "LeNet-5 with ReLU and max pooling.", input: [1, 28, 28], classes: 10
    ) { LeNet5(classes: $0) },
    Entry(
      name: "mnist-1d-conv", summary: "Three strided convolutions along a signal, and one dense layer.",
      input: [1, 40], classes: 10, initialization: .he
    ) { MNIST1DConv(classes: $0) },
    Entry(
      name: "mnist-1d-fc", summary: "Its fully connected rival: 285, 135 and 60 hidden units.",
      input: [1, 40], classes: 10, initialization: .he
    ) { MLP(hidden: [285, 135, 60], classes: $0) },
    Entry(
      name: "mnist-1d-baseline", summary: "The plain baseline for MNIST-1D: 100 and 100 hidden units.",
      input: [1, 40], classes: 10, initialization: .he
    ) { MLP(hidden: [100, 100], classes: $0) },
    Entry(
      name: "mlp", summary: "A multi-layer perceptron with 512 and 256 hidden units.", input: [1, 28, 28],
      classes: 10
    ) { MLP(hidden: [512, 256], classes: $0) },
    Entry(
      name: "resnet20", summary: "ResNet-20 for pictures of 32×32, shortcuts without parameters.",
      input: [3, 32, 32], classes: 10, initialization: .he
    ) { ResNetCIFAR(blocks: 3, classes: $0) },
    Entry(
      name: "resnet18-cifar", summary: "ResNet-18 whose first layers keep the size of small pictures.",
      input: [3, 32, 32], classes: 10, initialization: .he
    ) { ResNet18CIFAR(classes: $0) },
    Entry(
      name: "shape-tracking", summary: "Two 5×5 convolutions on colour pictures, to track sizes by hand.",
      input: [3, 32, 32], classes: 10
    ) { ShapeTracking(classes: $0) },
    Entry(
      name: "generic-cnn", summary: "The courses' template: three modules of convolution, ReLU and pooling.",
      input: [3, 32, 32], classes: 10
    ) { GenericCNN(modules: 3, classes: $0) },
    Entry(
      name: "generic-cnn-pool", summary: "The same with global pooling in place of flattening.",
      input: [3, 32, 32], classes: 10
    ) { GenericCNN(modules: 3, head: .pool, classes: $0) },
    Entry(
      name: "tiny-vgg", summary: "Tiny VGG of the CNN Explainer: four 3×3 convolutions with 10 maps each.",
      input: [3, 64, 64], classes: 10, initialization: .xavier
    ) { TinyVGG(classes: $0) },
  ]
}
