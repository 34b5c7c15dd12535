import FoveaTensors

extension Op {
  /// The element of X where a condition is true, that of Y elsewhere, with NumPy's broadcasting.
  ///
  /// condition (bool), X, Y of one type → Z of the common shape of all three.
  public enum Where: Operator {
    public static let name = "Where"
    public static let inputNames = ["condition", "X", "Y"]
    public static let nonFloatInputs: Set<Int> = [0, 1, 2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Comparison.requireTruth(&query, 0)
      Comparison.requireOneType(&query, 1, 2)
      let both = Broadcast.shape(&query, query.shape(1), query.shape(2))
      return [TensorType(query.dtype(1), Broadcast.shape(&query, query.shape(0), both))]
    }

    /// Each branch gets the gradient where it was taken, and 0 elsewhere.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      let zero = builder.constant(0, like: g)
      return [
        nil,
        branch(&builder, 1, [builder.input(0), g, zero]),
        branch(&builder, 2, [builder.input(0), zero, g]),
      ]
    }

    private static func branch(_ builder: inout GradientBuilder, _ index: Int, _ operands: [Value?]) -> Value? {
      guard builder.needs(index) else { return nil }
      return builder.add(SumToShape.self, [builder.add(Where.self, operands)[0], builder.input(index)])[0]
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let y = site.outputShape()
      let chosen = Broadcast(site.inputShape(0), site.inputShape(1), in: y)
      let other = RepeatWalk(full: y, small: site.inputShape(2))
      switch site.outputs[0].dtype.size {
      case 1: return { choose(UInt8.self, chosen, other, $0) }
      case 2: return { choose(UInt16.self, chosen, other, $0) }
      case 4: return { choose(UInt32.self, chosen, other, $0) }
      default: return { choose(UInt64.self, chosen, other, $0) }
      }
    }

    /// Writes Y everywhere and X over it, as bytes: any element type may be chosen.
    @inline(__always)
    private static func choose<E: FixedWidthInteger>(
      _ type: E.Type, _ chosen: Broadcast, _ other: RepeatWalk, _ buffers: Buffers
    ) {
      let condition = buffers.input(0, as: UInt8.self)
      let x = buffers.input(1, as: E.self)
      let z = buffers.output(0, as: E.self)
      other.spread(buffers.input(2, as: E.self), z)
      chosen.forEach { at, conditionAt, xAt in if condition[conditionAt] != 0 { z[at] = x[xAt] } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes each of the \(site.outputShape().count) numbers from \(site.inputShape(1)) where the condition is true, from "
        + "\(site.inputShape(2)) elsewhere."
    }
  }
}
