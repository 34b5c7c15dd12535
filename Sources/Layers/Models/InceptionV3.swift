/// Inception v3: modules whose large kernels are taken apart into small and one-dimensional ones (Szegedy et al.
/// 2015, table 1).
///
/// [N, 3, H, W] → [N, classes], made for 299×299; 23,834,568 parameters for 1000 classes, 27,161,264 with the
/// head at the side, whose scores are the output `aux`. It is torchvision's `inception_v3`, function and keys.
///
/// torchvision's published weights expect pixels of mean 0.5 and deviation 0.5, as those of `GoogLeNet` do. Its
/// file holds the head too: load it where the head is, or leave out what begins with `AuxLogits`.
///
/// ```swift
/// let model = try Model(input: [3, 299, 299]) { InceptionV3(classes: 1000) }
/// ```
public struct InceptionV3: Layer, CustomStringConvertible {
  let head: Bool
  let classes: Int
  let dropout: Double

  /// - Parameters:
  ///   - head: with the head that helps to train; its loss counts 0.4 in torchvision's recipe. It needs maps of at
  ///     least 17×17, so pictures of 299×299.
  ///   - dropout: rate before the dense layer.
  public init(head: Bool = false, classes: Int, dropout: Double = 0.5) {
    self.head = head
    self.classes = classes
    self.dropout = dropout
  }

  public var description: String {
    typed(
      "InceptionV3", argument("head", head, default: false), "classes: \(classes)",
      argument("dropout", dropout, default: 0.5))
  }

  public var body: some Layer {
    ConvNormReLU(32, kernel: 3, stride: 2).named("Conv2d_1a_3x3")
    ConvNormReLU(32, kernel: 3).named("Conv2d_2a_3x3")
    ConvNormReLU(64, kernel: 3, padding: 1).named("Conv2d_2b_3x3")
    MaxPool2D(3, stride: 2).named("maxpool1")
    ConvNormReLU(80, kernel: 1).named("Conv2d_3b_1x1")
    ConvNormReLU(192, kernel: 3).named("Conv2d_4a_3x3")
    MaxPool2D(3, stride: 2).named("maxpool2")
    Small(pooled: 32).named("Mixed_5b")
    Small(pooled: 64).named("Mixed_5c")
    Small(pooled: 64).named("Mixed_5d")
    SmallReduction().named("Mixed_6a")
    Long(channels: 128).named("Mixed_6b")
    Long(channels: 160).named("Mixed_6c")
    Long(channels: 160).named("Mixed_6d")
    Long(channels: 192).named("Mixed_6e")
    if head { Side { Head(classes: classes).named("AuxLogits") }.tap("aux") }
    LongReduction().named("Mixed_7a")
    Spread().named("Mixed_7b")
    Spread().named("Mixed_7c")
    GlobalAveragePool().named("avgpool")
    Dropout(dropout).named("dropout")
    Flatten()
    Dense(classes).named("fc")
  }

  /// Two 3×3 convolutions in place of a large one (figure 5): 256 or 288 channels at 35×35.
  struct Small: Layer {
    let pooled: Int

    var body: some Layer {
      Concatenate {
        ConvNormReLU(64, kernel: 1).named("branch1x1")
        Sequential {
          ConvNormReLU(48, kernel: 1).named("branch5x5_1")
          ConvNormReLU(64, kernel: 5, padding: 2).named("branch5x5_2")
        }
        Sequential {
          ConvNormReLU(64, kernel: 1).named("branch3x3dbl_1")
          ConvNormReLU(96, kernel: 3, padding: 1).named("branch3x3dbl_2")
          ConvNormReLU(96, kernel: 3, padding: 1).named("branch3x3dbl_3")
        }
        InceptionV3.pooled(pooled)
      }
    }
  }

