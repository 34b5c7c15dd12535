import FoveaGraphs

/// Applies every element to the same input and puts the results side by side along the channels: inception
/// (Szegedy et al. 2014), dense blocks (Huang et al. 2016), U-Net's skips (Ronneberger et al. 2015).
///
/// Branches [N, Cᵢ, …] → [N, ΣCᵢ, …], in the order in which they are written; all axes but the channels agree.
///
/// ```swift
/// Concatenate { Identity(); Conv2D(12, kernel: 3, padding: .same) }
/// Concatenate(cropping: true) { Identity(); Sequential { MaxPool2D(2); ConvTranspose2D(8, kernel: 2, stride: 2) } }
/// ```
public struct Concatenate: Combinator {
  let layers: [Placed]
  private let cropping: Bool

  /// - Parameter cropping: cuts the middle out of every branch, as large as the last one: the skips of a U-Net whose
  ///   convolutions are valid.
  public init(cropping: Bool = false, @LayerBuilder _ branches: () -> [Placed]) {
    layers = branches()
    self.cropping = cropping
  }

  public var headline: String { cropping ? "Concatenate(cropping: true)" : "Concatenate" }

  public func declare(_ x: Symbol) -> Symbol {
    var branches = layers.map { $0.apply(to: x) }
    guard branches.count > 1, let last = branches.last else { return x.tooFew(branches, "put side by side") }
    if cropping { branches = branches.dropLast().map { $0.cut(to: last, nil) } + [last] }
    return Concatenate.together(branches)
  }

  /// Values side by side along axis 1.
  package static func together(_ parts: [Symbol]) -> Symbol {
    let (known, misfit) = agreement(parts.compactMap(\.shape.dims))
    guard misfit else { return parts[0].applying(Op.Concat.self, to: Array(parts.dropFirst()), ["axis": .int(1)]) }
    let shapes = parts.map { "\($0.shape)" }
    parts[0].reject(
      "cannot put \(shapes.dropLast().joined(separator: ", ")) and \(shapes[shapes.count - 1]) side by side",
      mend: known == nil
        ? "give all branches the same number of axes"
        : "make the branches agree along every axis but the channels: check padding and stride")
    return parts[0].poisoned(known)
  }

  /// What is known of the shape of the whole, and whether something does not fit.
  private static func agreement(_ shapes: [[Int?]]) -> (known: [Int?]?, misfit: Bool) {
    guard let first = shapes.first else { return (nil, false) }
    guard first.count > 1, shapes.allSatisfy({ $0.count == first.count }) else { return (nil, true) }
    var known = first
    var misfit = false
    for axis in first.indices {
      let extents = shapes.map { $0[axis] }
      if axis == 1 {
        known[1] = extents.contains { $0 == nil } ? nil : extents.reduce(0) { Cost.sum($0, $1 ?? 0) }
      } else {
        let distinct = Set(extents.compactMap { $0 })
        if distinct.count > 1 { misfit = true }
        known[axis] = distinct.count == 1 ? distinct.first : nil
      }
    }
    return (known, misfit)
  }
}

/// Applies every element to the same input and multiplies the results, element by element: gates such as
/// squeeze and excitation (Hu et al. 2017).
///
/// Branches [N, C, H, W], or with extent 1 along an axis, which then scales all of that axis: [N, C, 1, 1]
/// scales channels.
///
/// ```swift
/// Multiply {
///   Identity()
///   Sequential { GlobalAveragePool(); Conv2D(4, kernel: 1); ReLU(); Conv2D(64, kernel: 1); Sigmoid() }
/// }
/// ```
public struct Multiply: Combinator {
  let layers: [Placed]

  public init(@LayerBuilder _ branches: () -> [Placed]) { layers = branches() }

  public func declare(_ x: Symbol) -> Symbol {
    let branches = layers.map { $0.apply(to: x) }
    guard branches.count > 1 else { return x.tooFew(branches, "multiply") }
    return branches.dropFirst().reduce(branches[0]) { Multiply.product($0, $1) }
  }

  /// The product of two values of one rank.
  static func product(_ a: Symbol, _ b: Symbol) -> Symbol {
    guard let left = a.shape.dims, let right = b.shape.dims else { return a.applying(Op.Mul.self, to: [b]) }
    // The batch of 1 is any batch, so only the other axes may spread. A missing axis would hide a mistake.
    let differs =
      left.count != right.count
      || zip(left, right).enumerated().contains { axis, pair in
        guard let x = pair.0, let y = pair.1, x != y else { return false }
        return axis == 0 || (x != 1 && y != 1)
      }
    guard differs else { return a.applying(Op.Mul.self, to: [b]) }
    a.reject(
      "cannot multiply \(a.shape) and \(b.shape)",
      mend: "make both end in the same shape, or one in extent 1 along what it is to scale, e.g. N×C×1×1")
    guard left.count == right.count else { return a.poisoned(nil) }
    return a.poisoned(zip(left, right).map { x, y in x == y ? x : x == 1 ? y : y == 1 ? x : nil })
  }
}

extension Symbol {
  /// The product of two values of one shape, or of which one has extent 1 where the other spreads.
  public static func * (a: Symbol, b: Symbol) -> Symbol { Multiply.product(a, b) }
}
