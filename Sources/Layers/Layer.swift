import FoveaGraphs

/// A part of a network, described as a value.
///
/// A layer implements `body`, as a SwiftUI view does, or `declare(_:)`:
///
/// ```swift
/// struct DoubleConv: Layer {                       // Ronneberger et al. 2015, figure 1
///   let channels: Int
///   var body: some Layer {
///     for _ in 0..<2 { Conv2D(channels, kernel: 3, padding: .same); ReLU() }
///   }
/// }
/// ```
///
/// Declaring never stops at a mistake: what does not fit is collected, and `Model` throws all of it at once.
public protocol Layer: Sendable {
  associatedtype Body: Layer = Never

  /// The layers that this one is made of, applied one after the other.
  @LayerBuilder var body: Body { get }

  /// Adds this layer to the network that `x` belongs to and returns its output.
  ///
  /// Call a layer, `layer(x)`, instead of this: a call also opens the scope that names its parameters.
  func declare(_ x: Symbol) -> Symbol
}

extension Layer {
  public func declare(_ x: Symbol) -> Symbol { body.declare(x) }

  /// Applies the layer to `x`, for networks that no combinator draws.
  ///
  /// Two calls make two sets of parameters; `.sharing(_:)` makes them one.
  public func callAsFunction(_ x: Symbol, fileID: String = #fileID, line: UInt = #line) -> Symbol {
    x.declaration.enter(self, x, SourceLine(fileID: fileID, line: line))
  }
}

extension Layer where Body == Never {
  public var body: Never { return preconditionFailure("\(Self.self) has no body") }

  /// What a layer gets that implements neither `body` nor `declare(_:)`.
  public func declare(_ x: Symbol) -> Symbol {
    x.reject("\(Self.self) does nothing", mend: "implement body, or declare(_:)")
    return x
  }
}

extension Never: Layer {
  public typealias Body = Never
  // No value of this type exists, so nobody can ask.
  public var body: Never { return preconditionFailure("Never has no body") }
  public func declare(_ x: Symbol) -> Symbol { switch self {} }
}

/// A layer and the line it was written on.
public struct Placed: Sendable {
  public let layer: any Layer
  public let source: SourceLine

  public init(_ layer: any Layer, source: SourceLine) {
    self.layer = layer
    self.source = source
  }

  func apply(to x: Symbol) -> Symbol { x.declaration.enter(layer, x, source) }
}

/// Collects layers, with `if`, `else`, `switch`, `for` and `any Layer`: the shape of a network is data,
/// never a generic type.
@resultBuilder
public enum LayerBuilder {
  public static func buildExpression(_ layer: any Layer, fileID: String = #fileID, line: UInt = #line) -> [Placed] {
    [Placed(layer, source: SourceLine(fileID: fileID, line: line))]
  }
  public static func buildExpression(_ layers: [any Layer], fileID: String = #fileID, line: UInt = #line) -> [Placed] {
    layers.map { Placed($0, source: SourceLine(fileID: fileID, line: line)) }
  }
  public static func buildBlock(_ parts: [Placed]...) -> [Placed] { parts.flatMap { $0 } }
  public static func buildOptional(_ part: [Placed]?) -> [Placed] { part ?? [] }
  public static func buildEither(first part: [Placed]) -> [Placed] { part }
  public static func buildEither(second part: [Placed]) -> [Placed] { part }
  public static func buildArray(_ parts: [[Placed]]) -> [Placed] { parts.flatMap { $0 } }
  public static func buildLimitedAvailability(_ part: [Placed]) -> [Placed] { part }
  public static func buildFinalResult(_ parts: [Placed]) -> Sequential { Sequential(parts) }
  public static func buildFinalResult(_ parts: [Placed]) -> [Placed] { parts }
}
