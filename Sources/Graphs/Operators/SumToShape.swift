import FoveaTensors

extension Op {
  /// Sums a tensor down to the shape of a reference operand: the adjoint of broadcasting.
  ///
  /// A gradient rule emits it whatever the sizes are; simplification removes it where nothing is summed.
  public enum SumToShape: Operator {
    public static let name = "SumToShape"
    public static let inputNames = ["X", "like"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      requireRepeats(&query, small: 1, full: 0)
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    /// Reports a shape that does not repeat to another.
    static func requireRepeats(_ query: inout ShapeQuery, small: Int, full: Int) {
      guard let own = query.shape(small).dims, let whole = query.shape(full).dims else { return }
      var fits = own.count <= whole.count
      for (part, all) in zip(own.reversed(), whole.reversed()) {
        if let part, let all, part != 1, part != all { fits = false }
      }
      if !fits {
        query.reject(
          "\(query.shape(small)) does not repeat to \(query.shape(full))", mend: "make each axis the same or 1")
      }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return [builder.needs(0) ? builder.add(BroadcastToShape.self, [g, builder.input(0)])[0] : nil, nil]
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = RepeatWalk(full: site.inputShape(0), small: site.outputShape())
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 0, count: walk.smallCount)
        walk.forEachRow { full, small, count, moves in
          if moves {
            for index in 0..<count { y[small &+ index] += x[full &+ index] }
          } else {
            var sum: T = 0
            for index in 0..<count { sum += x[full &+ index] }
            y[small] += sum
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sums \(site.inputShape(0)) over the axes that had been repeated, down to \(site.outputShape())."
    }
  }

  /// Repeats a tensor to the shape of a reference operand: the adjoint of `SumToShape`.
  public enum BroadcastToShape: WholeOperator {
    public static let name = "BroadcastToShape"
    public static let inputNames = ["X", "like"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      SumToShape.requireRepeats(&query, small: 0, full: 1)
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return [builder.needs(0) ? builder.add(SumToShape.self, [g, builder.input(0)])[0] : nil, nil]
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = RepeatWalk(full: site.outputShape(), small: site.inputShape(0))
      return { buffers in walk.spread(buffers.input(0, as: T.self), buffers.output(0, as: T.self)) }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let walk = RepeatWalk(full: site.outputShape(), small: site.inputShape(0))
      return { buffers in walk.spread(buffers.input(0, as: I.self), buffers.output(0, as: I.self)) }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Repeats \(site.inputShape(0)) to \(site.outputShape())."
    }
  }
}
