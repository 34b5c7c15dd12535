import FoveaGraphs

extension Zoo {
  /// The small networks of the courses.
  ///
  /// Random weights start as they did where a network was published: as PyTorch's layers do unless said.
  static let small: [Entry] = [
    Entry(
      name: "two-conv", summary: "Two 5×5 convolutions with max pooling, and one dense layer.",
      input: [1, 28, 28], classes: 10
    ) { TwoConv(classes: $0) },
    Entry(
      name: "lenet5", summary: "LeNet-5 with ReLU and max pooling.", paper: "LeCun et al. 1998", input: [1, 28, 28],
      classes: 10
    ) { LeNet5(classes: $0) },
    Entry(
      name: "mnist-1d-conv", summary: "Three strided convolutions along a signal, and one dense layer.",
      paper: "Prince 2023", input: [1, 40], classes: 10, initialization: .he
    ) { MNIST1DConv(classes: $0) },
    Entry(
      name: "mnist-1d-fc", summary: "Its fully connected rival: 285, 135 and 60 hidden units.",
      paper: "Prince 2023", input: [1, 40], classes: 10, initialization: .he
    ) { MLP(hidden: [285, 135, 60], classes: $0) },
    Entry(
      name: "mnist-1d-baseline", summary: "The plain baseline for MNIST-1D: 100 and 100 hidden units.",
      paper: "Greydanus 2020", input: [1, 40], classes: 10, initialization: .he
    ) { MLP(hidden: [100, 100], classes: $0) },
    Entry(
      name: "mlp", summary: "A multi-layer perceptron with 512 and 256 hidden units.", input: [1, 28, 28],
      classes: 10
    ) { MLP(hidden: [512, 256], classes: $0) },
    Entry(
      name: "resnet20", summary: "ResNet-20 for pictures of 32×32, shortcuts without parameters.",
      paper: "He et al. 2015", input: [3, 32, 32], classes: 10, initialization: .he,
      preprocessing: .imageNetStatistics
    ) { ResNetCIFAR(blocks: 3, classes: $0) },
    Entry(
      name: "resnet32", summary: "ResNet-32 for pictures of 32×32, shortcuts without parameters.",
      paper: "He et al. 2015", input: [3, 32, 32], classes: 10, initialization: .he,
      preprocessing: .imageNetStatistics
    ) { ResNetCIFAR(blocks: 5, classes: $0) },
    Entry(
      name: "resnet44", summary: "ResNet-44 for pictures of 32×32, shortcuts without parameters.",
      paper: "He et al. 2015", input: [3, 32, 32], classes: 10, initialization: .he,
      preprocessing: .imageNetStatistics
    ) { ResNetCIFAR(blocks: 7, classes: $0) },
    Entry(
      name: "resnet56", summary: "ResNet-56 for pictures of 32×32, shortcuts without parameters.",
      paper: "He et al. 2015", input: [3, 32, 32], classes: 10, initialization: .he,
      preprocessing: .imageNetStatistics
    ) { ResNetCIFAR(blocks: 9, classes: $0) },
    Entry(
      name: "resnet110", summary: "ResNet-110 for pictures of 32×32, shortcuts without parameters.",
      paper: "He et al. 2015", input: [3, 32, 32], classes: 10, initialization: .he,
      preprocessing: .imageNetStatistics
    ) { ResNetCIFAR(blocks: 18, classes: $0) },
    Entry(
      name: "resnet18-cifar", summary: "ResNet-18 whose first layers keep the size of small pictures.",
      paper: "He et al. 2015", input: [3, 32, 32], classes: 10, initialization: .he
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
      paper: "Wang et al. 2020", input: [3, 64, 64], classes: 10, initialization: .xavier
    ) { TinyVGG(classes: $0) },
  ]
}
