import FoveaGraphs
import FoveaTensors

/// How a value lies in memory: plain (contiguous, last axis innermost), or in an order of a backend's own.
///
/// Layout is never the user's business: shapes and host tensors are always logical; only plans and
/// stores know layouts.
public enum Layout: Sendable, Equatable, CustomStringConvertible {
  case plain
  case foreign(any ForeignLayout)

  public static func == (a: Layout, b: Layout) -> Bool {
    switch (a, b) {
    case (.plain, .plain): true
    case (.foreign(let x), .foreign(let y)): x === y || x.isSame(as: y)
    default: false
    }
  }

  public var description: String {
    switch self {
    case .plain: "plain"
    case .foreign(let layout): layout.text
    }
  }

  /// Bytes a value of `type` takes in this layout, channel padding included.
  public func byteCount(_ type: TensorType) -> Int {
    switch self {
    case .plain: (type.shape.concrete?.count ?? 0) * type.dtype.size
    case .foreign(let layout): layout.byteCount
    }
  }
}

/// A backend's own memory order. Padding that the order adds holds zeros.
public protocol ForeignLayout: AnyObject, Sendable {
  /// As reports show it, e.g. `nChw16c`.
  var text: String { get }
  /// Bytes including padding.
  var byteCount: Int { get }
  /// True when values cannot be brought back from this order, or not with all their digits: it is never the order a
  /// parameter is kept in.
  var isOneWay: Bool { get }
  /// True when elements lie there in a narrower type than the value's, such as bf16 for f32: loops over the value's
  /// own elements do not run on it.
  var isNarrow: Bool { get }
  func isSame(as other: any ForeignLayout) -> Bool
  /// Brings plain elements into this order.
  func encode(plain: UnsafeRawPointer, into target: UnsafeMutableRawPointer) throws(ExecutionError)
  /// Brings elements of this order into the plain one.
  func decode(_ source: UnsafeRawPointer, intoPlain target: UnsafeMutableRawPointer) throws(ExecutionError)
}

extension ForeignLayout {
  public var isOneWay: Bool { false }
  public var isNarrow: Bool { false }
}

extension Layout {
  /// True when elements have a narrower type there than the value's own.
  package var isNarrow: Bool {
    if case .foreign(let layout) = self { layout.isNarrow } else { false }
  }

  /// True when values cannot be brought back from it as they were.
  package var isOneWay: Bool {
    if case .foreign(let layout) = self { layout.isOneWay } else { false }
  }
}
