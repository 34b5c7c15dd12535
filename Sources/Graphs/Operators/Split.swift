import FoveaTensors

extension Op {
  /// Cuts a tensor into pieces along one axis: the inverse of `Concat`.
  ///
  /// X → one piece for each number of `split`, or `num_outputs` pieces as equal as can be (the last may be
  /// smaller). Attributes: `axis` (0), `split`, `num_outputs`.
  public enum Split: Operator {
    public static let name = "Split"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let x = query.shape(0)
      let sizes = query.attributes.ints("split", default: [])
      let equal = query.attributes.int("num_outputs", default: 0)
      let count = sizes.isEmpty ? equal : sizes.count
      guard (1...Concat.largestCount).contains(count) else {
        query.reject(
          "a split into \(count) pieces", mend: "give split or num_outputs, 1 to \(Concat.largestCount) pieces")
        return [TensorType(query.dtype(0), .unknown)]
      }
      guard let rank = x.rank, let axis = query.axis(default: 0, rank: rank) else {
        return [TensorType](repeating: TensorType(query.dtype(0), .unknown), count: count)
      }
      var extents: [Int?] = sizes
      if sizes.isEmpty {
        extents = x[axis].map { extent in pieces(extent, count).map { $0 } } ?? [Int?](repeating: nil, count: count)
      }
      if extents.contains(where: { $0.map { $0 < 1 } ?? false }) {
        query.reject(
          "\(x) along axis \(axis) in pieces of \(Attribute.ints(extents.compactMap { $0 }))",
          mend: "make every piece at least 1 long")
        extents = extents.map { _ in nil }
      } else if !sizes.isEmpty, let extent = x[axis], sizes.reduce(0, Cost.sum) != extent {
        query.reject(
          "the pieces \(Attribute.ints(sizes)) add up to \(sizes.reduce(0, Cost.sum)), axis \(axis) of \(x) has \(extent)",
          mend: "make the pieces add up to \(extent)")
      }
      return extents.map { TensorType(query.dtype(0), x.replacing(axis: axis, with: $0)) }
    }

    /// `extent` in `count` pieces of one size, rounded up; the last takes what is left.
    private static func pieces(_ extent: Int, _ count: Int) -> [Int] {
      let size = (extent + count - 1) / count
      return (0..<count).map { $0 == count - 1 ? extent - size * (count - 1) : size }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard builder.needs(0) else { return [] }
      let pieces = builder.outputs.indices.map { index in
        builder.outputGradients[index] ?? builder.zeros(like: builder.outputs[index])
      }
      return builder.add(Concat.self, pieces, ["axis": .int(builder.attributes.int("axis", default: 0))])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let shapes = site.outputs.indices.map { site.outputShape($0) }
      let axis = site.attributes.int("axis", default: 0)
      let (outer, bytes) = Concat.runs(
        shapes, axis: axis < 0 ? axis + shapes[0].rank : axis, width: site.outputs[0].dtype.size)
      return { buffers in
        var source = buffers.input(0, as: UInt8.self)
        for position in 0..<outer {
          for index in 0..<bytes.count {
            (buffers.output(index, as: UInt8.self) + position * bytes[index]).update(from: source, count: bytes[index])
            source += bytes[index]
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let axis = site.attributes.int("axis", default: 0)
      let extents = site.outputs.indices.map { index in
        let dims = site.outputShape(index).dims
        return "\(dims[axis < 0 ? axis + dims.count : axis])"
      }
      return "Cuts \(site.inputShape(0)) along axis \(axis) into pieces of \(extents.joined(separator: ", "))."
    }
  }
}
