import FoveaGraphs

extension Zoo {
  /// The networks of the papers in the order of their years, as they were published.
  static let history: [Entry] =
    [
      Entry(
        name: "tdnn", summary: "The time-delay network: shared filters along a spectrogram, summed over time.",
        paper: "Waibel et al. 1989", input: [16, 15], classes: 3
      ) { TDNN(classes: $0) },
      Entry(
        name: "lecun-1989", summary: "Convolutions and learned averages in turn: 2,578 free parameters.",
        paper: "LeCun et al. 1989, NIPS", input: [1, 28, 28], classes: 10
      ) { LeCun1989(classes: $0) },
      Entry(
        name: "lecun-1989-zip", summary: "Strided convolutions with a bias for every unit, for zip codes.",
        paper: "LeCun et al. 1989, Neural Computation", input: [1, 16, 16], classes: 10
      ) { LeCun1989Zip(classes: $0) },
      Entry(
        name: "lenet5-1998", summary: "LeNet-5 as published: learned subsampling, partial connections, drawn codes.",
        paper: "LeCun et al. 1998", input: [1, 28, 28], classes: 10
      ) { LeNet1998(classes: $0) },
      Entry(
        name: "alexnet-2012", summary: "AlexNet as published: two towers and local response normalization.",
        paper: "Krizhevsky et al. 2012", input: [3, 227, 227], classes: 1000
      ) { AlexNet2012(classes: $0) },
      Entry(
        name: "googlenet-2014", summary: "GoogLeNet as published, with two heads at the side and no batch norms.",
        paper: "Szegedy et al. 2014", input: [3, 224, 224], classes: 1000, initialization: .xavier
      ) { GoogLeNet2014(classes: $0) },
    ] + projected + densenets

  /// He et al. 2015, section 4.2; `resnet20` and so on have option A.
  private static let projected = [(20, 3), (32, 5), (44, 7), (56, 9), (110, 18)].map { depth, blocks in
    Entry(
      name: "resnet\(depth)-b", summary: "ResNet-\(depth) for pictures of 32×32, projections as shortcuts.",
      paper: "He et al. 2015", input: [3, 32, 32], classes: 10, initialization: .he
    ) { ResNetCIFAR(blocks: blocks, classes: $0, shortcut: .projection) }
  }

  /// Huang et al. 2016, table 2.
  private static let densenets = [
    ("densenet40", 40, 12, false), ("densenet100", 100, 12, false), ("densenet100-bc", 100, 12, true),
    ("densenet190-bc", 190, 40, true),
  ].map { name, depth, growth, compressed in
    Entry(
      name: name,
      summary: "DenseNet for pictures of 32×32: depth \(depth), growth \(growth)\(compressed ? ", compressed" : "").",
      paper: "Huang et al. 2016", input: [3, 32, 32], classes: 10, initialization: .he
    ) { DenseNetCIFAR(depth: depth, growth: growth, compressed: compressed, classes: $0) }
  }
}
