import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// What a primitive shall do, collected in Swift and handed over in one call.
struct Request {
  var kind: fovea_kind
  var training = false
  /// What the primitive applies, or what is applied after it in the same kernel.
  var activations: [Activation] = []
  var binary = FOVEA_ADD
  var pool = FOVEA_POOL_MAX
  /// Of a convolution.
  var algorithm = FOVEA_DIRECT
  var geometry: ConvGeometry?
  var inputExtents: [Int] = []
  var outputExtents: [Int] = []
  var epsilon: Float = 0
  /// Of a local response norm.
  var response: (size: Int, alpha: Float, beta: Float, bias: Float)?
  /// Resizing: between the nearest places, not like the nearest one.
  var linear = false
  var src: MemoryDescriptor?
  var src1: MemoryDescriptor?
  var weights: MemoryDescriptor?
  var bias: MemoryDescriptor?
  var dst: MemoryDescriptor?
  /// Of a convolution's weight gradient: the forward pass's weights where their type is another than the gradient's.
  var forwardWeights: MemoryDescriptor?
  /// Added to the result in the same kernel, before the activation.
  var added: MemoryDescriptor?
  /// What is put side by side along `axis`.
  var parts: [MemoryDescriptor] = []
  var axis = 0
  /// What sums of whole numbers are multiplied by before anything is applied: one number, or one for each channel.
  var scales: [Float] = []

  init(_ kind: fovea_kind) { self.kind = kind }

  /// Asks the library; nil when it has no implementation.
  func describe() -> PrimitiveDescription? {
    guard let functions = OneDNN.functions else { return nil }
    var raw = fovea_request()
    raw.kind = Int32(kind.rawValue)
    raw.training = training
    // At most two: none that a pattern names has more.
    func both<T>(_ none: T, _ value: (Activation) -> T) -> (T, T) {
      (activations.first.map(value) ?? none, activations.dropFirst().first.map(value) ?? none)
    }
    raw.eltwise = both(0) { Int32($0.code.rawValue) }
    raw.alpha = both(0) { $0.alpha }
    raw.beta = both(0) { $0.beta }
    raw.binary = Int32(binary.rawValue)
    raw.pool = Int32(pool.rawValue)
    raw.algorithm = Int32(algorithm.rawValue)
    raw.epsilon = epsilon
    raw.linear = linear
    if let response {
      raw.lrn_size = Int64(response.size)
      (raw.lrn_alpha, raw.lrn_beta, raw.lrn_bias) = (response.alpha, response.beta, response.bias)
    }
    if let geometry {
      raw.axes = Int32(geometry.axes)
      func triple(_ value: (Int) -> Int) -> (Int64, Int64, Int64) {
        let list = (0..<3).map { $0 < geometry.axes ? Int64(value($0)) : 0 }
        return (list[0], list[1], list[2])
      }
      raw.kernel = triple { geometry.kernel[$0] }
      raw.strides = triple { geometry.strides[$0] }
      raw.dilations = triple { geometry.dilations[$0] }
      raw.pad_before = triple { geometry.padding($0, extent: inputExtents[$0]).before }
      // What the windows really reach, which is less than the padding where the last stride does not fit
      // and more where sizes are rounded up.
      raw.pad_after = triple { axis in
        (outputExtents[axis] - 1) * geometry.strides[axis] + geometry.span(axis) - inputExtents[axis]
          - geometry.padding(axis, extent: inputExtents[axis]).before
      }
    }
    raw.src = src?.pointer
    raw.src_1 = src1?.pointer
    raw.weights = weights?.pointer
    raw.bias = bias?.pointer
    raw.dst = dst?.pointer
    raw.added = added?.pointer
    raw.forward_weights = forwardWeights?.pointer
    raw.axis = Int32(axis)
    raw.part_count = Int32(parts.count)
    let pointers = parts.map { Optional($0.pointer) }
    raw.scale_count = Int32(scales.count)
    return withExtendedLifetime((src, src1, weights, bias, dst, forwardWeights, added, parts)) {
      pointers.withUnsafeBufferPointer { list in
        raw.parts = list.baseAddress
        return scales.withUnsafeBufferPointer { scales in
          raw.scales = scales.baseAddress
          return functions.describe(&raw).map { PrimitiveDescription($0, functions) }
        }
      }
    }
  }
}

