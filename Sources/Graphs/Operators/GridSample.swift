import FoveaTensors

extension Op {
  /// Reads pictures at places that a second tensor names: the sampler of spatial transformers (Jaderberg et al. 2015).
  ///
  /// X [N, C, H, W], grid [N, H′, W′, 2] (x, then y; −1 and 1 are the picture's ends) → Y [N, C, H′, W′]. Attributes:
  /// `mode` ("linear" or "nearest"; ONNX before set 20 says "bilinear"), `padding_mode` (what lies outside: "zeros",
  /// "border", the nearest number, or "reflection"), `align_corners` (0: the ends are the outer edges of the outer
  /// pixels; 1: their centres). As PyTorch's `grid_sample`; of two equally near numbers "nearest" takes the even place.
  /// A place that is no number counts as lying outside.
  public enum GridSample: Operator {
    public static let name = "GridSample"
    public static let inputNames = ["X", "grid"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat(0)
      query.requireFloat(1)
      return [TensorType(query.dtype(0), sampled(&query, x: 0, grid: 1))]
    }

    /// The shape of what is read, after a look at the words and the operands.
    static func sampled(_ query: inout ShapeQuery, x: Int, grid: Int) -> PartialShape {
      for (name, standard, words) in [
        ("mode", "linear", ["linear", "bilinear", "nearest"]),
        ("padding_mode", "zeros", ["zeros", "border", "reflection"]),
      ] {
        let found = query.attributes.string(name, default: standard)
        if !words.contains(found) {
          query.reject("\(name) \"\(found)\"", mend: "use one of \(words.joined(separator: ", "))")
        }
      }
      let fits = query.requireRank(4, ofInput: x, layout: "N×C×H×W", mend: "give pictures")
      let places = query.requireRank(4, ofInput: grid, layout: "N×H×W×2", mend: "give a place for each new pixel")
      let picture = fits ? query.shape(x) : .unknown(rank: 4)
      guard places else { return PartialShape([picture[0], picture[1], nil, nil]) }
      query.requireShape(
        PartialShape([picture[0], nil, nil, 2]), ofInput: grid, mend: "give x and y for each new pixel of each picture")
      for axis in 2...3 where picture[axis] == 0 {
        query.reject("X \(picture) has no pixels", mend: "give pictures of at least 1 pixel")
      }
      return PartialShape([picture[0] ?? query.shape(grid)[0], picture[1], query.shape(grid)[1], query.shape(grid)[2]])
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      let operands = [g, builder.input(1), builder.input(0)]
      return [
        builder.needs(0) ? builder.add(GridSampleBackwardData.self, operands, builder.attributes)[0] : nil,
        builder.needs(1) ? builder.add(GridSampleBackwardGrid.self, operands, builder.attributes)[0] : nil,
      ]
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let sampler = GridSampler(site, x: site.inputShape(0), grid: site.inputShape(1))
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 0, count: sampler.outputCount)
        sampler.forEachTap(buffers.input(1, as: T.self)) { (to: Int, from: Int, tap: GridSampler.Tap<T>, _) in
          y[to] += tap.share * x[from]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let y = site.outputShape()
      return "Reads each of the \(y[2])×\(y[3]) new pixels at a place of its own in \(site.inputShape(0))."
    }
  }

  /// The gradient of `GridSample` by its pictures: what was read is given back to where it was read.
  ///
  /// dY, grid, X (shape only) → dX like X. Attributes as `GridSample`'s.
  public enum GridSampleBackwardData: Operator {
    public static let name = "GridSampleBackwardData"
    public static let inputNames = ["dY", "grid", "X"]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = GridSample.sampled(&query, x: 2, grid: 1)
      query.requireShape(y, ofInput: 0, mend: "give the gradient of this very output")
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through sampling at places are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let sampler = GridSampler(site, x: site.outputShape(), grid: site.inputShape(1))
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        sampler.forEachTap(buffers.input(1, as: T.self)) { (to: Int, from: Int, tap: GridSampler.Tap<T>, _) in
          dx[from] += tap.share * dy[to]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Gives the \(site.inputShape(0).count) gradients back to the pixels of \(site.outputShape()) that were read."
    }
  }

  /// The gradient of `GridSample` by its places: how much each new pixel changes with its place. With "nearest" it is 0.
  ///
  /// dY, grid, X → dGrid like grid. Attributes as `GridSample`'s.
  public enum GridSampleBackwardGrid: Operator {
    public static let name = "GridSampleBackwardGrid"
    public static let inputNames = ["dY", "grid", "X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = GridSample.sampled(&query, x: 2, grid: 1)
      query.requireShape(y, ofInput: 0, mend: "give the gradient of this very output")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through sampling at places are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let sampler = GridSampler(site, x: site.inputShape(2), grid: site.inputShape(1))
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let x = buffers.input(2, as: T.self)
        let dGrid = buffers.output(0, as: T.self)
        dGrid.update(repeating: 0, count: total)
        sampler.forEachTap(buffers.input(1, as: T.self)) { (to: Int, from: Int, tap: GridSampler.Tap<T>, place: Int) in
          dGrid[2 * place] += tap.slopeX * x[from] * dy[to]
          dGrid[2 * place + 1] += tap.slopeY * x[from] * dy[to]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Says how \(site.inputShape(0).count) new pixels change with the \(site.outputShape().count / 2) places that they "
        + "are read at."
    }
  }
}
