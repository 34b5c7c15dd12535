import FoveaTensors

extension Op {
  /// Matrix product, matrix by matrix, as NumPy's `matmul`: the last two axes are matrices, those before broadcast.
  ///
  /// A […, M, K], B […, K, N] → Y […, M, N]. An operand of one axis is a row as A and a column as B, and its place is
  /// gone from the result.
  public enum MatMul: WholeOperator {
    public static let name = "MatMul"
    public static let inputNames = ["A", "B"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in 0...1 { query.requireNumbers(index) }
      Comparison.requireOneType(&query, 0, 1)
      for index in 0...1 where query.shape(index).rank == 0 {
        query.reject("\(query.name(index)) is a single number", mend: "multiply by it with Mul")
        return [TensorType(query.dtype(0), .unknown)]
      }
      guard let a = query.shape(0).dims, let b = query.shape(1).dims else {
        return [TensorType(query.dtype(0), .unknown)]
      }
      let rows = b.count == 1 ? b[0] : b[b.count - 2]
      if let given = a.last ?? nil, let taken = rows, given != taken {
        query.reject(
          "A \(query.shape(0)) has \(given) columns, B \(query.shape(1)) has \(taken) rows",
          mend: "give as many rows as columns, or transpose one of the two")
      }
      let lead = Broadcast.shape(&query, PartialShape(Array(a.dropLast(2))), PartialShape(Array(b.dropLast(2))))
      guard let dims = lead.dims else { return [TensorType(query.dtype(0), .unknown)] }
      let own = (a.count == 1 ? [] : [a[a.count - 2]]) + (b.count == 1 ? [] : [b[b.count - 1]])
      return [TensorType(query.dtype(0), PartialShape(dims + own))]
    }

    /// dA = dY·Bᵀ and dB = Aᵀ·dY, summed where an operand was repeated; rows and columns get their axis back first.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard var g = builder.outputGradients[0], let a = builder.input(0), let b = builder.input(1) else { return [] }
      let ranks = [a, b].map { builder.graph[$0].type.shape.rank ?? 2 }
      let (isRow, isColumn) = (ranks[0] == 1, ranks[1] == 1)
      let row = isRow ? builder.add(Unsqueeze.self, [a], ["axes": .ints([0])])[0] : a
      let column = isColumn ? builder.add(Unsqueeze.self, [b], ["axes": .ints([1])])[0] : b
      if isRow || isColumn {
        let axes = isRow && isColumn ? [-2, -1] : [isRow ? -2 : -1]
        g = builder.add(Unsqueeze.self, [g], ["axes": .ints(axes)])[0]
      }
      func turned(_ value: Value, rank: Int) -> Value {
        let lead = Array(0..<(rank - 2))
        return builder.add(Transpose.self, [value], ["perm": .ints(lead + [rank - 1, rank - 2])])[0]
      }
      var result: [Value?] = [nil, nil]
      if builder.needs(0) {
        let product = builder.add(MatMul.self, [g, turned(column, rank: max(ranks[1], 2))])[0]
        let sum = builder.add(SumToShape.self, [product, row])[0]
        result[0] = isRow ? builder.add(Squeeze.self, [sum], ["axes": .ints([0])])[0] : sum
      }
      if builder.needs(1) {
        let product = builder.add(MatMul.self, [turned(row, rank: max(ranks[0], 2)), g])[0]
        let sum = builder.add(SumToShape.self, [product, column])[0]
        result[1] = isColumn ? builder.add(Squeeze.self, [sum], ["axes": .ints([1])])[0] : sum
      }
      return result
    }

    public static func cost(_ site: NodeSite) -> Cost {
      Cost(multiplyAdds: Cost.product(site.outputShape().count, site.inputShape(0).dims.last ?? 1))
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      product(site, T.self) { $0 + $1 * $2 }
    }

    /// The loop; `step` adds a product to a sum.
    @inline(__always)
    private static func product<T: Numeric>(
      _ site: NodeSite, _ type: T.Type, _ step: @escaping @Sendable (T, T, T) -> T
    ) -> ReferenceKernel {
      let (a, b) = (site.inputShape(0), site.inputShape(1))
      let inner = a[a.rank - 1]
      let rows = a.rank == 1 ? 1 : a[a.rank - 2]
      let columns = b.rank == 1 ? 1 : b[b.rank - 1]
      let (leadA, leadB) = (Shape(Array(a.dims.dropLast(2))), Shape(Array(b.dims.dropLast(2))))
      let lead = Shape(Array(site.outputShape().dims.prefix(max(leadA.rank, leadB.rank))))
      let broadcast = Broadcast(leadA, leadB, in: lead)
      return { buffers in
        let a = buffers.input(0, as: T.self)
        let b = buffers.input(1, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 0, count: lead.count * rows * columns)
        broadcast.forEach { yAt, aAt, bAt in
          let right = b + bAt * inner * columns
          for row in 0..<rows {
            let left = a + (aAt * rows + row) * inner
            let target = y + (yAt * rows + row) * columns
            for k in 0..<inner {
              let factor = left[k]
              let line = right + k * columns
              for column in 0..<columns { target[column] = step(target[column], factor, line[column]) }
            }
          }
        }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      product(site, I.self) { $0 &+ $1 &* $2 }
    }

    public static func explain(_ site: NodeSite) -> String {
      let (a, count) = (site.inputShape(0), site.outputShape().count)
      let inner = a[a.rank - 1]
      return
        "Each of the \(count) results of \(a) times \(site.inputShape(1)) is a sum of \(inner) products: "
        + "\(count)·\(inner) = \(Cost.product(count, inner)) multiply-adds."
    }
  }
}
