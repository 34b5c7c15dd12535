/// MobileNet v3: inverted residuals found by search, with gates over the channels and hard swish (Howard et al.
/// 2019, tables 1 and 2).
///
/// [N, 3, H, W] → [N, classes]; 5,483,032 parameters for 1000 classes, small 2,542,856. They are torchvision's
/// `mobilenet_v3_large` and `mobilenet_v3_small`, function and keys.
///
/// ```swift
/// let model = try Model(input: [3, 224, 224]) { MobileNetV3(.small, classes: 1000) }
/// ```
public struct MobileNetV3: Layer, CustomStringConvertible {
  /// How much it may cost.
  public enum Size: String, Sendable { case large, small }

  let size: Size
  let classes: Int
  let dropout: Double

  /// - Parameter dropout: rate before the last dense layer.
  public init(_ size: Size, classes: Int, dropout: Double = 0.2) {
    self.size = size
    self.classes = classes
    self.dropout = dropout
  }

  public var description: String {
    typed("MobileNetV3", ".\(size)", "classes: \(classes)", argument("dropout", dropout, default: 0.2))
  }

  public var body: some Layer {
    Sequential {
      ConvNormActivation(16, stride: 2, norm: MobileNetV3.norm, activation: HardSwish())
      rows.map(\.layer)
      ConvNormActivation(size == .large ? 960 : 576, kernel: 1, norm: MobileNetV3.norm, activation: HardSwish())
    }.named("features")
    GlobalAveragePool().named("avgpool")
    Flatten()
    Sequential {
      Dense(size == .large ? 1280 : 1024)
      HardSwish()
      Dropout(dropout)
      Dense(classes)
    }.named("classifier")
  }

  private static let norm = BatchNorm(epsilon: 0.001, momentum: 0.01)

  /// A line of the paper's tables.
  private struct Row {
    let inputs: Int
    let kernel: Int
    let expanded: Int
    let channels: Int
    let isGated: Bool
    let isHard: Bool
    let stride: Int

    init(_ inputs: Int, _ kernel: Int, _ expanded: Int, _ channels: Int, gate: Bool, hard: Bool, stride: Int = 1) {
      self.inputs = inputs
      self.kernel = kernel
      self.expanded = expanded
      self.channels = channels
      isGated = gate
      isHard = hard
      self.stride = stride
    }

    var layer: any Layer {
      // A quarter of the channels in multiples of 8, and not below nine tenths of that.
      let near = max(8, (expanded / 4 + 4) / 8 * 8)
      let squeezed = 10 * near < 9 * (expanded / 4) ? near + 8 : near
      return InvertedResidual(
        inputs, to: channels, expanded: expanded, kernel: kernel, stride: stride, norm: MobileNetV3.norm,
        activation: isHard ? HardSwish() : ReLU(),
        gate: isGated ? SqueezeExcitation(expanded, squeezed: squeezed, gate: HardSigmoid()) : nil)
    }
  }

  private var rows: [Row] {
    switch size {
    case .large:
      [
        Row(16, 3, 16, 16, gate: false, hard: false),
        Row(16, 3, 64, 24, gate: false, hard: false, stride: 2),
        Row(24, 3, 72, 24, gate: false, hard: false),
        Row(24, 5, 72, 40, gate: true, hard: false, stride: 2),
        Row(40, 5, 120, 40, gate: true, hard: false),
        Row(40, 5, 120, 40, gate: true, hard: false),
        Row(40, 3, 240, 80, gate: false, hard: true, stride: 2),
        Row(80, 3, 200, 80, gate: false, hard: true),
        Row(80, 3, 184, 80, gate: false, hard: true),
        Row(80, 3, 184, 80, gate: false, hard: true),
        Row(80, 3, 480, 112, gate: true, hard: true),
        Row(112, 3, 672, 112, gate: true, hard: true),
        Row(112, 5, 672, 160, gate: true, hard: true, stride: 2),
        Row(160, 5, 960, 160, gate: true, hard: true),
        Row(160, 5, 960, 160, gate: true, hard: true),
      ]
    case .small:
      [
        Row(16, 3, 16, 16, gate: true, hard: false, stride: 2),
        Row(16, 3, 72, 24, gate: false, hard: false, stride: 2),
        Row(24, 3, 88, 24, gate: false, hard: false),
        Row(24, 5, 96, 40, gate: true, hard: true, stride: 2),
        Row(40, 5, 240, 40, gate: true, hard: true),
        Row(40, 5, 240, 40, gate: true, hard: true),
        Row(40, 5, 120, 48, gate: true, hard: true),
        Row(48, 5, 144, 48, gate: true, hard: true),
        Row(48, 5, 288, 96, gate: true, hard: true, stride: 2),
        Row(96, 5, 576, 96, gate: true, hard: true),
        Row(96, 5, 576, 96, gate: true, hard: true),
      ]
    }
  }
}
