import FoveaGraphs
import FoveaTensors

/// A way of running operators: a list of implementations per operator, in order of preference.
public protocol Backend: Sendable {
  /// As reports show it, e.g. `oneDNN 2.6.3`.
  var name: String { get }
  /// The implementations of an operator, best first; empty when it has none.
  func implementations(of op: any Operator.Type) -> [any Implementation]
  /// A step that brings a value from one layout to another, nil when this backend does not know them.
  func reorder(_ type: TensorType, from: Layout, to: Layout) throws(ExecutionError) -> Proposal?
  /// Tells the backend how many threads the plans it builds shall use.
  func prepare(threads: Int)
  /// Called when a plan is made: what was learned on the way can be kept.
  func planned()
}

extension Backend {
  public func prepare(threads: Int) {}
  public func planned() {}
}

/// One implementation of an operator.
public protocol Implementation: Sendable {
  /// As reports show it.
  var name: String { get }
  /// Why this node cannot run here, nil when it can.
  func refusal(of site: NodeSite) -> String?
  /// The layouts this implementation would use and how to build it.
  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal
}

/// What an implementation may take into account.
public struct ProposalRequest: Sendable {
  /// The layout each input has; nil for a parameter whose layout may still be chosen, or for an input
  /// that is not connected.
  public let inputLayouts: [Layout?]
  /// True when a backward pass will follow.
  public let training: Bool
  public let threads: Int

  public init(inputLayouts: [Layout?], training: Bool, threads: Int) {
    self.inputLayouts = inputLayouts
    self.training = training
    self.threads = threads
  }
}

/// An implementation's answer: the layouts it wants and makes, its scratch memory, and how to build it.
/// Building (code generation, in oneDNN) is kept apart, so that choosing stays cheap.
public struct Proposal: Sendable {
  public var inputs: [Layout]
  public var outputs: [Layout]
  /// Pairs (output, input) that may share one buffer.
  public var inPlace: [(output: Int, input: Int)]
  public var scratchBytes: Int
  /// The kernel in the library's own words, e.g. `brgconv:avx512_core`.
  public var detail: String
  /// True where NaN among the operands, or what infinities make of each other, may end as a number: a run whose inputs
  /// have any goes another way.
  public var losesNaN = false
  /// For people: why it was chosen. No part of what a plan is.
  public var notes: [String] = []
  public var build: @Sendable () throws(ExecutionError) -> any Kernel

  public init(
    inputs: [Layout], outputs: [Layout], inPlace: [(output: Int, input: Int)] = [], scratchBytes: Int = 0,
    detail: String, build: @escaping @Sendable () throws(ExecutionError) -> any Kernel
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.inPlace = inPlace
    self.scratchBytes = scratchBytes
    self.detail = detail
    self.build = build
  }
}

/// A built step, shared by all contexts of a plan.
public protocol Kernel: Sendable {
  /// Ties the kernel to buffers. Done once per context; running afterwards allocates nothing.
  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel
}

/// A kernel tied to buffers.
public protocol BoundKernel: AnyObject {
  func run() throws(ExecutionError)
}
