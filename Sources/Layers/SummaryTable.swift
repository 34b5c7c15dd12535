import FoveaGraphs
import FoveaTensors

/// What a model is made of, layer by layer, with totals. It prints as a tree, and encodes as the object
/// that `fovea summary --json` writes.
public struct SummaryTable: Sendable, Equatable {
  /// One declared layer that computes something.
  public struct Row: Sendable, Equatable {
    /// The layer's path.
    public let name: String
    /// The layer's kind, e.g. `Conv2D`.
    public let type: String
    /// The layer as it was typed, e.g. `Conv2D(64, kernel: 5)`.
    public let layer: String
    /// Shape of the output, batch included; an extent that is open is unknown.
    public let shape: PartialShape
    /// Learned numbers; shared ones are counted where they first appear.
    public let parameters: Int
    /// Per example, weights only, as papers count them.
    public let multiplyAdds: Int
    /// `[min, max]` per spatial axis, in elements of the input, over all paths from it.
    public let receptiveField: [[Int]]
    /// True where a size that multiply-adds depend on is open.
    public let isOpen: Bool

    /// Shape of the output, batch included; of no axes where an extent is open.
    public var output: Shape { shape.concrete ?? .scalar }
  }

  public let rows: [Row]
  /// What the model is called, or empty.
  public let name: String
  /// Layers made of others, as typed, by path.
  public let composites: [String: String]
  /// Examples at once.
  public let batch: Int
  /// Learned numbers.
  public let parameters: Int
  /// Those that an optimizer changes.
  public let trainableParameters: Int
  /// Numbers that are kept but not learned, such as running means.
  public let states: Int
  /// Per example, weights only.
  public let multiplyAdds: Int
  /// For the whole batch, each added bias counted as one more: the count of some courses and tools.
  public let multiplyAddsWithBiases: Int
  /// Per example, the inputs of all units as early papers count them (`Analysis.connections`); nil where multiply-adds
  /// with biases are just that.
  public let connections: Int?
  /// The inputs of the whole batch.
  public let inputBytes: Int
  /// The outputs of all layers with parameters and their gradients, for the whole batch: what a training
  /// step at least keeps, as torchinfo counts it.
  public let activationBytes: Int
  /// The learned numbers.
  public let parameterBytes: Int

  /// True where a size is open: multiply-adds and the memory of activations are not known then, and 0.
  public var isOpen: Bool { rows.contains(where: \.isOpen) }
}

extension SummaryTable: Encodable {
  private enum Keys: String, CodingKey {
    case parameters, layers
    case multiplyAdds = "multiply_adds"
    case activationBytes = "activation_bytes"
    case parameterBytes = "parameter_bytes"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(parameters, forKey: .parameters)
    try container.encode(isOpen ? nil : multiplyAdds, forKey: .multiplyAdds)
    try container.encode(isOpen ? nil : activationBytes, forKey: .activationBytes)
    try container.encode(parameterBytes, forKey: .parameterBytes)
    try container.encode(rows, forKey: .layers)
  }
}

extension SummaryTable.Row: Encodable {
  private enum Keys: String, CodingKey {
    case name, type, output, parameters
    case receptiveField = "receptive_field"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(name, forKey: .name)
    try container.encode(type, forKey: .type)
    try container.encode(shape.dims ?? [], forKey: .output)
    try container.encode(parameters, forKey: .parameters)
    try container.encode(receptiveField, forKey: .receptiveField)
  }
}
