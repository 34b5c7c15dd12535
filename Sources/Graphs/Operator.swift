import FoveaTensors

/// The namespace of operators; layers own the bare names.
public enum Op {}

/// A kind of node. One file says everything about it: attributes, shape rule, gradient as graph, cost,
/// receptive field, one generic reference loop, and a sentence that explains a node with its own numbers.
///
/// Adding one is a file in `Operators/` and a line in `Registry.standard`; a user's own operator is a type
/// that conforms to this protocol and `Registry.standard.adding(MyOperator.self)`.
public protocol Operator: Sendable {
  /// ONNX's name where ONNX has the operator.
  static var name: String { get }

  /// The inputs by name, in order, as messages call them.
  static var inputNames: [String] { get }

  /// Positions of inputs that may be left out.
  static var optionalInputs: Set<Int> { get }

  /// True when the last named input may be there any number of times (tensors side by side).
  static var isVariadic: Bool { get }

  /// Positions of inputs of which only the shape matters: they keep no buffer alive and make no order.
  static var shapeOnlyInputs: Set<Int> { get }

  /// Positions of inputs that may hold something else than floating-point numbers: places, labels, truths, or
  /// whatever is only moved; the shape rule says what. All others must be float, which is checked for every
  /// operator alike, since loops read them in the type that the node computes in.
  static var nonFloatInputs: Set<Int> { get }

  /// Positions of outputs that exist only for the backward node of the same origin (workspace,
  /// statistics, mask); their contents are the backend's own business.
  static var auxiliaryOutputs: Set<Int> { get }

  /// True when every output element depends only on the elements at the same place of the inputs (or on
  /// scalars) and zeros give zeros, so that the operator runs on any layout, padding included.
  static var isElementwise: Bool { get }

  /// True when the first output holds the first input's elements in the same order, only under another
  /// shape, so that both may be the same bytes.
  static var isView: Bool { get }

  /// Pairs (output, input) that may share one buffer when the input is not needed afterwards.
  static var inPlace: [(output: Int, input: Int)] { get }

  /// The types of the outputs. Reports with `query.reject` what does not fit and returns what is still known.
  static func infer(_ query: inout ShapeQuery) -> [TensorType]

  /// Whether a gradient exists, and if not why.
  static var differentiability: Differentiability { get }

  /// The gradients of the inputs as new nodes; nil for inputs that have none or do not need one.
  static func gradient(_ builder: inout GradientBuilder) -> [Value?]

  /// Position of the input whose numbers are weights, each of which takes part in equally many multiply-adds; nil where
  /// there is no such input.
  static var weightInput: Int? { get }

  /// Multiply-adds of this very node.
  static func cost(_ site: NodeSite) -> Cost

  /// What one output position sees of an input.
  static func receptiveField(_ site: NodeSite) -> FieldRule

  /// The plain loop, which every backend is compared with.
  static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel

  /// The attributes of a node in a graph whose floats become `dtype`; unchanged unless one names a type.
  static func converted(_ attributes: Attributes, to dtype: DType) -> Attributes

  /// This node in one sentence, with its own numbers.
  static func explain(_ site: NodeSite) -> String
}

extension Operator {
  public static var optionalInputs: Set<Int> { [] }
  public static var isVariadic: Bool { false }
  public static var shapeOnlyInputs: Set<Int> { [] }
  public static var nonFloatInputs: Set<Int> { [] }
  public static var auxiliaryOutputs: Set<Int> { [] }
  public static var weightInput: Int? { nil }
  public static var isElementwise: Bool { false }
  public static var isView: Bool { false }
  public static var inPlace: [(output: Int, input: Int)] { [] }
  public static var differentiability: Differentiability { .yes }
  public static func cost(_ site: NodeSite) -> Cost { .none }
  public static func receptiveField(_ site: NodeSite) -> FieldRule { .pointwise }
  public static func converted(_ attributes: Attributes, to dtype: DType) -> Attributes { attributes }
}

/// Whether an operator has a gradient.
public enum Differentiability: Sendable, Equatable {
  case yes
  case no(because: String)
}

/// What a node costs per run, besides moving its operands.
public struct Cost: Sendable, Equatable {
  /// Multiply-adds with weights only, as papers count them.
  public var multiplyAdds: Int
  /// Additions of biases, which some courses count too.
  public var biasAdds: Int

  public init(multiplyAdds: Int = 0, biasAdds: Int = 0) {
    self.multiplyAdds = multiplyAdds
    self.biasAdds = biasAdds
  }

  public static let none = Cost()

