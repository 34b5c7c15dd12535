import FoveaTensors

extension Op {
  /// The largest of several tensors, element by element, with NumPy's broadcasting; NaN where one of them is NaN.
  ///
  /// One or more tensors → Y of their common shape. The gradient goes in equal parts to equal ones.
  public enum Max: WholeOperator {
    public static let name = "Max"
    public static let inputNames = ["data"]
    public static let isVariadic = true
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Extremum.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { Extremum.gradient(&builder) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walks = Extremum.walks(site)
      return { buffers in
        Extremum.fold(walks, buffers) { (record: T, next: T) -> T in record < next || next.isNaN ? next : record }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let walks = Extremum.walks(site)
      return { buffers in Extremum.fold(walks, buffers) { (record: I, next: I) -> I in Swift.max(record, next) } }
    }

    public static func explain(_ site: NodeSite) -> String { Extremum.words(site, "largest") }
  }

  /// The gradient of `Max` and `Min` for one operand, before what was repeated is summed: it goes to the operands
  /// that are the result, in equal parts to equal ones.
  ///
  /// dY, Y, operands… → like dY. Attribute: `operand` (0), the one whose gradient it is.
  public enum ExtremumBackward: Operator {
    public static let name = "ExtremumBackward"
    public static let inputNames = ["dY", "Y", "data"]
    public static let isVariadic = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in query.inputs.indices { query.requireFloat(index) }
      query.requireShape(query.shape(0), ofInput: 1, mend: "give the gradient of this very output")
      for index in query.inputs.indices.dropFirst(2) { SumToShape.requireRepeats(&query, small: index, full: 0) }
      let operand = query.attributes.int("operand", default: 0)
      if operand < 0 || operand >= query.inputs.count - 2 {
        query.reject("operand \(operand) of \(max(query.inputs.count - 2, 0))", mend: "name one of them, from 0")
      }
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through a maximum are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let full = site.outputShape()
      let walks = site.inputs.indices.dropFirst(2).map { RepeatWalk(full: full, small: site.inputShape($0)) }
      let operand = site.attributes.int("operand", default: 0)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let y = buffers.input(1, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: full.count)
        // First how many operands are the result, then this one's part.
        for (index, walk) in walks.enumerated() {
          let x = buffers.input(2 + index, as: T.self)
          walk.forEach { at, small in if x[small] == y[at] { dx[at] += 1 } }
        }
        let x = buffers.input(2 + operand, as: T.self)
        walks[operand].forEach { at, small in dx[at] = x[small] == y[at] ? dy[at] / dx[at] : 0 }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sends each of the \(site.inputShape(0).count) gradients to operand \(site.attributes.int("operand", default: 0)) where "
        + "that was the result."
    }
  }
}
