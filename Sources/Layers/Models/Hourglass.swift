import FoveaGraphs

/// Stacked hourglasses for the places of joints: down to 4×4 and back, again and again, with answers in between
/// (Newell et al. 2016).
///
/// [N, 3, 256, 256] → [N, joints, 64, 64], a heatmap for each joint: that of the last stack is the output, those of
/// the others are `stack1`, `stack2` …, for a loss at each. The layers are those of the authors' program: residuals
/// normalize before each convolution and have 213,504 parameters of 256 channels without the norms; two stacks for 16
/// joints have 6,570,400, eight 25,434,112.
///
/// ```swift
/// let model = try Model(input: [3, 256, 256]) { Hourglass(joints: 16) }
/// ```
public struct Hourglass: Layer, CustomStringConvertible {
  let joints: Int
  let stacks: Int
  let width: Int

  /// - Parameters:
  ///   - stacks: 8 in the paper; at most 64.
  ///   - width: channels in the hourglasses, even.
  public init(joints: Int, stacks: Int = 2, width: Int = 256) {
    self.joints = joints
    self.stacks = stacks
    self.width = width
  }

  public var description: String {
    typed(
      "Hourglass", "joints: \(joints)", argument("stacks", stacks, default: 2), argument("width", width, default: 256))
  }

  public func declare(_ x: Symbol) -> Symbol {
    guard (1...64).contains(stacks) else {
      x.reject("\(stacks) stacks", mend: "give 1 to 64")
      return x.poisoned([x.shape[0], joints, nil, nil])
    }
    var y = Sequential {
      Conv2D(64, kernel: 7, stride: 2, padding: 3).named("conv1")
      BatchNorm().named("bn1")
      ReLU()
      PreResidual(128, of: 64).named("residual1")
      MaxPool2D(2)
      PreResidual(128, of: 128).named("residual2")
      PreResidual(width, of: 128).named("residual3")
    }.named("stem")(x)
    for stack in 1...stacks {
      let features = Sequential {
        HourglassModule(width, depth: 4).named("hourglass")
        PreResidual(width, of: width).named("residual")
        Conv2D(width, kernel: 1).named("lin")
        BatchNorm().named("bn")
        ReLU()
      }.named("stacks.\(stack - 1)")(y)
      let heatmaps = Conv2D(joints, kernel: 1).named("heatmaps.\(stack - 1)")
      guard stack < stacks else { return heatmaps(features) }
      let answer = heatmaps.tap("stack\(stack)")(features)
      y =
        y + Conv2D(width, kernel: 1).named("features.\(stack - 1)")(features)
        + Conv2D(width, kernel: 1).named("back.\(stack - 1)")(answer)
    }
    return y
  }
}

/// One hourglass: a residual at full size beside a smaller hourglass at half size, added up.
struct HourglassModule: Layer, CustomStringConvertible {
  let width: Int
  let depth: Int

  init(_ width: Int, depth: Int) {
    self.width = width
    self.depth = depth
  }

  var description: String { typed("HourglassModule", "\(width)", "depth: \(depth)") }

  var body: some Layer {
    Add {
      PreResidual(width, of: width).named("up1")
      Sequential {
        MaxPool2D(2)
        PreResidual(width, of: width).named("low1")
        if depth > 1 {
          HourglassModule(width, depth: depth - 1).named("low2")
        } else {
          PreResidual(width, of: width).named("low2")
        }
        PreResidual(width, of: width).named("low3")
        Upsample2D(scale: 2)
      }
    }
  }
}

/// The residual of the hourglass: 1×1, 3×3 and 1×1, each behind a norm and ReLU, and a 1×1 convolution where the
/// number of channels changes.
struct PreResidual: Layer, CustomStringConvertible {
  let channels: Int
  let inputs: Int

  init(_ channels: Int, of inputs: Int) {
    self.channels = channels
    self.inputs = inputs
  }

  var description: String { typed("PreResidual", "\(channels)", "of: \(inputs)") }

  var body: some Layer {
    Add {
      Sequential {
        BatchNorm().named("bn1")
        ReLU()
        Conv2D(channels / 2, kernel: 1).named("conv1")
        BatchNorm().named("bn2")
        ReLU()
        Conv2D(channels / 2, kernel: 3, padding: .same).named("conv2")
        BatchNorm().named("bn3")
        ReLU()
        Conv2D(channels, kernel: 1).named("conv3")
      }
      if inputs == channels { Identity() } else { Conv2D(channels, kernel: 1).named("skip") }
    }
  }
}
