import FoveaGraphs

/// AlexNet as it was published, two towers that meet in the third convolution (Krizhevsky et al. 2012).
///
/// [N, 3, 227, 227] → [N, classes]: maps of 55, 27, 13, 13, 13 and 6. For 1,000 classes 60,965,224 parameters,
/// 34,944 + 307,456 + 885,120 + 663,936 + 442,624 in the convolutions and 37,752,832 + 16,781,312 + 4,097,000 in
/// the dense layers, and 724,406,816 multiply-adds. The paper says 224×224, of which its 55 cannot be made; 227×227
/// is what its program read, and `padding: 2` makes 55 of 224. The two towers of the two GPUs are groups. Weights
/// start normal with deviation 0.01, and biases with 1 in the second, fourth and fifth convolution and in the
/// hidden dense layers. Layers are called as in Caffe's `bvlc_alexnet`.
///
/// ```swift
/// let model = try Model(input: [3, 227, 227]) { AlexNet2012(classes: 1000) }
/// ```
public struct AlexNet2012: Layer, CustomStringConvertible {
  let classes: Int
  let padding: Int

  /// - Parameter padding: zeros around the picture: 2 for pictures of 224×224.
  public init(classes: Int, padding: Int = 0) {
    self.classes = classes
    self.padding = padding
  }

  public var description: String {
    typed("AlexNet2012", "classes: \(classes)", argument("padding", padding, default: 0))
  }

  public var body: some Layer {
    conv(96, kernel: 11, stride: 4, padding: .explicit(padding), bias: 0).named("conv1")
    ReLU()
    response.named("norm1")
    MaxPool2D(3, stride: 2).named("pool1")
    conv(256, kernel: 5, groups: 2, bias: 1).named("conv2")
    ReLU()
    response.named("norm2")
    MaxPool2D(3, stride: 2).named("pool2")
    conv(384, kernel: 3, bias: 0).named("conv3")
    ReLU()
    conv(384, kernel: 3, groups: 2, bias: 1).named("conv4")
    ReLU()
    conv(256, kernel: 3, groups: 2, bias: 1).named("conv5")
    ReLU()
    MaxPool2D(3, stride: 2).named("pool5")
    Flatten()
    dense(4096, bias: 1).named("fc6")
    ReLU()
    Dropout()
    dense(4096, bias: 1).named("fc7")
    ReLU()
    Dropout()
    dense(classes, bias: 0).named("fc8")
  }

  /// Section 3.3. The paper's α = 10⁻⁴ scales the sum; the operator's the mean, of five.
  private var response: LocalResponseNorm { LocalResponseNorm(5, alpha: 5e-4, beta: 0.75, k: 2) }

  private func conv(
    _ channels: Int, kernel: Int, stride: Int = 1, padding: Padding = .same, groups: Int = 1, bias: Double
  ) -> Conv2D {
    Conv2D(channels, kernel: kernel, stride: stride, padding: padding, groups: groups)
      .starting(weight: Starts.normal(0.01), bias: .constant(bias))
  }

  private func dense(_ units: Int, bias: Double) -> Dense {
    Dense(units).starting(weight: Starts.normal(0.01), bias: .constant(bias))
  }
}
