import FoveaGraphs
import FoveaTensors

/// A small tensor whose numbers are known before the network runs: shapes, and what is computed from them.
struct KnownTensor: Equatable {
  enum Numbers: Equatable {
    /// Whole numbers and truths.
    case ints([Int])
    case floats([Double])
  }

  var dtype: DType
  var shape: [Int]
  var numbers: Numbers
  /// For whole numbers that are the extent of an axis of a value: which.
  var origins: [ExtentOrigin?] = []

  /// The extent of a value along an axis, and how many more.
  struct ExtentOrigin: Equatable {
    let value: Value
    let axis: Int
    var plus = 0
  }

  /// What is folded may have at most as many elements; larger tensors are computed when the network runs.
  static let mostElements = 1 << 16

  init(_ dtype: DType, _ shape: [Int], _ numbers: Numbers, origins: [ExtentOrigin?] = []) {
    self.dtype = dtype
    self.shape = shape
    self.numbers = numbers
    self.origins = origins
  }

  init(ints: [Int]) { self.init(.i64, [ints.count], .ints(ints)) }

  init(_ tensor: Tensor) {
    let numbers: Numbers =
      tensor.dtype.isFloat
      ? .floats(tensor.array(of: Double.self)) : .ints(tensor.array(of: Int64.self).map { Int($0) })
    self.init(tensor.dtype.isFloat ? .f32 : tensor.dtype, tensor.shape.dims, numbers)
  }

  var count: Int {
    switch numbers {
    case .ints(let list): list.count
    case .floats(let list): list.count
    }
  }

  var doubles: [Double] {
    switch numbers {
    case .ints(let list): list.map { Double($0) }
    case .floats(let list): list
    }
  }

  /// Whole numbers; nil for others.
  var ints: [Int]? {
    switch numbers {
    case .ints(let list): list
    case .floats: nil
    }
  }

  func origin(_ index: Int) -> ExtentOrigin? { origins.indices.contains(index) ? origins[index] : nil }

  /// As a tensor of `dtype`.
  var tensor: Tensor? {
    let shape = Shape(shape)
    switch numbers {
    case .ints(let list):
      let whole = try? Tensor(list.map { Int64($0) }, shape: shape)
      return dtype == .i64 ? whole : whole?.converted(to: dtype)
    case .floats(let list):
      return try? Tensor(list.map { Float($0) }, shape: shape)
    }
  }

  /// The elements at `places` under another shape.
  func picking(_ places: [Int], shape: [Int]) -> KnownTensor {
    let picked: Numbers =
      switch numbers {
      case .ints(let list): .ints(places.map { list[$0] })
      case .floats(let list): .floats(places.map { list[$0] })
      }
    return KnownTensor(dtype, shape, picked, origins: origins.isEmpty ? [] : places.map { origin($0) })
  }

  /// The same elements under another shape.
  func reshaped(_ shape: [Int]) -> KnownTensor { KnownTensor(dtype, shape, numbers, origins: origins) }

  static func == (a: KnownTensor, b: KnownTensor) -> Bool {
    a.dtype == b.dtype && a.shape == b.shape && a.numbers == b.numbers
  }
}

/// The same tensor at the declared sizes and at others: where they differ, an open size is in it.
struct Known {
  let here: KnownTensor
  let there: KnownTensor

  init(_ here: KnownTensor, _ there: KnownTensor) {
    self.here = here
    self.there = there
  }
  init(_ both: KnownTensor) { self.init(both, both) }

  /// True when it is the same at all sizes.
  var isFixed: Bool { here == there }
}