  /// From 35×35 to 17×17: strided convolutions beside pooling, so that no layer is a bottleneck (figure 10).
  struct SmallReduction: Layer {
    var body: some Layer {
      Concatenate {
        ConvNormReLU(384, kernel: 3, stride: 2).named("branch3x3")
        Sequential {
          ConvNormReLU(64, kernel: 1).named("branch3x3dbl_1")
          ConvNormReLU(96, kernel: 3, padding: 1).named("branch3x3dbl_2")
          ConvNormReLU(96, kernel: 3, stride: 2).named("branch3x3dbl_3")
        }
        MaxPool2D(3, stride: 2)
      }
    }
  }

  /// 7×7 convolutions taken apart into 1×7 and 7×1 (figure 6): 768 channels at 17×17.
  struct Long: Layer {
    let channels: Int

    var body: some Layer {
      Concatenate {
        ConvNormReLU(192, kernel: 1).named("branch1x1")
        Sequential {
          ConvNormReLU(channels, kernel: 1).named("branch7x7_1")
          ConvNormReLU(channels, kernel: [1, 7], padding: .same).named("branch7x7_2")
          ConvNormReLU(192, kernel: [7, 1], padding: .same).named("branch7x7_3")
        }
        Sequential {
          ConvNormReLU(channels, kernel: 1).named("branch7x7dbl_1")
          ConvNormReLU(channels, kernel: [7, 1], padding: .same).named("branch7x7dbl_2")
          ConvNormReLU(channels, kernel: [1, 7], padding: .same).named("branch7x7dbl_3")
          ConvNormReLU(channels, kernel: [7, 1], padding: .same).named("branch7x7dbl_4")
          ConvNormReLU(192, kernel: [1, 7], padding: .same).named("branch7x7dbl_5")
        }
        InceptionV3.pooled(192)
      }
    }
  }

  /// From 17×17 to 8×8.
  struct LongReduction: Layer {
    var body: some Layer {
      Concatenate {
        Sequential {
          ConvNormReLU(192, kernel: 1).named("branch3x3_1")
          ConvNormReLU(320, kernel: 3, stride: 2).named("branch3x3_2")
        }
        Sequential {
          ConvNormReLU(192, kernel: 1).named("branch7x7x3_1")
          ConvNormReLU(192, kernel: [1, 7], padding: .same).named("branch7x7x3_2")
          ConvNormReLU(192, kernel: [7, 1], padding: .same).named("branch7x7x3_3")
          ConvNormReLU(192, kernel: 3, stride: 2).named("branch7x7x3_4")
        }
        MaxPool2D(3, stride: 2)
      }
    }
  }

  /// Branches that end in a row and a column of kernels side by side (figure 7): 2048 channels at 8×8.
  struct Spread: Layer {
    var body: some Layer {
      Concatenate {
        ConvNormReLU(320, kernel: 1).named("branch1x1")
        Sequential {
          ConvNormReLU(384, kernel: 1).named("branch3x3_1")
          Concatenate {
            ConvNormReLU(384, kernel: [1, 3], padding: .same).named("branch3x3_2a")
            ConvNormReLU(384, kernel: [3, 1], padding: .same).named("branch3x3_2b")
          }
        }
        Sequential {
          ConvNormReLU(448, kernel: 1).named("branch3x3dbl_1")
          ConvNormReLU(384, kernel: 3, padding: 1).named("branch3x3dbl_2")
          Concatenate {
            ConvNormReLU(384, kernel: [1, 3], padding: .same).named("branch3x3dbl_3a")
            ConvNormReLU(384, kernel: [3, 1], padding: .same).named("branch3x3dbl_3b")
          }
        }
        InceptionV3.pooled(192)
      }
    }
  }

  /// The last branch of the modules that keep the size.
  static func pooled(_ channels: Int) -> Sequential {
    Sequential {
      AveragePool2D(3, stride: 1, padding: 1)
      ConvNormReLU(channels, kernel: 1).named("branch_pool")
    }
  }

  /// A classifier at the side: it brings a gradient to the middle of the network.
  struct Head: Layer {
    let classes: Int

    var body: some Layer {
      AveragePool2D(5, stride: 3)
      ConvNormReLU(128, kernel: 1).named("conv0")
      ConvNormReLU(768, kernel: 5).named("conv1")
      GlobalAveragePool()
      Flatten()
      Dense(classes).named("fc")
    }
  }
}
