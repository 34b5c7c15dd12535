import FoveaGraphs

/// The residual block whose 3×3 convolution works between two of 1×1, the first of which loses channels and the
/// last makes four times as many (He et al. 2015, figure 5).
///
/// [N, C, H, W] → [N, 4·channels, H/stride, W/stride]. The stride is that of the 3×3 convolution, as in
/// torchvision, or of the first convolution, as in the paper. With groups it is the block of Xie et al. 2016.
///
/// ```swift
/// Bottleneck(64, projects: true)
/// Bottleneck(128, groups: 32, groupWidth: 4)      // ResNeXt-50 32×4d
/// ```
public struct Bottleneck: Layer, CustomStringConvertible {
  let channels: Int
  let stride: Int
  let projects: Bool
  let groups: Int
  let groupWidth: Int
  let stridesFirst: Bool

  /// - Parameters:
  ///   - channels: a quarter of the output's.
  ///   - projects: the shortcut is a 1×1 convolution and a norm; else it is the input itself.
  ///   - groups: of the 3×3 convolution.
  ///   - groupWidth: its channels in each group, where `channels` is 64; they grow with it.
  ///   - stridesFirst: the first convolution has the stride.
  public init(
    _ channels: Int, stride: Int = 1, projects: Bool = false, groups: Int = 1, groupWidth: Int = 64,
    stridesFirst: Bool = false
  ) {
    self.channels = channels
    self.stride = stride
    self.projects = projects
    self.groups = groups
    self.groupWidth = groupWidth
    self.stridesFirst = stridesFirst
  }

  public var description: String {
    typed(
      "Bottleneck", "\(channels)", argument("stride", stride, default: 1),
      argument("projects", projects, default: false), argument("groups", groups, default: 1),
      argument("groupWidth", groupWidth, default: 64), argument("stridesFirst", stridesFirst, default: false))
  }

  public var body: some Layer {
    let inner = Cost.product(Cost.product(channels, groupWidth) / 64, groups)
    let outer = Cost.product(4, channels)
    Add {
      Sequential {
        Conv2D(inner, kernel: 1, stride: stridesFirst ? stride : 1, bias: false).named("conv1")
        BatchNorm().named("bn1")
        ReLU()
        Conv2D(
          inner, kernel: 3, stride: stridesFirst ? 1 : stride, padding: .same, groups: groups, bias: false
        ).named("conv2")
        BatchNorm().named("bn2")
        ReLU()
        Conv2D(outer, kernel: 1, bias: false).named("conv3")
        BatchNorm().named("bn3")
      }
      if projects { Projection(outer, stride: stride).named("downsample") } else { Identity() }
    }
    ReLU()
  }
}
