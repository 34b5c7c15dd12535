import FoveaGraphs
import FoveaTensors

/// The values that live between runs: parameters, running statistics, an optimizer's moments.
///
/// They live outside any plan, by path; training, evaluation and accumulation plans bind the same store.
/// A host `Tensor` is a copy on request, always in logical order, whatever layout a plan has given the
/// value. Every change raises `version`, so that what a plan derives from parameters (folded norms,
/// reordered weights) is remade.
public final class Store: Sendable {
  struct Entry {
    var type: TensorType
    var layout: Layout
    var bytes: TensorStorage
    /// True once a plan relies on the layout; from then on it stays.
    var pinned: Bool
  }

  struct Contents {
    var entries: [String: Entry] = [:]
    var order: [String] = []
    var version = 0
    /// What plans rely on of values that were taken out: one of the same type that is set again has that layout.
    var relied: [String: (type: TensorType, layout: Layout)] = [:]
    /// Raised when a buffer moves, so that contexts bind again.
    var epoch = 0
  }

  let contents = Guarded(Contents())

  public init() {}

  /// The paths in the order in which they were added.
  public var paths: [String] { contents.read { $0.order } }

  /// Raised by every change of any value.
  public var version: Int { contents.read { $0.version } }

  /// True when the store has a value at `path`.
  public func contains(_ path: String) -> Bool { contents.read { $0.entries[path] != nil } }

  /// The type of the value at `path`.
  public func type(of path: String) -> TensorType? { contents.read { $0.entries[path]?.type } }

  /// A copy of the value at `path`, in logical order.
  /// - Throws: `ExecutionError.missingTensor`.
  public func tensor(_ path: String) throws(ExecutionError) -> Tensor {
    try contents.read { (state) throws(ExecutionError) in try Store.copy(of: path, in: state) }
  }

  /// Copies of several values, in logical order, as they were at one moment: all before a step of training in
  /// another thread or all after it.
  /// - Throws: `ExecutionError.missingTensor`.
  public func tensors(_ paths: [String]) throws(ExecutionError) -> [Tensor] {
    try contents.read { (state) throws(ExecutionError) in
      var result: [Tensor] = []
      for path in paths { result.append(try Store.copy(of: path, in: state)) }
      return result
    }
  }

  /// The bytes are copied under the lock: a training step in another thread must not be half seen.
  private static func copy(of path: String, in state: Contents) throws(ExecutionError) -> Tensor {
    guard let entry = state.entries[path], let shape = entry.type.shape.concrete else {
      throw .missingTensor(path: path)
    }
    let copy = TensorStorage(byteCount: shape.count * entry.type.dtype.size)
    switch entry.layout {
    case .plain: copy.base.copyMemory(from: entry.bytes.base, byteCount: copy.byteCount)
    case .foreign(let layout): try layout.decode(entry.bytes.base, intoPlain: copy.base)
    }
    return Tensor(storage: copy, shape: shape, dtype: entry.type.dtype)
  }

  /// Sets the value at `path`, adding it when it is new.
  /// - Throws: `ExecutionError.tensorMismatch` when the path exists with another shape or type.
  public func set(_ path: String, to tensor: Tensor) throws(ExecutionError) {
    let found = TensorType(tensor.dtype, tensor.shape)
    try contents.write { (state) throws(ExecutionError) in
      if let entry = state.entries[path] {
        guard entry.type == found else { throw .tensorMismatch(path: path, expected: entry.type, found: found) }
        try tensor.withUnsafeBytes { (bytes) throws(ExecutionError) in
          guard let base = bytes.baseAddress else { return }
          switch entry.layout {
          case .plain: entry.bytes.base.copyMemory(from: base, byteCount: bytes.count)
          case .foreign(let layout): try layout.encode(plain: base, into: entry.bytes.base)
          }
        }
      } else {
        let relied = state.relied[path].flatMap { $0.type == found ? $0.layout : nil }
        let layout = relied ?? .plain
        let bytes = TensorStorage(byteCount: layout.byteCount(found))
        try tensor.withUnsafeBytes { (plain) throws(ExecutionError) in
          guard let base = plain.baseAddress else { return }
          switch layout {
          case .plain: bytes.base.copyMemory(from: base, byteCount: plain.count)
          case .foreign(let layout): try layout.encode(plain: base, into: bytes.base)
          }
        }
        state.entries[path] = Entry(type: found, layout: layout, bytes: bytes, pinned: relied != nil)
        state.order.append(path)
      }
      state.version += 1
    }
  }

  /// Adds a value without copying it: the store shares the tensor's bytes, which must bear being written to, as memory
  /// of one's own and files mapped to be copied on writing do.
  /// - Throws: `ExecutionError.tensorMismatch` when the path exists with another shape or type.
  package func adopt(_ path: String, _ tensor: Tensor) throws(ExecutionError) {
    guard !contains(path) else { return try set(path, to: tensor) }
    contents.write { state in
      let type = TensorType(tensor.dtype, tensor.shape)
      state.entries[path] = Entry(type: type, layout: .plain, bytes: tensor.sharedStorage(), pinned: false)
      state.order.append(path)
      state.version += 1
    }
  }

  /// Takes a value out of the store.
  public func remove(_ path: String) {
    contents.write { state in
      guard let entry = state.entries.removeValue(forKey: path) else { return }
      if entry.pinned { state.relied[path] = (entry.type, entry.layout) }
      state.order.removeAll { $0 == path }
      state.version += 1
      state.epoch += 1
    }
  }

  /// A store of its own with the same values.
  public func copy() throws(ExecutionError) -> Store {
    let result = Store()
    let paths = paths
    for (path, tensor) in zip(paths, try tensors(paths)) { try result.set(path, to: tensor) }
    return result
  }

  // MARK: For plans

  /// The layout that plans must take the value in, or nil when a plan may still choose.
  package func pinnedLayout(_ path: String) -> Layout? {
    contents.read { state in
      guard let entry = state.entries[path], entry.pinned else { return nil }
      return entry.layout
    }
  }

  /// Gives a value the layout that a plan chose and keeps it there.
  /// - Returns: false when another plan keeps it in another layout.
  @discardableResult
  package func pin(_ path: String, _ type: TensorType, _ layout: Layout) throws(ExecutionError) -> Bool {
    try contents.write { (state) throws(ExecutionError) in
      guard var entry = state.entries[path] else { throw .missingTensor(path: path) }
      guard entry.type == type else { throw .tensorMismatch(path: path, expected: type, found: entry.type) }
      if entry.pinned { return entry.layout == layout }
      if layout != entry.layout, case .foreign(let target) = layout {
        let bytes = TensorStorage(byteCount: target.byteCount)
        try target.encode(plain: entry.bytes.base, into: bytes.base)
        entry.bytes = bytes
        entry.layout = layout
        state.epoch += 1
      }
      entry.pinned = true
      state.entries[path] = entry
      return true
    }
  }
}

extension Store {
  /// Gives every parameter and state of the graph that the store does not have yet its initial value.
  ///
  /// Random initializers draw from Philox with the parameter's path, so that neither the order of
  /// declaration nor other layers change a layer's start.
  public func initialize(
    _ graph: Graph, seed: UInt64, scheme: InitializationScheme = .standard
  ) throws(ExecutionError) {
    for (value, parameter) in graph.parameters + graph.states where !contains(parameter.path) {
      let (shape, dtype) = (graph.shape(value), graph[value].type.dtype)
      try set(parameter.path, to: Store.initial(parameter, shape, dtype, seed: seed, scheme: scheme))
    }
  }
}
