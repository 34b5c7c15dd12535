import FoveaGraphs
import FoveaTensors

/// Runs every operator with its reference loop. It comes last in every list of backends, so that every
/// graph runs everywhere; it is slow on convolutions.
public struct ReferenceBackend: Backend {
  public init() {}

  public var name: String { "reference" }

  public func implementations(of op: any Operator.Type) -> [any Implementation] {
    if op.isView { return [ViewReference()] }
    return op.isElementwise ? [ElementwiseReference(op: op), PlainReference(op: op)] : [PlainReference(op: op)]
  }

  public func reorder(_ type: TensorType, from: Layout, to: Layout) throws(ExecutionError) -> Proposal? {
    switch (from, to) {
    case (.plain, .foreign(let layout)):
      Proposal(inputs: [from], outputs: [to], detail: "encode") { () throws(ExecutionError) in
        ConversionKernel { (source, target) throws(ExecutionError) in
          try layout.encode(plain: source, into: target)
        }
      }
    case (.foreign(let layout), .plain):
      Proposal(inputs: [from], outputs: [to], detail: "decode") { () throws(ExecutionError) in
        ConversionKernel { (source, target) throws(ExecutionError) in
          try layout.decode(source, intoPlain: target)
        }
      }
    case (.plain, .plain):
      CopyKernel.proposal(bytes: from.byteCount(type), layout: from)
    case (.foreign(let a), .foreign(let b)):
      a.isSame(as: b) ? CopyKernel.proposal(bytes: a.byteCount, layout: from) : nil
    }
  }
}

/// The plain loop on plain operands.
struct PlainReference: Implementation {
  let op: any Operator.Type
  var name: String { "reference" }

  func refusal(of site: NodeSite) -> String? {
    let types = site.inputs.compactMap { $0?.dtype } + site.outputs.map(\.dtype)
    return types.first { $0 == .f16 || $0 == .bf16 }.map { "no loop in \($0.rawValue); use f32" }
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let op = op
    return Proposal(
      inputs: site.inputs.map { _ in .plain }, outputs: site.outputs.map { _ in .plain }, inPlace: op.inPlace,
      detail: "loop"
    ) { () throws(ExecutionError) in ReferenceStep(kernel: Interpreter.kernel(op, site)) }
  }
}

/// The same bytes under another shape: nothing to do where the plan lets both share a buffer.
struct ViewReference: Implementation {
  var name: String { "view" }

  func refusal(of site: NodeSite) -> String? { nil }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let bytes = site.outputShape().count * site.outputs[0].dtype.size
    return Proposal(
      inputs: site.inputs.map { _ in .plain }, outputs: [.plain], inPlace: [(0, 0)], detail: "shared"
    ) { () throws(ExecutionError) in CopyKernel(bytes: bytes) }
  }
}

/// An elementwise loop on whatever layout of whole elements its operands share, padding included.
struct ElementwiseReference: Implementation {
  /// Operators that make something else of a zero when the other operand is a single number.
  private static let shifting = [Op.Add.name, Op.Sub.name, Op.Max.name, Op.Min.name]

  let op: any Operator.Type
  var name: String { "reference" }

  func refusal(of site: NodeSite) -> String? {
    let shapes = site.inputs.compactMap { $0?.shape.concrete }.filter { $0.count != 1 }
    guard let first = shapes.first else { return "all operands are single numbers" }
    if let reason = PlainReference(op: op).refusal(of: site) { return reason }
    if ElementwiseReference.shifting.contains(op.name), shapes.count < site.inputs.count {
      return "a number would reach the padding too"
    }
    return shapes.allSatisfy { $0 == first } && site.outputs.allSatisfy { $0.shape.concrete == first }
      ? nil : "operands of different shapes"
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let full = site.inputs.indices.filter { (site.inputs[$0]?.shape.concrete?.count ?? 1) != 1 }
    // The loop reads the value's own elements.
    let layout = full.compactMap { request.inputLayouts[$0] }.first { !$0.isNarrow } ?? .plain
    let elements = layout.byteCount(site.inputs[full[0]]!) / site.inputs[full[0]]!.dtype.size
    // The loop sees one flat axis, as long as the buffer.
    func flat(_ type: TensorType?) -> TensorType? {
      type.map { ($0.shape.concrete?.count ?? 1) == 1 ? $0 : TensorType($0.dtype, [elements] as Shape) }
    }
    let flattened = NodeSite(node: site.node, inputs: site.inputs.map(flat), outputs: site.outputs.map { flat($0)! })
    let op = op
    return Proposal(
      inputs: site.inputs.indices.map { full.contains($0) ? layout : .plain },
      outputs: site.outputs.map { _ in layout }, inPlace: op.inPlace, detail: "loop"
    ) { () throws(ExecutionError) in ReferenceStep(kernel: Interpreter.kernel(op, flattened)) }
  }
}

struct ReferenceStep: Kernel {
  let kernel: ReferenceKernel

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    BoundReference(kernel: kernel, inputs: inputs, outputs: outputs)
  }
}

final class BoundReference: BoundKernel {
  private let kernel: ReferenceKernel
  private let inputs: UnsafeMutablePointer<UnsafeRawPointer?>
  private let outputs: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  init(kernel: @escaping ReferenceKernel, inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?]) {
    self.kernel = kernel
    self.inputs = .allocate(capacity: max(inputs.count, 1))
    self.outputs = .allocate(capacity: max(outputs.count, 1))
    for (index, pointer) in inputs.enumerated() { (self.inputs + index).initialize(to: pointer) }
    for (index, pointer) in outputs.enumerated() { (self.outputs + index).initialize(to: pointer) }
  }

  deinit {
    inputs.deallocate()
    outputs.deallocate()
  }

  func run() throws(ExecutionError) { kernel(Buffers(inputs: inputs, outputs: outputs)) }
}

/// Copies bytes.
struct CopyKernel: Kernel {
  let bytes: Int

  static func proposal(bytes: Int, layout: Layout) -> Proposal {
    Proposal(inputs: [layout], outputs: [layout], detail: "copy") { () throws(ExecutionError) in
      CopyKernel(bytes: bytes)
    }
  }

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    let bytes = bytes
    return BoundConversion(from: inputs[0]!, to: outputs[0]!) { (source, target) throws(ExecutionError) in
      if UnsafeRawPointer(target) != source { target.copyMemory(from: source, byteCount: bytes) }
    }
  }
}

typealias Conversion = @Sendable (UnsafeRawPointer, UnsafeMutableRawPointer) throws(ExecutionError) -> Void

/// Brings a value from one layout to another.
struct ConversionKernel: Kernel {
  let convert: Conversion

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    BoundConversion(from: inputs[0]!, to: outputs[0]!, convert)
  }
}

final class BoundConversion: BoundKernel {
  private let source: UnsafeRawPointer
  private let target: UnsafeMutableRawPointer
  private let convert: Conversion

  init(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _ convert: @escaping Conversion) {
    self.source = source
    self.target = target
    self.convert = convert
  }

  func run() throws(ExecutionError) { try convert(source, target) }
}
