import Fovea
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An operator of one's own: swish, Y = X · σ(X) (Ramachandran et al. 2017).
///
/// It has all that the built-in ones have: a shape rule, a gradient that is a graph, a reference loop in
/// `Float` and `Double`, and a sentence about a node. It runs on every backend through its reference loop.
///
/// Fovea has a Swish too; this one is used all the same, and `Swish (own)` is what summaries and files call it.
enum Swish: Operator {
  /// How often the loop below has run.
  static let runs = Atomic(0)

  static let name = "Swish"
  static let inputNames = ["X"]
  static let isElementwise = true

  static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(0))] }

  static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
    guard let gradient = builder.outputGradients[0] else { return [] }
    return [builder.add(SwishBackward.self, [gradient, builder.input(0)])[0]]
  }

  static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
    let count = site.outputShape().count
    return { buffers in
      runs.add(1, ordering: .relaxed)
      let x = buffers.input(0, as: T.self)
      let y = buffers.output(0, as: T.self)
      for index in 0..<count { y[index] = x[index] / (1 + T.exponential(-x[index])) }
    }
  }

  static func explain(_ site: NodeSite) -> String {
    "Multiplies each of \(site.outputShape().count) numbers by its sigmoid."
  }
}

/// dX = dY · (σ + X σ (1 − σ)).
enum SwishBackward: Operator {
  static let name = "SwishBackward"
  static let inputNames = ["dY", "X"]
  static let isElementwise = true
  static let differentiability = Differentiability.no(because: "second derivatives are not provided")

  static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(1))] }

  static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

  static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
    let count = site.outputShape().count
    return { buffers in
      let dy = buffers.input(0, as: T.self)
      let x = buffers.input(1, as: T.self)
      let dx = buffers.output(0, as: T.self)
      for index in 0..<count {
        let sigmoid = 1 / (1 + T.exponential(-x[index]))
        dx[index] = dy[index] * (sigmoid + x[index] * sigmoid * (1 - sigmoid))
      }
    }
  }

  static func explain(_ site: NodeSite) -> String { "Sends the gradient back through swish." }
}

/// A layer that stands for one operator.
struct SwishActivation: Layer {
  func declare(_ x: Symbol) -> Symbol { x.applying(Swish.self) }
}

/// A layer made of layers: a convolution per channel, then one across channels (Howard et al. 2017).
struct Separable: Layer {
  let inputs: Int
  let channels: Int

  var body: some Layer {
    Conv2D(inputs, kernel: 3, padding: .same, groups: inputs, bias: false).named("depth")
    Conv2D(channels, kernel: 1, bias: false).named("point")
    BatchNorm().named("norm")
    SwishActivation()
  }
}
