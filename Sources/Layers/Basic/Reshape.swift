import FoveaGraphs

/// The numbers of each example in another shape: [N, …] → [N, shape…], in the same order.
///
/// ```swift
/// Dense(16 * 5 * 5)
/// Reshape([16, 5, 5])
/// Reshape([-1, 5, 5])     // one extent may be worked out
/// ```
public struct Reshape: Layer, CustomStringConvertible {
  let shape: [Int]

  /// - Parameter shape: of one example, without the batch; one extent may be −1: what is left.
  public init(_ shape: [Int]) { self.shape = shape }

  public var description: String { typed("Reshape", shape.typed) }

  public func declare(_ x: Symbol) -> Symbol {
    var fits = true
    if let bad = shape.first(where: { $0 < 1 && $0 != -1 }) {
      x.reject("an extent of \(bad)", mend: "give extents of at least 1, and at most one -1 for what is left")
      fits = false
    }
    if shape.count(where: { $0 == -1 }) > 1 {
      x.reject("more than one extent is -1", mend: "leave only one to be worked out")
      fits = false
    }
    guard fits else { return x.poisoned([x.shape[0]] + shape.map { $0 < 1 ? nil : $0 }) }
    // 0 copies the batch, whatever it is.
    return x.applying(Op.Reshape.self, ["shape": .ints([0] + shape)])
  }
}

/// Zeros around every example, [N, C, H, W] → [N, C + …, H + …, W + …], per axis after the batch.
///
/// ```swift
/// ZeroPad(before: [0, 1, 1], after: [0, 1, 1])      // a rim of one pixel
/// ```
public struct ZeroPad: Layer, CustomStringConvertible {
  let before: [Int]
  let after: [Int]

  /// - Parameters:
  ///   - before: zeros before each axis of one example; negative numbers cut off.
  ///   - after: zeros behind each axis.
  public init(before: [Int], after: [Int]) {
    self.before = before
    self.after = after
  }

  public var description: String { typed("ZeroPad", "before: \(before.typed)", "after: \(after.typed)") }

  public func declare(_ x: Symbol) -> Symbol {
    let wanted = x.rank.map { $0 - 1 } ?? before.count
    guard before.count == wanted, after.count == wanted else {
      x.reject(
        "\(before.typed) and \(after.typed) for the input \(x.shape)",
        mend: "give \(wanted) numbers each: one per axis after the batch")
      return x.poisoned(x.rank.map { [Int?](repeating: nil, count: $0) })
    }
    return x.applying(Op.Pad.self, ["pads": .ints([0] + before + [0] + after)])
  }
}
