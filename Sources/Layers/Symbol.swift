import FoveaGraphs
import FoveaTensors

/// A value of a network that is being declared. It carries its declaration, so that a layer needs
/// nothing else.
///
/// What a layer of one's own needs is here: `parameter(_:_:role:initializer:trainable:)`,
/// `applying(_:to:_:)` and `reject(_:mend:)`.
///
/// ```swift
/// struct Shift: Layer {
///   func declare(_ x: Symbol) -> Symbol {
///     let shift = x.parameter("shift", [x.channels, 1, 1], role: .shift, initializer: .constant(0))
///     return x.applying(Op.Add.self, to: [shift])
///   }
/// }
/// ```
public struct Symbol {
  /// The value in the graph.
  public let value: Value
  /// The network that is being declared.
  public let declaration: Declaration

  init(_ value: Value, in declaration: Declaration) {
    self.value = value
    self.declaration = declaration
  }

  /// Element type and shape, as far as they are known.
  public var type: TensorType { declaration.graph[value].type }
  /// The shape [N, C, spatial…] with batch 1, unknown where a layer before does not fit.
  public var shape: PartialShape { type.shape }
  /// Number of axes, nil when unknown.
  public var rank: Int? { shape.rank }
  /// Extent of axis 1, nil when unknown.
  public var channels: Int? { shape[1] }

  /// Uses an operator with this symbol as its first operand, and returns its first output.
  ///
  /// - Parameters:
  ///   - others: the further operands, nil for an optional one that is left out.
  ///   - attributes: the operator's attributes; a missing one means its default.
  ///   - pathAttribute: an attribute that is set to the layer's path, once that is known: the name of a
  ///     stream of random numbers.
  public func applying(
    _ op: any Operator.Type, to others: [Symbol?] = [], _ attributes: Attributes = [:], pathAttribute: String? = nil
  ) -> Symbol {
    declaration.addNode(op, [self] + others, attributes, pathAttribute: pathAttribute)
  }

  /// Makes a learned parameter of the layer that is being declared, or finds it when the layer is shared.
  ///
  /// - Parameters:
  ///   - name: its name within the layer, e.g. `weight`.
  ///   - dims: its shape; nil where a layer before left it unknown.
  public func parameter(
    _ name: String, _ dims: [Int?], role: Parameter.Role, initializer: Initializer, trainable: Bool = true
  ) -> Symbol {
    let parameter = Parameter(path: name, role: role, initializer: initializer, trainable: trainable)
    return declaration.addLeaf(parameter, dims, isState: false)
  }

  /// Makes a state of the layer that is being declared: kept between runs, but not learned.
  public func state(_ name: String, _ dims: [Int?], role: Parameter.Role, initializer: Initializer) -> Symbol {
    let parameter = Parameter(path: name, role: role, initializer: initializer, trainable: false)
    return declaration.addLeaf(parameter, dims, isState: true)
  }

  /// A constant of the network.
  public func constant(_ tensor: Tensor) -> Symbol { declaration.addConstant(tensor) }

  /// Reports a mistake in the layer that is being declared; the declaration goes on.
  public func reject(_ problem: String, mend: String) { declaration.reject(problem, mend: mend, at: value) }

  /// A value behind a layer that does not fit: of the given shape, unknown where nil, so that layers
  /// behind it still check what they can.
  public func poisoned(_ dims: [Int?]?) -> Symbol { declaration.poison(from: self, PartialShape(dims)) }
}
