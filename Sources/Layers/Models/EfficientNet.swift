/// EfficientNet: inverted residuals with gates, whose depth, width and picture grow together; this is the smallest,
/// found by search (Tan and Le 2019, table 1).
///
/// [N, 3, H, W] → [N, classes]; 5,288,548 parameters for 1000 classes: torchvision's `efficientnet_b0`, function and
/// keys. The lite form (Liu 2020) leaves the gates out and uses ReLU6, which small devices like better: 4,652,008.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { EfficientNet(.b0, classes: 1000) }
/// ```
public struct EfficientNet: Layer, CustomStringConvertible {
  /// Which of the family.
  public enum Form: String, Sendable { case b0, lite0 }

  let form: Form
  let classes: Int
  let dropout: Double
  let drop: Double

  /// - Parameters:
  ///   - dropout: rate before the dense layer.
  ///   - drop: the probability that a training step leaves out the last block for an example; it grows from 0 at
  ///     the first block on (Huang et al. 2016, stochastic depth).
  public init(_ form: Form, classes: Int, dropout: Double = 0.2, drop: Double = 0.2) {
    self.form = form
    self.classes = classes
    self.dropout = dropout
    self.drop = drop
  }

  public var description: String {
    typed(
      "EfficientNet", ".\(form)", "classes: \(classes)", argument("dropout", dropout, default: 0.2),
      argument("drop", drop, default: 0.2))
  }

  private var activation: any Layer { form == .b0 ? SiLU() : ReLU6() }

  public var body: some Layer {
    Sequential {
      ConvNormActivation(32, stride: 2, activation: activation)
      for stage in stages { Sequential { stage } }
      ConvNormActivation(1280, kernel: 1, activation: activation)
    }.named("features")
    GlobalAveragePool().named("avgpool")
    Flatten()
    Sequential {
      Dropout(dropout)
      Dense(classes)
    }.named("classifier")
  }

  /// Table 1: expansion, kernel, stride of the first, channels, how many.
  private var stages: [[any Layer]] {
    let rows = [
      (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
      (6, 3, 1, 320, 1),
    ]
    let total = rows.reduce(0) { $0 + $1.4 }
    var (inputs, number) = (32, 0)
    return rows.map { expansion, kernel, stride, channels, count in
      (0..<count).map { index in
        defer { (inputs, number) = (channels, number + 1) }
        let expanded = expansion * inputs
        return InvertedResidual(
          inputs, to: channels, expanded: expanded, kernel: kernel, stride: index == 0 ? stride : 1,
          activation: activation,
          gate: form == .b0 ? SqueezeExcitation(expanded, squeezed: inputs / 4, activation: activation) : nil,
          drop: drop * Double(number) / Double(total))
      }
    }
  }
}
