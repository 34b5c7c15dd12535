import FoveaGraphs
import FoveaTensors

extension Zoo {
  /// Networks that torchvision has too: its names, sizes and keys, so that its weights load as they are.
  ///
  /// Beside them stand two of their family that it lacks, `mobilenet_v1` and `efficientnet_lite0`, and the forms of
  /// the inception networks with heads at the side, which torchvision makes by `aux_logits=True`.
  static let torchvision: [Entry] = plain + inceptions + residual + denselyConnected + mobile

  private static let plain: [Entry] = [
    imageNet(
      "alexnet", "AlexNet in one tower: five convolutions and three dense layers.", "Krizhevsky 2014",
      initialization: .standard
    ) { AlexNet(classes: $0) },
    imageNet(
      "vgg11", "VGG-11: stages of 3×3 convolutions.", "Simonyan and Zisserman 2014"
    ) { VGG(stages: [1, 1, 2, 2, 2], classes: $0) },
    imageNet(
      "vgg11_bn", "VGG-11 with batch normalization.", "Simonyan and Zisserman 2014"
    ) { VGG(stages: [1, 1, 2, 2, 2], norms: true, classes: $0) },
    imageNet(
      "vgg13", "VGG-13: stages of 3×3 convolutions.", "Simonyan and Zisserman 2014"
    ) { VGG(stages: [2, 2, 2, 2, 2], classes: $0) },
    imageNet(
      "vgg13_bn", "VGG-13 with batch normalization.", "Simonyan and Zisserman 2014"
    ) { VGG(stages: [2, 2, 2, 2, 2], norms: true, classes: $0) },
    imageNet(
      "vgg16", "VGG-16: stages of 3×3 convolutions.", "Simonyan and Zisserman 2014"
    ) { VGG(stages: [2, 2, 3, 3, 3], classes: $0) },
    imageNet(
      "vgg16_bn", "VGG-16 with batch normalization.", "Simonyan and Zisserman 2014"
    ) { VGG(stages: [2, 2, 3, 3, 3], norms: true, classes: $0) },
    imageNet(
      "vgg19", "VGG-19: stages of 3×3 convolutions.", "Simonyan and Zisserman 2014"
    ) { VGG(stages: [2, 2, 4, 4, 4], classes: $0) },
    imageNet(
      "vgg19_bn", "VGG-19 with batch normalization.", "Simonyan and Zisserman 2014"
    ) { VGG(stages: [2, 2, 4, 4, 4], norms: true, classes: $0) },
  ]

  private static let inceptions: [Entry] = [
    imageNet(
      "googlenet", "GoogLeNet: nine inception modules, with norms.", "Szegedy et al. 2014",
      preprocessing: .centred(resize: 256, size: 224), leavesOut: ["aux1.", "aux2."]
    ) { GoogLeNet(classes: $0) },
    imageNet(
      "googlenet_aux", "GoogLeNet with its two heads at the side, to train it.", "Szegedy et al. 2014",
      preprocessing: .centred(resize: 256, size: 224)
    ) { GoogLeNet(heads: true, classes: $0) },
    imageNet(
      "inception_v3", "Inception v3: large kernels taken apart.", "Szegedy et al. 2015", size: 299,
      preprocessing: .centred(resize: 342, size: 299), leavesOut: ["AuxLogits."]
    ) { InceptionV3(classes: $0) },
    imageNet(
      "inception_v3_aux", "Inception v3 with its head at the side, to train it.", "Szegedy et al. 2015", size: 299,
      preprocessing: .centred(resize: 342, size: 299)
    ) { InceptionV3(head: true, classes: $0) },
  ]