/// A chosen, not yet built, primitive.
final class PrimitiveDescription: @unchecked Sendable {
  // @unchecked: the description is never changed after it is made.
  let pointer: OpaquePointer
  let functions: fovea_onednn

  init(_ pointer: OpaquePointer, _ functions: fovea_onednn) {
    self.pointer = pointer
    self.functions = functions
  }

  deinit { functions.pd_free(pointer) }

  /// The order an operand must have; nil when the primitive has no such operand.
  func descriptor(_ argument: fovea_arg) -> MemoryDescriptor? {
    functions.pd_md(pointer, Int32(argument.rawValue)).flatMap { MemoryDescriptor(copying: $0) }
  }

  /// The layout an operand must have, plain when it has none of its own.
  /// - Parameter type: the value's own.
  func layout(_ argument: fovea_arg, _ dims: [Int], of type: DType = .f32) -> Layout {
    descriptor(argument).map { Layout($0, dims: dims, of: type) } ?? .plain
  }

  var scratchBytes: Int { descriptor(FOVEA_SCRATCHPAD)?.byteCount ?? 0 }

  /// E.g. `brgconv:avx512_core`.
  var name: String { functions.pd_name(pointer).map { String(cString: $0) } ?? "" }
}

/// Which buffer of a node an operand of a primitive is.
enum Operand: Sendable {
  case input(Int)
  case output(Int)
}

/// A built primitive.
final class PrimitiveKernel: Kernel, @unchecked Sendable {
  // @unchecked: a primitive may be executed by several threads when each brings its own scratchpad.
  private let primitive: OpaquePointer
  private let description: PrimitiveDescription
  private let operands: [(argument: fovea_arg, operand: Operand)]

  init(
    _ description: PrimitiveDescription, _ operands: [(argument: fovea_arg, operand: Operand)]
  ) throws(ExecutionError) {
    guard let built = description.functions.build(description.pointer) else {
      throw OneDNN.failure("building \(description.name)")
    }
    primitive = built
    self.description = description
    self.operands = operands
  }

  deinit { description.functions.primitive_free(primitive) }

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    try call(inputs: inputs, outputs: outputs, scratch: scratch)
  }

  func call(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> BoundPrimitive {
    var arguments: [Int32] = []
    var buffers: [UnsafeMutableRawPointer?] = []
    for (argument, operand) in operands {
      arguments.append(Int32(argument.rawValue))
      switch operand {
      case .input(let index): buffers.append(UnsafeMutableRawPointer(mutating: inputs[index]))
      case .output(let index): buffers.append(outputs[index])
      }
    }
    if description.scratchBytes > 0 {
      arguments.append(Int32(FOVEA_SCRATCHPAD.rawValue))
      buffers.append(scratch)
    }
    guard let call = description.functions.bind(primitive, Int32(arguments.count), arguments, buffers) else {
      throw OneDNN.failure("binding \(description.name)")
    }
    return BoundPrimitive(call, keeping: self, description.functions)
  }
}

/// A primitive tied to buffers.
final class BoundPrimitive: BoundKernel {
  private let call: OpaquePointer
  private let kernel: PrimitiveKernel
  private let functions: fovea_onednn

  init(_ call: OpaquePointer, keeping kernel: PrimitiveKernel, _ functions: fovea_onednn) {
    self.call = call
    self.kernel = kernel
    self.functions = functions
  }

  deinit { functions.call_free(call) }

  func run() throws(ExecutionError) {
    let status = functions.run(call)
    if status != 0 { throw OneDNN.failure("a step", status: status) }
  }
}

extension Proposal {
  /// A proposal that one primitive answers.
  init(
    _ description: PrimitiveDescription, inputs: [Layout], outputs: [Layout],
    inPlace: [(output: Int, input: Int)] = [], _ operands: [(argument: fovea_arg, operand: Operand)]
  ) {
    self.init(
      inputs: inputs, outputs: outputs, inPlace: inPlace, scratchBytes: description.scratchBytes,
      detail: description.name
    ) { () throws(ExecutionError) in try PrimitiveKernel(description, operands) }
  }
}
