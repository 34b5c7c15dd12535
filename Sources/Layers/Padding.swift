import FoveaGraphs

/// What stands around the input of a convolution or a pooling.
///
/// `.same` pads dilation·(kernel − 1) in all, half on each side, the odd one at the end: PyTorch's
/// `padding=k//2` for odd kernels, whatever the image size and stride. The rules of ONNX and TensorFlow,
/// which depend on the image size, are `.sameUpper` and `.sameLower`. A number pads every side.
public struct Padding: Sendable, Hashable, ExpressibleByIntegerLiteral {
  enum Rule: Sendable, Hashable {
    case valid, same, full, causal, sameUpper, sameLower
    case each(Int)
    case explicit([Int])
    case asymmetric(before: [Int], after: [Int])
  }

  let rule: Rule

  /// None: every position of the kernel lies inside the input.
  public static let valid = Padding(rule: .valid)
  /// dilation·(kernel − 1) in all, half on each side, the odd one at the end.
  public static let same = Padding(rule: .same)
  /// dilation·(kernel − 1) on each side: every position where kernel and input overlap.
  public static let full = Padding(rule: .full)
  /// dilation·(kernel − 1) before, none after: no output sees what comes later. For one axis.
  public static let causal = Padding(rule: .causal)
  /// ONNX's `SAME_UPPER`, TensorFlow's `SAME`: ⌈input / stride⌉ outputs, the odd one at the end.
  public static let sameUpper = Padding(rule: .sameUpper)
  /// ONNX's `SAME_LOWER`: ⌈input / stride⌉ outputs, the odd one at the beginning.
  public static let sameLower = Padding(rule: .sameLower)

  /// The same padding on both sides of an axis.
  public static func explicit(_ sizes: any PerAxis) -> Padding {
    if let size = sizes as? Int { return Padding(rule: .each(size)) }
    return Padding(rule: .explicit(sizes as? [Int] ?? []))
  }

  /// Different padding on the two sides: one size per axis before (top, left) and after (bottom, right).
  public static func explicit(before: [Int], after: [Int]) -> Padding {
    Padding(rule: .asymmetric(before: before, after: after))
  }

  public init(integerLiteral value: Int) { rule = .each(value) }
  init(rule: Rule) { self.rule = rule }
}

extension Padding: CustomStringConvertible {
  /// As it was typed.
  public var description: String {
    switch rule {
    case .valid: ".valid"
    case .same: ".same"
    case .full: ".full"
    case .causal: ".causal"
    case .sameUpper: ".sameUpper"
    case .sameLower: ".sameLower"
    case .each(let size): "\(size)"
    case .explicit(let sizes): ".explicit(\(sizes.typed))"
    case .asymmetric(let before, let after): ".explicit(before: \(before.typed), after: \(after.typed))"
    }
  }
}

/// The sliding of a window, checked: what convolutions and poolings have in common.
struct Window {
  let kernel: [Int]
  /// `kernel_shape` left out: convolutions take it from their weights.
  let attributes: Attributes

  /// Checks everything and reports every mistake, not just the first; nil when there was one.
  init?(
    _ x: Symbol, axes: Int, kernel: any PerAxis, stride: any PerAxis, padding: Padding, dilation: any PerAxis = 1
  ) {
    let kernel = x.checked("kernel", kernel, axes: axes, atLeast: 1)
    let strides = x.checked("stride", stride, axes: axes, atLeast: 1)
    let dilations = x.checked("dilation", dilation, axes: axes, atLeast: 1)
    let spread = zip(kernel ?? [], dilations ?? []).map { ($0 - 1) * $1 }
    let pads = Window.pads(x, axes, padding, spread)
    guard let kernel, let strides, let dilations, let pads else { return nil }
    var attributes: Attributes = ["strides": .ints(strides)]
    if dilations.contains(where: { $0 != 1 }) { attributes["dilations"] = .ints(dilations) }
    switch padding.rule {
    case .sameUpper: attributes["auto_pad"] = .string("SAME_UPPER")
    case .sameLower: attributes["auto_pad"] = .string("SAME_LOWER")
    default: if pads.contains(where: { $0 != 0 }) { attributes["pads"] = .ints(pads) }
    }
    self.kernel = kernel
    self.attributes = attributes
  }

  /// Before and after, as ONNX lists them; `spread` is dilation·(kernel − 1) per axis.
  private static func pads(_ x: Symbol, _ axes: Int, _ padding: Padding, _ spread: [Int]) -> [Int]? {
    func sizes(_ value: any PerAxis) -> [Int]? { x.checked("padding", value, axes: axes, atLeast: 0) }
    switch padding.rule {
    case .valid, .sameUpper, .sameLower: return []
    case .same: return spread.map { $0 / 2 } + spread.map { $0 - $0 / 2 }
    case .full: return spread + spread
    case .causal:
      if axes == 1 { return spread + spread.map { _ in 0 } }
      x.reject(
        "padding .causal means something along one axis only, not along \(axes)",
        mend: "use .explicit(before:after:) to say which sides to pad")
      return nil
    case .each(let size): return sizes(size).map { $0 + $0 }
    case .explicit(let list): return sizes(list).map { $0 + $0 }
    case .asymmetric(let before, let after):
      guard let first = sizes(before), let last = sizes(after) else { return nil }
      return first + last
    }
  }
}
