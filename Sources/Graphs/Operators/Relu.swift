import FoveaTensors

extension Op {
  /// Rectified linear unit: max(x, 0) (Nair and Hinton 2010). NaN stays NaN.
  ///
  /// X of any shape → Y like X.
  public enum Relu: Operator {
    public static let name = "Relu"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReluBackward.self, [g, builder.outputs[0]])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        // A comparison with NaN is false: written this way round NaN passes, so that it is seen downstream.
        for index in 0..<count { y[index] = x[index] < 0 ? 0 : x[index] }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Keeps what is positive of \(site.inputShape(0)) and sets the rest to 0."
    }
  }

  /// The gradient of `Relu`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = Y > 0 ? dY : 0, all of one shape.
  public enum ReluBackward: Operator {
    public static let name = "ReluBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireShape(query.shape(1), ofInput: 0, mend: "give the gradient of this very output")
      return [TensorType(query.dtype(0), query.shape(1).dims == nil ? query.shape(0) : query.shape(1))]
    }

    /// Linear in dY; in Y it is constant almost everywhere.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReluBackward.self, [g, builder.input(1)])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let y = buffers.input(1, as: T.self)
        let dx = buffers.output(0, as: T.self)
        for index in 0..<count { dx[index] = y[index] > 0 ? dy[index] : 0 }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Lets the gradient \(site.inputShape(0)) pass where the output was positive and stops it elsewhere."
    }
  }
}
