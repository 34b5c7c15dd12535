import FoveaExecution

/// A step of our own.
struct OwnStep: Kernel {
  /// Inputs, outputs and scratch memory to what runs on them.
  typealias Binding =
    @Sendable ([UnsafeRawPointer?], [UnsafeMutableRawPointer?], UnsafeMutableRawPointer?) -> () -> Void

  /// Ties the step to buffers.
  let binding: Binding

  init(_ binding: @escaping Binding) { self.binding = binding }

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    Bound(binding(inputs, outputs, scratch))
  }

  final class Bound: BoundKernel {
    private let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
    func run() throws(ExecutionError) { body() }
  }

  static func floats(_ pointer: UnsafeRawPointer?) -> UnsafePointer<Float> {
    pointer!.assumingMemoryBound(to: Float.self)
  }
  static func floats(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<Float> {
    pointer!.assumingMemoryBound(to: Float.self)
  }
}
