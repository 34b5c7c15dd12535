import FoveaGraphs

/// Layer normalization: brings each example's last axes to mean 0 and variance 1, then scales and shifts number by
/// number (Ba et al. 2016).
///
/// [N, …, features] → the same; weight and bias have the extents of the normalized axes, which are fixed with them.
///
/// ```swift
/// LayerNorm()                     // behind Dense: over the features
/// LayerNorm(axes: 3)              // over channels and places of [N, C, H, W]
/// ```
public struct LayerNorm: Layer, CustomStringConvertible {
  let axes: Int
  let epsilon: Double
  let affine: Bool

  /// - Parameters:
  ///   - axes: how many axes are normalized, counted from the last.
  ///   - epsilon: added to the variance.
  ///   - affine: false leaves scale and shift out.
  public init(axes: Int = 1, epsilon: Double = 1e-5, affine: Bool = true) {
    self.axes = axes
    self.epsilon = epsilon
    self.affine = affine
  }

  public var description: String {
    typed(
      "LayerNorm", argument("axes", axes, default: 1), argument("epsilon", epsilon, default: 1e-5),
      argument("affine", affine, default: true))
  }

  public func declare(_ x: Symbol) -> Symbol {
    var fits = x.isPositive(epsilon: epsilon)
    if axes < 1 || axes > (x.rank ?? Symbol.largestAttribute) - 1 {
      x.reject(
        "\(axes) axes of the input \(x.shape)",
        mend: "normalize at least one axis, and leave out the batch: 1 to \(max((x.rank ?? 2) - 1, 1))")
      fits = false
    }
    let count = max(min(axes, 5), 1)
    let dims = x.shape.dims.map { Array($0.suffix(count)) } ?? [Int?](repeating: nil, count: count)
    if fits, affine { fits = x.isFixed(axes, what: "LayerNorm's weights") }
    let (scale, shift) = x.scaleAndShift(dims, affine)
    guard fits else { return x }
    return x.applying(
      Op.LayerNormalization.self, to: [scale, shift], ["axis": .int(-axes), "epsilon": .float(epsilon)])
  }
}

/// Layer normalization of the channels at every place: [N, C, H, W] → the same, weight and bias [C]; ConvNeXt's norm
/// (Liu et al. 2022). It works with any picture size.
///
/// ```swift
/// ChannelNorm(epsilon: 1e-6)
/// ```
public struct ChannelNorm: Layer, CustomStringConvertible {
  let epsilon: Double
  let affine: Bool

  /// Takes what `LayerNorm` takes.
  public init(epsilon: Double = 1e-5, affine: Bool = true) {
    self.epsilon = epsilon
    self.affine = affine
  }

  public var description: String {
    typed(
      "ChannelNorm", argument("epsilon", epsilon, default: 1e-5), argument("affine", affine, default: true))
  }

  public func declare(_ x: Symbol) -> Symbol {
    let fits = x.isPositive(epsilon: epsilon) && x.hasChannels
    let (scale, shift) = x.scaleAndShift([x.channels], affine)
    guard fits, let rank = x.rank else { return x }
    let attributes: Attributes = ["axis": .int(-1), "epsilon": .float(epsilon)]
    guard rank > 2 else { return x.applying(Op.LayerNormalization.self, to: [scale, shift], attributes) }
    // Channels last, and back.
    return x.applying(Op.Transpose.self, ["perm": .ints([0] + Array(2..<rank) + [1])])
      .applying(Op.LayerNormalization.self, to: [scale, shift], attributes)
      .applying(Op.Transpose.self, ["perm": .ints([0, rank - 1] + Array(1..<(rank - 1)))])
  }
}

/// Group normalization: the channels of each example in groups, each brought to mean 0 and variance 1, then scaled and
/// shifted per channel (Wu and He 2018). It does not depend on the batch.
///
/// [N, C, …] → the same; weight and bias [C].
///
/// ```swift
/// GroupNorm(32)
/// ```
public struct GroupNorm: Layer, CustomStringConvertible {
  let groups: Int
  let epsilon: Double
  let affine: Bool

  /// - Parameters:
  ///   - groups: a number that divides the channels.
  ///   - epsilon: added to the variance.
  ///   - affine: false leaves scale and shift out.
  public init(_ groups: Int, epsilon: Double = 1e-5, affine: Bool = true) {
    self.groups = groups
    self.epsilon = epsilon
    self.affine = affine
  }

  public var description: String {
    typed(
      "GroupNorm", "\(groups)", argument("epsilon", epsilon, default: 1e-5), argument("affine", affine, default: true))
  }

  public func declare(_ x: Symbol) -> Symbol {
    let fits = x.isPositive(epsilon: epsilon)
    let hasChannels = x.hasChannels
    let split = x.checkedGroups(groups, outputs: nil, inputs: x.channels)
    let (scale, shift) = x.scaleAndShift([x.channels], affine)
    guard fits, hasChannels, let split else { return x }
    return x.applying(
      Op.GroupNormalization.self, to: [scale, shift], ["num_groups": .int(split), "epsilon": .float(epsilon)])
  }
}

/// Instance normalization: each channel of each example to mean 0 and variance 1 (Ulyanov et al. 2016).
///
/// [N, C, H, W] → the same, and signals and volumes likewise. As in PyTorch there is no scale and no shift unless
/// `affine` asks for them: weight and bias [C].
///
/// ```swift
/// InstanceNorm()
/// InstanceNorm(affine: true)
/// ```
public struct InstanceNorm: Layer, CustomStringConvertible {
  let epsilon: Double
  let affine: Bool

  /// - Parameters:
  ///   - epsilon: added to the variance.
  ///   - affine: scales and shifts every channel by learned numbers.
  public init(epsilon: Double = 1e-5, affine: Bool = false) {
    self.epsilon = epsilon
    self.affine = affine
  }

  public var description: String {
    typed(
      "InstanceNorm", argument("epsilon", epsilon, default: 1e-5), argument("affine", affine, default: false))
  }

  public func declare(_ x: Symbol) -> Symbol {
    var fits = x.isPositive(epsilon: epsilon)
    if let rank = x.rank, rank < 3 {
      x.reject("the input \(x.shape) has no positions to normalize over", mend: "place it before Flatten()")
      fits = false
    }
    let (scale, shift) = x.scaleAndShift([x.channels], affine)
    guard fits else { return x }
    return x.applying(Op.InstanceNormalization.self, to: [scale, shift], ["epsilon": .float(epsilon)])
  }
}

extension Symbol {
  /// Reports an epsilon that does not keep roots away from 0.
  fileprivate func isPositive(epsilon: Double) -> Bool {
    if epsilon > 0 && epsilon.isFinite { return true }
    reject("epsilon \(epsilon) is not a positive number", mend: "use a small one such as 1e-5")
    return false
  }

  /// Reports an input without a channel axis.
  fileprivate var hasChannels: Bool {
    guard let rank, rank < 2 else { return true }
    reject("the input \(shape) has no channels", mend: "give an input N×C×…")
    return false
  }

  /// The learned scale, starting at 1, and shift, starting at 0.
  fileprivate func scaleAndShift(_ dims: [Int?], _ affine: Bool) -> (Symbol?, Symbol?) {
    guard affine else { return (nil, nil) }
    return (
      parameter("weight", dims, role: .scale, initializer: .constant(1)),
      parameter("bias", dims, role: .shift, initializer: .constant(0))
    )
  }
}