  public static func + (a: Cost, b: Cost) -> Cost {
    Cost(multiplyAdds: sum(a.multiplyAdds, b.multiplyAdds), biasAdds: sum(a.biasAdds, b.biasAdds))
  }

  /// A product of counts; the largest number there is when it would overflow.
  public static func product(_ factors: Int...) -> Int {
    factors.reduce(1) { product, factor in
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      return overflow ? .max : next
    }
  }

  /// A sum of counts; the largest number there is when it would overflow.
  public static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }
}

/// What one position of an output sees of the first input, along the spatial axes.
public enum FieldRule: Sendable, Equatable {
  /// The same position.
  case pointwise
  /// A window: its span (dilation counted), its stride and the padding before, per spatial axis.
  case window(span: [Int], stride: [Int], padding: [Int])
  /// A window turned around (transposed convolution): every input reaches `span` outputs, neighbours
  /// `stride` apart.
  case transposed(span: [Int], stride: [Int])
  /// Everything (dense layers, global pooling, flatten).
  case everything
}

/// A floating-point type that reference loops run in.
public protocol ReferenceScalar: BinaryFloatingPoint, TensorScalar {
  static func exponential(_ x: Self) -> Self
  /// e^x − 1, exact where x is small.
  static func exponentialMinusOne(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  /// log(1 + x), exact where x is small.
  static func logarithm(onePlus x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
  static func sine(_ x: Self) -> Self
  static func cosine(_ x: Self) -> Self
  static func tangent(_ x: Self) -> Self
  static func inverseSine(_ x: Self) -> Self
  static func inverseCosine(_ x: Self) -> Self
  static func inverseTangent(_ x: Self) -> Self
  static func hyperbolicSine(_ x: Self) -> Self
  static func hyperbolicCosine(_ x: Self) -> Self
  static func inverseHyperbolicSine(_ x: Self) -> Self
  static func inverseHyperbolicCosine(_ x: Self) -> Self
  static func inverseHyperbolicTangent(_ x: Self) -> Self
  /// erf(x), exact where it is small.
  static func errorFunction(_ x: Self) -> Self
  /// 1 − erf(x), exact where it is small.
  static func complementaryErrorFunction(_ x: Self) -> Self
}

/// A node with the concrete types around it: what a rule or a backend needs to know about it.
public struct NodeSite: Sendable {
  public let node: Node
  public let inputs: [TensorType?]
  public let outputs: [TensorType]

  public init(node: Node, inputs: [TensorType?], outputs: [TensorType]) {
    self.node = node
    self.inputs = inputs
    self.outputs = outputs
  }

  public var attributes: Attributes { node.attributes }

  /// True when the optional input at `index` is connected.
  public func has(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

  /// The shape of the input at `index`. Sizes must have been settled.
  public func inputShape(_ index: Int) -> Shape {
    guard let shape = inputs[index]?.shape.concrete else { preconditionFailure("\(node.op): open input \(index)") }
    return shape
  }

  /// The shape of the output at `index`. Sizes must have been settled.
  public func outputShape(_ index: Int = 0) -> Shape {
    guard let shape = outputs[index].shape.concrete else { preconditionFailure("\(node.op): open output \(index)") }
    return shape
  }

  /// The type that this node computes in: that of its first floating-point operand.
  public var computeType: DType {
    for type in inputs { if let type, type.dtype.isFloat { return type.dtype } }
    for type in outputs where type.dtype.isFloat { return type.dtype }
    return .f32
  }
}

/// The operands of one run of a node.
public struct Buffers {
  public let inputs: UnsafePointer<UnsafeRawPointer?>
  public let outputs: UnsafePointer<UnsafeMutableRawPointer?>

  public init(inputs: UnsafePointer<UnsafeRawPointer?>, outputs: UnsafePointer<UnsafeMutableRawPointer?>) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The elements of an input that is connected.
  @inlinable
  public func input<T>(_ index: Int, as type: T.Type) -> UnsafePointer<T> {
    inputs[index]!.assumingMemoryBound(to: T.self)
  }

  /// The elements of an optional input, nil when it is not connected.
  @inlinable
  public func optionalInput<T>(_ index: Int, as type: T.Type) -> UnsafePointer<T>? {
    inputs[index]?.assumingMemoryBound(to: T.self)
  }

  /// The elements of an output, to be written in full.
  @inlinable
  public func output<T>(_ index: Int, as type: T.Type) -> UnsafeMutablePointer<T> {
    outputs[index]!.assumingMemoryBound(to: T.self)
  }
}

/// A reference loop with its geometry worked out; running it allocates nothing.
public typealias ReferenceKernel = @Sendable (Buffers) -> Void
