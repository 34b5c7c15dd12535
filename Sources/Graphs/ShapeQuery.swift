import FoveaTensors

/// What a shape rule knows and where it reports what does not fit.
public struct ShapeQuery {
  public let op: any Operator.Type
  public let attributes: Attributes
  public let body: Graph?
  public let inputs: [TensorType?]
  var findings: [(problem: String, mend: String)] = []
  /// Inputs whose element type has been reported.
  var wrongTypes: Set<Int> = []

  init(op: any Operator.Type, attributes: Attributes, body: Graph?, inputs: [TensorType?]) {
    self.op = op
    self.attributes = attributes
    self.body = body
    self.inputs = inputs
  }

  /// True when the optional input at `index` is connected.
  public func has(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

  /// The shape of an input; unknown when it is not connected.
  public func shape(_ index: Int) -> PartialShape { has(index) ? inputs[index]!.shape : .unknown }

  /// The element type of an input; f32 when it is not connected.
  public func dtype(_ index: Int) -> DType { has(index) ? inputs[index]!.dtype : .f32 }

  /// Reports a mistake; the declaration goes on with what is still known.
  public mutating func reject(_ problem: String, mend: String) { findings.append((problem, mend)) }

  /// Reports a rank that is known and not `rank`.
  /// - Returns: whether the rank may be `rank`.
  public mutating func requireRank(_ rank: Int, ofInput index: Int, layout: String, mend: String) -> Bool {
    guard let found = shape(index).rank, found != rank else { return true }
    let name = index < op.inputNames.count ? op.inputNames[index] : "input \(index)"
    reject("\(name) has \(found) axes \(shape(index)), but needs \(rank) (\(layout))", mend: mend)
    return false
  }
}
