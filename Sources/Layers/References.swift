import FoveaGraphs

/// Tells declarations apart, also from those that are long gone: unlike an address it is never used again.
final class DeclarationToken: Sendable {}

/// A value that a layer refers to besides its input, e.g. for its size. Unlike a symbol it may be part of a layer.
package struct Reference: Sendable {
  private let value: Value
  private let owner: DeclarationToken

  package init(_ symbol: Symbol) {
    value = symbol.value
    owner = symbol.declaration.token
  }

  /// The value in the network of `x`; nil, and reported, when it belongs to another one.
  package func symbol(beside x: Symbol) -> Symbol? {
    if owner === x.declaration.token { return Symbol(value, in: x.declaration) }
    x.reject("a value of another network is referred to", mend: "use values of one network only")
    return nil
  }

  /// `[1×64×28×28]`, for descriptions of layers; the shape is that at the time of the call.
  static func text(_ symbol: Symbol) -> String { "\(symbol.shape)" }
}

/// Resizes a value to the height and width of another: the end of FCN and DeepLab (Long et al. 2015; Chen et al.
/// 2017). The sizes are taken anew for every picture size.
///
/// ```swift
/// let scores = Resized(like: picture)(features)
/// ```
public struct Resized: Layer, CustomStringConvertible {
  private let reference: Reference
  private let mode: Interpolation?
  private let alignCorners: Bool
  private let shape: String

  /// - Parameters:
  ///   - other: the value whose spatial extents are taken.
  ///   - mode: `.nearest`, or the interpolation for the number of axes, which is taken unless given.
  public init(like other: Symbol, mode: Interpolation? = nil, alignCorners: Bool = false) {
    reference = Reference(other)
    shape = Reference.text(other)
    self.mode = mode
    self.alignCorners = alignCorners
  }

  public var description: String {
    typed(
      "Resized", "like: \(shape)", mode.map { "mode: \($0)" }, argument("alignCorners", alignCorners, default: false))
  }

  public func declare(_ x: Symbol) -> Symbol {
    guard let other = reference.symbol(beside: x) else { return x.poisoned() }
    return x.resized(to: other, mode, alignCorners)
  }
}

/// Cuts a value to the height and width of another: U-Net's skips (Ronneberger et al. 2015).
///
/// ```swift
/// let skip = Cropped(like: up)(down)
/// ```
public struct Cropped: Layer, CustomStringConvertible {
  private let reference: Reference
  private let offset: (any PerAxis)?
  private let shape: String

  /// - Parameters:
  ///   - other: the value whose spatial extents are taken.
  ///   - offset: where the cut begins along each axis; the middle unless given.
  public init(like other: Symbol, offset: (any PerAxis)? = nil) {
    reference = Reference(other)
    shape = Reference.text(other)
    self.offset = offset
  }

  public var description: String { typed("Cropped", "like: \(shape)", offset.map { "offset: \($0.typed)" }) }

  public func declare(_ x: Symbol) -> Symbol {
    guard let other = reference.symbol(beside: x) else { return x.poisoned() }
    return x.cut(to: other, offset)
  }
}

extension Symbol {
  /// This value with the spatial extents of another, by interpolation unless `mode` says otherwise.
  public func resized(
    like other: Symbol, mode: Interpolation? = nil, alignCorners: Bool = false, fileID: String = #fileID,
    line: UInt = #line
  ) -> Symbol {
    Resized(like: other, mode: mode, alignCorners: alignCorners)(self, fileID: fileID, line: line)
  }

  /// The middle of this value, or the part from `offset` on, with the spatial extents of another.
  public func cropped(
    like other: Symbol, offset: (any PerAxis)? = nil, fileID: String = #fileID, line: UInt = #line
  ) -> Symbol {
    Cropped(like: other, offset: offset)(self, fileID: fileID, line: line)
  }

  /// A value of which only the number of axes is known.
  fileprivate func poisoned() -> Symbol { poisoned(rank.map { [Int?](repeating: nil, count: $0) }) }

  /// Adds the resizing itself.
  func resized(to other: Symbol, _ mode: Interpolation?, _ alignCorners: Bool) -> Symbol {
    guard let rank = rank ?? other.rank else { return poisoned(nil) }
    guard (3...5).contains(rank), other.rank ?? rank == rank else {
      reject(
        "cannot resize \(shape) like \(other.shape)", mend: "give both the same 1 to 3 spatial axes")
      return poisoned([Int?](repeating: nil, count: rank))
    }
    let mode = mode ?? [.linear, .bilinear, .trilinear][rank - 3]
    guard mode.isFit(self, axes: rank - 2, alignCorners: alignCorners) else {
      return poisoned([shape[0], channels] + (2..<rank).map { other.shape[$0] })
    }
    return applying(Op.Resize.self, to: [other], mode.attributes(alignCorners: alignCorners))
  }

  /// Adds the cut itself.
  func cut(to other: Symbol, _ offset: (any PerAxis)?) -> Symbol {
    guard let offset else { return applying(Op.Crop.self, to: [other]) }
    let axes = max((rank ?? other.rank ?? 4) - 2, 1)
    guard let list = checked("offset", offset, axes: axes, atLeast: 0) else {
      return poisoned([shape[0], channels] + (2..<(axes + 2)).map { other.shape[$0] })
    }
    return applying(Op.Crop.self, to: [other], ["offset": .ints(list)])
  }
}

/// Applies layers one after the other and resizes the result to the height and width of what went in: a
/// segmentation network whose scores are as large as the picture (Long et al. 2015; Chen et al. 2017).
///
/// ```swift
/// ResizedToInput { backbone; Conv2D(21, kernel: 1) }
/// ```
public struct ResizedToInput: Combinator {
  let layers: [Placed]
  private let mode: Interpolation?
  private let alignCorners: Bool

  /// - Parameter mode: `.nearest`, or the interpolation for the number of axes, which is taken unless given.
  public init(mode: Interpolation? = nil, alignCorners: Bool = false, @LayerBuilder _ layers: () -> [Placed]) {
    self.layers = layers()
    self.mode = mode
    self.alignCorners = alignCorners
  }

  public func declare(_ x: Symbol) -> Symbol {
    layers.reduce(x) { $1.apply(to: $0) }.resized(to: x, mode, alignCorners)
  }

  public var headline: String {
    let arguments = [mode.map { "mode: \($0)" }, argument("alignCorners", alignCorners, default: false)].compactMap {
      $0
    }
    return "ResizedToInput" + (arguments.isEmpty ? "" : "(" + arguments.joined(separator: ", ") + ")")
  }
}
