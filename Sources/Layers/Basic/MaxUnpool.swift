import FoveaGraphs

/// The places of a max pooling's winners, and the size of what was pooled.
///
/// `MaxPool2D.withSwitches(_:)` makes them, `MaxUnpool` takes them.
public struct Switches: Sendable {
  let places: Reference?
  let whole: Reference
  let shape: String

  /// - Parameters:
  ///   - pooled: the result of a pooling with switches.
  ///   - whole: what was pooled.
  init(of pooled: Symbol, whole: Symbol) {
    let graph = pooled.declaration.graph
    // A pooling that does not fit is an unknown node of one output: there are no places then.
    let node = graph.nodes.last { $0.outputs.first == pooled.value && $0.outputs.count > 1 }
    places = node.map { Reference(Symbol($0.outputs[1], in: pooled.declaration)) }
    self.whole = Reference(whole)
    shape = Reference.text(whole)
  }
}

/// Puts numbers back where a max pooling found its winners, zeros elsewhere: the decoders of Noh et al. 2015 and
/// SegNet (Badrinarayanan et al. 2015).
///
/// [N, C, H′, W′] → [N, C, H, W], as large as what was pooled.
///
/// ```swift
/// let (pooled, switches) = MaxPool2D(2).withSwitches(x)
/// let restored = MaxUnpool(switches)(decode(pooled))
/// ```
public struct MaxUnpool: Layer, CustomStringConvertible {
  let switches: Switches

  public init(_ switches: Switches) { self.switches = switches }

  public var description: String { typed("MaxUnpool", "to: \(switches.shape)") }

  public func declare(_ x: Symbol) -> Symbol {
    guard let places = switches.places?.symbol(beside: x), let whole = switches.whole.symbol(beside: x) else {
      return x.poisoned(x.rank.map { [x.shape[0], x.channels] + [Int?](repeating: nil, count: max($0 - 2, 0)) })
    }
    if let own = x.shape.dims, let other = places.shape.dims,
      own.count != other.count || zip(own, other).contains(where: { $0 != nil && $1 != nil && $0 != $1 })
    {
      x.reject(
        "the input \(x.shape) does not fit the places \(places.shape) that the pooling found",
        mend: "bring it to that shape first: as many channels, the size after the pooling")
      return x.poisoned(whole.shape.dims)
    }
    return x.applying(Op.MaxUnpool.self, to: [places, whole])
  }
}

/// A max pooling that gives its switches too.
private struct SwitchedPool: Layer, CustomStringConvertible {
  let pooling: Pooling
  var description: String { "\(pooling).withSwitches" }
  func declare(_ x: Symbol) -> Symbol { pooling.declare(x, Op.MaxPoolWithIndices.self) }
}

extension Pooling {
  fileprivate func withSwitches(_ x: Symbol, _ fileID: String, _ line: UInt) -> (pooled: Symbol, switches: Switches) {
    let pooled = SwitchedPool(pooling: self)(x, fileID: fileID, line: line)
    return (pooled, Switches(of: pooled, whole: x))
  }
}

extension MaxPool2D {
  /// Pools, and tells where the winners stood.
  public func withSwitches(
    _ x: Symbol, fileID: String = #fileID, line: UInt = #line
  ) -> (pooled: Symbol, switches: Switches) {
    pooling.withSwitches(x, fileID, line)
  }
}

extension MaxPool1D {
  /// Pools, and tells where the winners stood.
  public func withSwitches(
    _ x: Symbol, fileID: String = #fileID, line: UInt = #line
  ) -> (pooled: Symbol, switches: Switches) {
    pooling.withSwitches(x, fileID, line)
  }
}

extension MaxPool3D {
  /// Pools, and tells where the winners stood.
  public func withSwitches(
    _ x: Symbol, fileID: String = #fileID, line: UInt = #line
  ) -> (pooled: Symbol, switches: Switches) {
    pooling.withSwitches(x, fileID, line)
  }
}
