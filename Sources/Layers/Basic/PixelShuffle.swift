import FoveaGraphs

/// How `DepthToSpace` and `SpaceToDepth` order the channels of the deep side.
public enum BlockOrder: String, Sendable {
  /// The place in the block outermost (ONNX's DCR, TensorFlow's depth_to_space).
  case depthLast
  /// The place in the block innermost (ONNX's CRD, PyTorch's pixel_shuffle).
  case depthFirst

  fileprivate var mode: Attribute { .string(self == .depthLast ? "DCR" : "CRD") }
}

/// Channels laid out as blocks of pixels, in PyTorch's order: the sub-pixel convolution (Shi et al. 2016).
///
/// [N, C·f², H, W] → [N, C, H·f, W·f]; with one or three spatial axes C·f or C·f³.
///
/// ```swift
/// Conv2D(3 * 4, kernel: 3, padding: .same)
/// PixelShuffle(2)      // twice as high and wide
/// ```
public struct PixelShuffle: Layer, CustomStringConvertible {
  let factor: Int

  /// - Parameter factor: how many times as long every spatial axis becomes.
  public init(_ factor: Int) { self.factor = factor }

  public var description: String { typed("PixelShuffle", "\(factor)") }

  public func declare(_ x: Symbol) -> Symbol {
    x.blocks(Op.DepthToSpace.self, "factor", factor, .depthFirst)
  }
}

/// Channels laid out as blocks of pixels: [N, C·b², H, W] → [N, C, H·b, W·b].
public struct DepthToSpace: Layer, CustomStringConvertible {
  let block: Int
  let order: BlockOrder

  /// - Parameters:
  ///   - block: pixels along each axis of a block.
  ///   - order: how the channels are ordered.
  public init(_ block: Int, order: BlockOrder = .depthLast) {
    self.block = block
    self.order = order
  }

  public var description: String {
    typed("DepthToSpace", "\(block)", order == .depthLast ? nil : "order: .\(order)")
  }

  public func declare(_ x: Symbol) -> Symbol { x.blocks(Op.DepthToSpace.self, "block", block, order) }
}

/// Blocks of pixels as channels, the inverse of `DepthToSpace`: [N, C, H·b, W·b] → [N, C·b², H, W].
///
/// ```swift
/// SpaceToDepth(2)      // nothing is lost, unlike with pooling
/// ```
public struct SpaceToDepth: Layer, CustomStringConvertible {
  let block: Int
  let order: BlockOrder

  /// - Parameters:
  ///   - block: pixels along each axis of a block; H and W are multiples of it.
  ///   - order: how the channels are ordered.
  public init(_ block: Int, order: BlockOrder = .depthLast) {
    self.block = block
    self.order = order
  }

  public var description: String {
    typed("SpaceToDepth", "\(block)", order == .depthLast ? nil : "order: .\(order)")
  }

  public func declare(_ x: Symbol) -> Symbol { x.blocks(Op.SpaceToDepth.self, "block", block, order) }
}

/// Every example turned around along some axes: [N, C, H, W] → the same.
///
/// ```swift
/// Flip(axes: [-1])      // left becomes right
/// ```
public struct Flip: Layer, CustomStringConvertible {
  let axes: [Int]

  /// - Parameter axes: 1 is the channels, −1 the last; each once, never the batch.
  public init(axes: [Int]) { self.axes = axes }

  public var description: String { typed("Flip", "axes: \(axes.typed)") }

  public func declare(_ x: Symbol) -> Symbol {
    if let rank = x.rank {
      let counted = axes.map { $0 < 0 && $0 >= -rank ? $0 + rank : $0 }
      guard !axes.isEmpty, counted.allSatisfy({ (1..<max(rank, 1)).contains($0) }), Set(counted).count == axes.count
      else {
        x.reject(
          "the axes \(axes.typed) of the input \(x.shape)",
          mend: "name at least one axis from 1 to \(rank - 1), each once")
        return x
      }
    }
    // From the last to before the first, backwards; ONNX's word for "before the first" is a very negative number.
    let all = { (value: Int) in Attribute.ints([Int](repeating: value, count: axes.count)) }
    return x.applying(
      Op.Slice.self, ["starts": all(-1), "ends": all(-Int(Int32.max)), "axes": .ints(axes), "steps": all(-1)])
  }
}

extension Symbol {
  fileprivate func blocks(_ op: any Operator.Type, _ what: String, _ block: Int, _ order: BlockOrder) -> Symbol {
    guard checked(what, block, atLeast: 1) != nil else {
      return poisoned(rank.map { [Int?](repeating: nil, count: $0) })
    }
    return applying(op, ["blocksize": .int(block), "mode": order.mode])
  }
}
