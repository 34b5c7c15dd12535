import FoveaTensors

/// What `Max` and `Min` share.
enum Extremum {
  /// The shape rule: any number of tensors that broadcast.
  static func infer(_ query: inout ShapeQuery) -> [TensorType] {
    var shape = query.shape(0)
    for index in query.inputs.indices {
      query.requireNumbers(index)
      if index > 0 { Comparison.requireOneType(&query, 0, index) }
      if index > 0 { shape = Broadcast.shape(&query, shape, query.shape(index)) }
    }
    return [TensorType(query.dtype(0), shape)]
  }

  static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
    guard let g = builder.outputGradients[0] else { return [] }
    return builder.inputs.indices.map { index in
      guard builder.needs(index) else { return nil }
      let operands = [g, builder.outputs[0]] + builder.inputs
      let part = builder.add(Op.ExtremumBackward.self, operands, ["operand": .int(index)])[0]
      return builder.add(Op.SumToShape.self, [part, builder.input(index)])[0]
    }
  }

  static func walks(_ site: NodeSite) -> [RepeatWalk] {
    site.inputs.indices.map { RepeatWalk(full: site.outputShape(), small: site.inputShape($0)) }
  }

  /// The loop: what `better` says of the best so far and the next.
  @inline(__always)
  static func fold<T>(_ walks: [RepeatWalk], _ buffers: Buffers, _ better: (T, T) -> T) {
    let y = buffers.output(0, as: T.self)
    walks[0].spread(buffers.input(0, as: T.self), y)
    for (index, walk) in walks.enumerated().dropFirst() {
      let x = buffers.input(index, as: T.self)
      walk.forEach { at, small in y[at] = better(y[at], x[small]) }
    }
  }

  static func words(_ site: NodeSite, _ what: String) -> String {
    "Takes the \(what) of \(site.inputs.count) numbers at each of the \(site.outputShape().count) places of "
      + "\(site.outputShape())."
  }
}
