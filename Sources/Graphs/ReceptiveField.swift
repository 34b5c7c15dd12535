import FoveaTensors

/// What one position of a value sees of the network's input, along each spatial axis (Luo et al. 2016 call it
/// the theoretical receptive field). It may exceed the picture: then its rim lies in the padding.
public struct ReceptiveField: Sendable, Equatable {
  /// The field along one spatial axis.
  public struct Axis: Sendable, Equatable {
    /// Over the path with the smallest field; a residual network has many paths.
    public var min: Int
    /// Over the path with the largest field.
    public var max: Int
    /// Input positions between neighbours.
    public var jump: Int
  }

  public var axes: [Axis]
  /// The extents of the input that it looks at.
  let input: [Int]
  /// True when every path passes a layer that sees everything: later windows add nothing.
  public private(set) var isWhole = false
  /// True when some path does: the largest field is the whole input and stays so.
  private var reachesWhole = false

  init(input: [Int]) {
    self.input = input
    axes = input.map { _ in Axis(min: 1, max: 1, jump: 1) }
  }

  /// The field behind a rule: each window adds (span − 1)·jump and multiplies the jump by its stride.
  func applying(_ rule: FieldRule) -> ReceptiveField {
    var result = self
    switch rule {
    case .pointwise: break
    case .everything:
      result.isWhole = true
      result.reachesWhole = true
      result.axes = input.map { Axis(min: $0, max: $0, jump: $0) }
    case .window(let span, let stride, _):
      guard !isWhole, span.count == axes.count, stride.count == axes.count else { return self }
      for axis in axes.indices {
        let growth = Cost.product(span[axis] - 1, axes[axis].jump)
        result.axes[axis].min = Cost.sum(axes[axis].min, growth)
        if !reachesWhole { result.axes[axis].max = Cost.sum(axes[axis].max, growth) }
        result.axes[axis].jump = Cost.product(axes[axis].jump, stride[axis])
      }
    case .transposed(let span, let stride):
      guard !isWhole, span.count == axes.count, stride.count == axes.count else { return self }
      for axis in axes.indices {
        // Positions differ: some see one input more than others.
        let least = max(span[axis] / stride[axis], 1)
        let most = (span[axis] + stride[axis] - 1) / stride[axis]
        result.axes[axis].min = Cost.sum(axes[axis].min, Cost.product(least - 1, axes[axis].jump))
        if !reachesWhole {
          result.axes[axis].max = Cost.sum(axes[axis].max, Cost.product(most - 1, axes[axis].jump))
        }
        // Finer than the input itself is counted as the input's own steps.
        result.axes[axis].jump = max(axes[axis].jump / stride[axis], 1)
      }
    }
    return result
  }

  /// The field of a value that two paths reach.
  func joined(_ other: ReceptiveField) -> ReceptiveField {
    guard axes.count == other.axes.count else { return axes.count > other.axes.count ? self : other }
    // A gate that looks at everything (squeeze and excitation) beside a local path: the smallest field and
    // the jump are the local path's, the largest is the whole input.
    var result = isWhole ? other : self
    result.reachesWhole = reachesWhole || other.reachesWhole
    for axis in axes.indices {
      if isWhole == other.isWhole {
        result.axes[axis].min = Swift.min(axes[axis].min, other.axes[axis].min)
        result.axes[axis].jump = Swift.max(axes[axis].jump, other.axes[axis].jump)
      }
      result.axes[axis].max = result.reachesWhole ? input[axis] : Swift.max(axes[axis].max, other.axes[axis].max)
    }
    return result
  }
}

extension Graph {
  /// The receptive field of every value that depends on an input of settled size, over all paths.
  ///
  /// One pass over the nodes: O(nodes), however many paths there are.
  public func receptiveFields() -> [Value: ReceptiveField] {
    var fields: [Value: ReceptiveField] = [:]
    for value in inputs {
      guard let shape = values[value.id].type.shape.concrete else { continue }
      fields[value] = ReceptiveField(input: Array(shape.dims.dropFirst(2)))
    }
    for node in nodes where isSettled(node) {
      let rule = op(of: node).receptiveField(site(node))
      var operands = dataInputs(of: node)
      // A window slides over the first operand; the others are its weights, wherever those come from.
      switch rule {
      case .window, .transposed: operands = Array(operands.prefix(1))
      case .pointwise, .everything: break
      }
      let seen = operands.compactMap { fields[$0] }
      guard let first = seen.first else { continue }
      let field = seen.dropFirst().reduce(first) { $0.joined($1) }.applying(rule)
      for output in node.outputs { fields[output] = field }
    }
    return fields
  }
}
