import FoveaGraphs

/// The residual block of two 3×3 convolutions: what they compute is added to their input
/// (He et al. 2015, figure 2).
///
/// [N, C, H, W] → [N, channels, H/stride, W/stride]. Layers are called as torchvision calls them.
///
/// ```swift
/// BasicBlock(64)
/// BasicBlock(128, stride: 2, shortcut: .projection)
/// ```
public struct BasicBlock: Layer, CustomStringConvertible {
  /// The way around the convolutions.
  public enum Shortcut: String, Sendable {
    /// The input itself.
    case identity
    /// A 1×1 convolution and a norm bring it to the new shape: the paper's option B.
    case projection
    /// Every second position is taken, and zeros are put before and behind the channels, half each, without
    /// parameters: option A.
    case zeros
  }

  let channels: Int
  let stride: Int
  let shortcut: Shortcut

  public init(_ channels: Int, stride: Int = 1, shortcut: Shortcut = .identity) {
    self.channels = channels
    self.stride = stride
    self.shortcut = shortcut
  }

  public var description: String {
    typed(
      "BasicBlock", "\(channels)", argument("stride", stride, default: 1),
      shortcut == .identity ? nil : "shortcut: .\(shortcut)")
  }

  public var body: some Layer {
    Add {
      Sequential {
        Conv2D(channels, kernel: 3, stride: stride, padding: .same, bias: false).named("conv1")
        BatchNorm().named("bn1")
        ReLU()
        Conv2D(channels, kernel: 3, padding: .same, bias: false).named("conv2")
        BatchNorm().named("bn2")
      }
      switch shortcut {
      case .identity: Identity()
      case .projection: Projection(channels, stride: stride).named("downsample")
      case .zeros: ZeroShortcut(channels, stride: stride)
      }
    }
    ReLU()
  }
}

/// A 1×1 convolution and a norm: brings a residual block's input to the shape of its output.
struct Projection: Layer, CustomStringConvertible {
  let channels: Int
  let stride: Int

  init(_ channels: Int, stride: Int) {
    self.channels = channels
    self.stride = stride
  }

  var description: String { typed("Projection", "\(channels)", argument("stride", stride, default: 1)) }

  var body: some Layer {
    Conv2D(channels, kernel: 1, stride: stride, bias: false)
    BatchNorm()
  }
}

/// Takes every `stride`-th position and adds channels of zeros, half of them before the others and half behind.
struct ZeroShortcut: Layer, CustomStringConvertible {
  let channels: Int
  let stride: Int

  init(_ channels: Int, stride: Int) {
    self.channels = channels
    self.stride = stride
  }

  var description: String { typed("ZeroShortcut", "\(channels)", argument("stride", stride, default: 1)) }

  func declare(_ x: Symbol) -> Symbol {
    // A mean over one position is that position.
    let taken = AveragePool2D(1, stride: stride)(x)
    guard let have = taken.channels, taken.rank == 4 else { return taken }
    guard channels >= have else {
      x.reject("\(channels) channels from \(have)", mend: "zeros only add channels: use .projection to lose some")
      return x.poisoned([x.shape[0], channels, nil, nil])
    }
    let before = (channels - have) / 2
    return ZeroPad(before: [before, 0, 0], after: [channels - have - before, 0, 0])(taken)
  }
}