  private static let residual: [Entry] = [
    imageNet(
      "resnet18", "ResNet-18: eight basic blocks.", "He et al. 2015"
    ) { ResNet(blocks: [2, 2, 2, 2], of: .basic, classes: $0) },
    imageNet(
      "resnet34", "ResNet-34: sixteen basic blocks.", "He et al. 2015"
    ) { ResNet(blocks: [3, 4, 6, 3], of: .basic, classes: $0) },
    imageNet(
      "resnet50", "ResNet-50: sixteen bottlenecks.", "He et al. 2015"
    ) { ResNet(blocks: [3, 4, 6, 3], of: .bottleneck(), classes: $0) },
    imageNet(
      "resnet101", "ResNet-101: 33 bottlenecks.", "He et al. 2015"
    ) { ResNet(blocks: [3, 4, 23, 3], of: .bottleneck(), classes: $0) },
    imageNet(
      "resnet152", "ResNet-152: 50 bottlenecks.", "He et al. 2015"
    ) { ResNet(blocks: [3, 8, 36, 3], of: .bottleneck(), classes: $0) },
    imageNet(
      "resnext50_32x4d", "ResNeXt-50: bottlenecks of 32 groups of four channels.", "Xie et al. 2016"
    ) { ResNet(blocks: [3, 4, 6, 3], of: .bottleneck(groups: 32, groupWidth: 4), classes: $0) },
    imageNet(
      "wide_resnet50_2", "ResNet-50 with twice the channels inside its bottlenecks.", "Zagoruyko and Komodakis 2016"
    ) { ResNet(blocks: [3, 4, 6, 3], of: .bottleneck(groupWidth: 128), classes: $0) },
  ]

  private static let denselyConnected: [Entry] = [
    imageNet(
      "densenet121", "DenseNet-121: every layer sees the maps of all before it.", "Huang et al. 2016"
    ) { DenseNet(blocks: [6, 12, 24, 16], classes: $0) },
    imageNet(
      "densenet161", "DenseNet-161: every layer sees the maps of all before it.", "Huang et al. 2016"
    ) { DenseNet(blocks: [6, 12, 36, 24], growth: 48, stem: 96, classes: $0) },
    imageNet(
      "densenet169", "DenseNet-169: every layer sees the maps of all before it.", "Huang et al. 2016"
    ) { DenseNet(blocks: [6, 12, 32, 32], classes: $0) },
    imageNet(
      "densenet201", "DenseNet-201: every layer sees the maps of all before it.", "Huang et al. 2016"
    ) { DenseNet(blocks: [6, 12, 48, 32], classes: $0) },
  ]

  private static let mobile: [Entry] = [
    imageNet(
      "squeezenet1_0", "SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters.", "Iandola et al. 2016"
    ) { SqueezeNet(.original, classes: $0) },
    imageNet(
      "squeezenet1_1", "SqueezeNet 1.1: less than half the multiply-adds.", "Iandola et al. 2016"
    ) { SqueezeNet(.light, classes: $0) },
    imageNet(
      "mobilenet_v1", "MobileNet: depthwise separable convolutions.", "Howard et al. 2017"
    ) { MobileNetV1(classes: $0) },
    imageNet(
      "mobilenet_v2", "MobileNet v2: inverted residuals.", "Sandler et al. 2018"
    ) { MobileNetV2(classes: $0) },
    imageNet(
      "mobilenet_v3_large", "MobileNet v3: found by search, with gates and hard swish.", "Howard et al. 2019"
    ) { MobileNetV3(.large, classes: $0) },
    imageNet(
      "mobilenet_v3_small", "MobileNet v3, small.", "Howard et al. 2019"
    ) { MobileNetV3(.small, classes: $0) },
    imageNet(
      "efficientnet_b0", "EfficientNet-B0: inverted residuals with gates.", "Tan and Le 2019"
    ) { EfficientNet(.b0, classes: $0) },
    imageNet(
      "efficientnet_lite0", "EfficientNet-Lite0: without gates, for small devices.", "Liu 2020",
      preprocessing: nil
    ) { EfficientNet(.lite0, classes: $0) },
  ]

  /// A network for ImageNet's thousand classes; rectified units want He's scale, whichever form torchvision has.
  private static func imageNet(
    _ name: String, _ summary: String, _ paper: String, size: Int = 224, initialization: InitializationScheme = .he,
    preprocessing: Preprocessing? = .imageNet(), leavesOut: [String] = [],
    network: @escaping @Sendable (_ classes: Int) -> any Layer
  ) -> Entry {
    Entry(
      name: name, summary: summary, paper: paper, input: InputShape([3, size, size]), classes: 1000,
      initialization: initialization, preprocessing: preprocessing, leavesOut: leavesOut, network: network)
  }
}

extension Preprocessing {
  /// Pixels from -1 to 1: what torchvision's inception networks make of the usual normalization by themselves.
  fileprivate static func centred(resize: Int, size: Int) -> Preprocessing {
    let half = [0.5, 0.5, 0.5]
    return Preprocessing(resize: resize, size: [size, size], mean: half, std: half)
  }
}
