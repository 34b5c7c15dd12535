import FoveaGraphs

extension Zoo {
  /// Networks that give an answer for every place: segmentation, reconstruction, heatmaps, signals. What others call
  /// classes are their output channels, numbers or joints.
  static let dense: [Entry] = [
    Entry(
      name: "causal-1d", summary: "Dilated causal convolutions that forecast a signal from its last 256 values.",
      paper: "van den Oord et al. 2016", input: [1, 256], classes: 1, task: .dense
    ) { Causal1D(outputs: $0) },
    Entry(
      name: "autoencoder", summary: "Strided convolutions to 64 numbers, and transposed ones back to the picture.",
      paper: "Masci et al. 2011", input: [1, 28, 28], classes: 1, task: .dense
    ) { _ in ConvAutoencoder() },
    Entry(
      name: "regression-cnn", summary: "A convolutional network with a linear head, for quantities.",
      input: [1, 64, 64], classes: 1, task: .regression
    ) { RegressionCNN(outputs: $0) },
    Entry(
      name: "fcn32s", summary: "VGG-16 as a sliding window, its scores enlarged 32 times.",
      paper: "Long et al. 2015", input: .picture(channels: 3, height: 224, width: 224), classes: 21, task: .dense
    ) { FCN(stride: 32, classes: $0) },
    Entry(
      name: "fcn16s", summary: "The same with the finer scores of the fourth pooling.",
      paper: "Long et al. 2015", input: .picture(channels: 3, height: 224, width: 224), classes: 21, task: .dense
    ) { FCN(stride: 16, classes: $0) },
    Entry(
      name: "fcn8s", summary: "The same with those of the third pooling too.",
      paper: "Long et al. 2015", input: .picture(channels: 3, height: 224, width: 224), classes: 21, task: .dense
    ) { FCN(stride: 8, classes: $0) },
    Entry(
      name: "deconvnet", summary: "VGG-16 and its mirror image of unpooling and transposed convolutions.",
      paper: "Noh et al. 2015", input: [3, 224, 224], classes: 21, task: .dense, initialization: .he
    ) { DeconvNet(classes: $0) },
    Entry(
      name: "segnet", summary: "VGG-16's convolutions, and back by unpooling at the places of the maxima.",
      paper: "Badrinarayanan et al. 2015", input: [3, 224, 224], classes: 21, task: .dense, initialization: .he
    ) { SegNet(classes: $0) },
    Entry(
      name: "unet-2015", summary: "U-Net as published: no padding, cropped skips, 572×572 becomes 388×388.",
      paper: "Ronneberger et al. 2015", input: [1, 572, 572], classes: 2, task: .dense, initialization: .he
    ) { UNet(classes: $0, padded: false) },
    Entry(
      name: "unet", summary: "U-Net with padding, which keeps the picture's size.",
      paper: "Ronneberger et al. 2015", input: [1, 256, 256], classes: 2, task: .dense, initialization: .he
    ) { UNet(classes: $0) },
    Entry(
      name: "dilated-context", summary: "Dilated convolutions that see 67×67 places at full resolution.",
      paper: "Yu and Koltun 2015", input: [21, 64, 64], classes: 21, task: .dense
    ) { _ in DilatedContext() },
    Entry(
      name: "hourglass", summary: "Two stacked hourglasses: a heatmap for each joint.",
      paper: "Newell et al. 2016", input: [3, 256, 256], classes: 16, task: .dense, initialization: .he
    ) { Hourglass(joints: $0) },
    Entry(
      name: "hourglass8", summary: "Eight stacked hourglasses, as published.",
      paper: "Newell et al. 2016", input: [3, 256, 256], classes: 16, task: .dense, initialization: .he
    ) { Hourglass(joints: $0, stacks: 8) },
  ]
}
