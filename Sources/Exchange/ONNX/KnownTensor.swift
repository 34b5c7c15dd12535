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
  private(set) var numbers: Numbers
  /// True where one number stands for all of them, however many.
  let isUniform: Bool
  /// For whole numbers that are the extent of an axis of a value: which.
  var origins: [ExtentOrigin?] = []

  /// The extent of a value along an axis, and how many more.
  struct ExtentOrigin: Equatable {
    let value: Value
    let axis: Int
    var plus = 0
  }

  /// What is folded may have at most as many elements; larger tensors are computed when the network runs.
  static let mostElements = 1 << 18

  init(_ dtype: DType, _ shape: [Int], _ numbers: Numbers, origins: [ExtentOrigin?] = []) {
    self.dtype = dtype
    self.shape = shape
    self.numbers = numbers
    self.origins = origins
    isUniform = false
  }

  init(ints: [Int]) { self.init(.i64, [ints.count], .ints(ints)) }

  /// The one number of `number` as often as `shape` says; takes no memory for it.
  init(filling shape: [Int], with number: KnownTensor) {
    dtype = number.dtype
    self.shape = shape
    numbers = number.numbers
    isUniform = true
  }

  init(_ tensor: Tensor) {
    let numbers: Numbers =
      tensor.dtype.isFloat
      ? .floats(tensor.array(of: Double.self)) : .ints(tensor.array(of: Int64.self).map { Int($0) })
    let dtype: DType = tensor.dtype == .f64 || !tensor.dtype.isFloat ? tensor.dtype : .f32
    self.init(dtype, tensor.shape.dims, numbers)
  }

  /// Number of elements; the largest number there is where they cannot be counted.
  var count: Int {
    guard !isUniform else { return Shape(shape).checkedCount ?? .max }
    switch numbers {
    case .ints(let list): return list.count
    case .floats(let list): return list.count
    }
  }

  /// The same with all numbers written out; nil where those would be too many.
  var writtenOut: KnownTensor? {
    guard isUniform else { return self }
    let count = count
    guard count <= KnownTensor.mostElements else { return nil }
    switch numbers {
    case .ints(let list): return KnownTensor(dtype, shape, .ints([Int](repeating: list.first ?? 0, count: count)))
    case .floats(let list):
      return KnownTensor(dtype, shape, .floats([Double](repeating: list.first ?? 0, count: count)))
    }
  }

  /// The number that stands for all, of no axes.
  var single: KnownTensor { KnownTensor(dtype, [], numbers) }

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
      return dtype == .f64 ? try? Tensor(list, shape: shape) : try? Tensor(list.map { Float($0) }, shape: shape)
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

  static func == (a: KnownTensor, b: KnownTensor) -> Bool {
    a.dtype == b.dtype && a.shape == b.shape && a.numbers == b.numbers && a.isUniform == b.isUniform
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

  /// The same with all numbers written out; nil where those would be too many.
  var writtenOut: Known? {
    guard let here = here.writtenOut, let there = there.writtenOut else { return nil }
    return Known(here, there)
  }
}
