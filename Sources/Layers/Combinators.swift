import FoveaGraphs

/// A layer that only joins others: it has no parameters of its own, and adds nothing to their paths when
/// they tell themselves apart.
protocol Combinator: Layer, CustomStringConvertible {
  var layers: [Placed] { get }
  /// What stands before the braces, as typed.
  var headline: String { get }
}

extension Combinator {
  public var headline: String { String(describing: Self.self) }

  /// The layer as it was typed, its elements indented.
  public var description: String {
    let lines = layers.flatMap { layerDescription($0.layer).split(separator: "\n") }
    return lines.isEmpty ? "\(headline) {}" : "\(headline) {\n" + lines.map { "  \($0)\n" }.joined() + "}"
  }
}

/// Applies layers one after the other.
///
/// ```swift
/// Sequential { Conv2D(64, kernel: 3, padding: .same); ReLU() }.named("features")
/// ```
public struct Sequential: Combinator {
  let layers: [Placed]

  public init(@LayerBuilder _ layers: () -> [Placed]) { self.layers = layers() }
  public init(_ layers: [Placed]) { self.layers = layers }

  public func declare(_ x: Symbol) -> Symbol { layers.reduce(x) { $1.apply(to: $0) } }
}

/// Applies every element to the same input and adds up the results: the residual connection
/// (He et al. 2015, figure 2). All branches must give the same shape.
///
/// ```swift
/// Add { Conv2D(64, kernel: 3, padding: .same); Identity() }
/// ```
public struct Add: Combinator {
  let layers: [Placed]

  public init(@LayerBuilder _ branches: () -> [Placed]) { layers = branches() }

  public func declare(_ x: Symbol) -> Symbol {
    let branches = layers.map { $0.apply(to: x) }
    guard branches.count > 1 else { return x.tooFew(branches, "add up") }
    return branches.dropFirst().reduce(branches[0]) { Add.sum($0, $1) }
  }

  /// The sum of two values of one shape. Shapes must agree exactly: a broadcast would hide a mistake.
  static func sum(_ a: Symbol, _ b: Symbol) -> Symbol {
    guard let left = a.shape.dims, let right = b.shape.dims else { return a.applying(Op.Add.self, to: [b]) }
    let differs = left.count != right.count || zip(left, right).contains { x, y in x != nil && y != nil && x != y }
    guard differs else { return a.applying(Op.Add.self, to: [b]) }
    a.reject("cannot add \(a.shape) and \(b.shape)", mend: mend(left, right))
    guard left.count == right.count else { return a.poisoned(nil) }
    return a.poisoned(zip(left, right).map { x, y in x == y ? x : x == nil ? y : y == nil ? x : nil })
  }

  /// The projection that would bring the second branch to the shape of the first.
  private static func mend(_ left: [Int?], _ right: [Int?]) -> String {
    guard left.count == 4, right.count == 4, let channels = left[1] else {
      return "make all branches end in the same shape"
    }
    guard let tall = right[2], let low = left[2] else {
      return "give both the same channels, e.g. Conv2D(\(channels), kernel: 1) on the second branch"
    }
    if tall == low { return "give both the same channels, e.g. Conv2D(\(channels), kernel: 1) on the second branch" }
    let stride = low > 0 && tall > low ? (tall + low - 1) / low : 1
    if stride == 1 { return "make both the same height and width: check padding and stride of the branches" }
    return "project the second branch, e.g. Conv2D(\(channels), kernel: 1, stride: \(stride)); or check the padding"
  }
}

extension Symbol {
  /// The sum of two values of one shape.
  public static func + (a: Symbol, b: Symbol) -> Symbol { Add.sum(a, b) }

  /// Reports a combinator without at least two branches.
  func tooFew(_ branches: [Symbol], _ verb: String) -> Symbol {
    reject(
      branches.isEmpty ? "nothing to \(verb)" : "only one branch to \(verb)",
      mend: "write a branch per line; the shortcut is Identity()")
    return branches.first ?? self
  }
}

/// Hands its input on: the shortcut of a residual block.
public struct Identity: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x }
  public var description: String { "Identity()" }
}

/// Runs layers on its input, and hands the input on unchanged: a head at the side, whose end
/// `.tap(_:)` makes an output.
///
/// ```swift
/// Side { Flatten(); Dense(10) }.tap("aux1")
/// ```
public struct Side: Combinator {
  let layers: [Placed]

  public init(@LayerBuilder _ layers: () -> [Placed]) { self.layers = layers() }

  public func declare(_ x: Symbol) -> Symbol {
    let end = layers.reduce(x) { $1.apply(to: $0) }
    x.declaration.setSideOutput(end)
    return x
  }
}
