import FoveaTensors

extension Op {
  /// The means of as many windows as are wanted, whatever the input's size, by PyTorch's rule: along an axis of
  /// `n` places, window i of `m` goes from ⌊i·n/m⌋ to before ⌈(i + 1)·n/m⌉.
  ///
  /// X [N, C, spatial…] → Y [N, C, output_size…]. Attribute: `output_size`, a number per spatial axis. Where the
  /// input has that size already it is the identity, and simplification removes it.
  public enum AdaptiveAveragePool: Operator {
    public static let name = "AdaptiveAveragePool"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      return [TensorType(query.dtype(0), pooled(&query, x: 0))]
    }

    /// The shape of the means.
    static func pooled(_ query: inout ShapeQuery, x index: Int) -> PartialShape {
      let sizes = query.attributes.ints("output_size", default: [])
      let rank = sizes.count + 2
      guard (1...3).contains(sizes.count) else {
        query.reject("output_size \(Attribute.ints(sizes))", mend: "give a size for each of 1 to 3 spatial axes")
        return query.shape(index).rank.map { .unknown(rank: $0) } ?? .unknown
      }
      for size in sizes where !(1...ConvGeometry.largest).contains(size) {
        query.reject("an output size of \(size)", mend: "give sizes from 1 to \(ConvGeometry.largest)")
        return .unknown(rank: rank)
      }
      let fits = query.requireRank(
        rank, ofInput: index, layout: "N×C" + ["×L", "×H×W", "×D×H×W"][rank - 3],
        mend: "give output_size one number per spatial axis, or reshape the input")
      let x = fits ? query.shape(index) : .unknown(rank: rank)
      for axis in 2..<rank {
        if let extent = x[axis], !(1...ConvGeometry.largest).contains(extent) {
          query.reject("an extent of \(extent)", mend: "use extents from 1 to \(ConvGeometry.largest)")
        }
      }
      return PartialShape([x[0], x[1]] + sizes)
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(AdaptiveAveragePoolBackward.self, [g, builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let (x, y) = (site.inputShape(0), site.outputShape())
      let axes = 2..<x.rank
      return .window(
        span: axes.map { Parts.widest(from: x[$0], to: y[$0]) }, stride: axes.map { max(x[$0] / y[$0], 1) },
        padding: axes.map { _ in 0 })
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let parts = Parts(large: site.inputShape(0), small: site.outputShape())
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        parts.forEach { at, place, window in
          var sum: T = 0
          for d in window.0 {
            for h in window.1 {
              let row = x + place + (d &* parts.high &+ h) &* parts.wide
              for w in window.2 { sum += row[w] }
            }
          }
          y[at] = sum / T(window.0.count * window.1.count * window.2.count)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes the means of windows that share out \(site.inputShape(0)), so that \(site.outputShape()) come out whatever "
        + "the size."
    }

    /// The windows, always along three spatial axes.
    struct Parts: Sendable {
      let high: Int
      let wide: Int
      private let planes: Int
      private let deep: Int
      private let windows: ([Range<Int>], [Range<Int>], [Range<Int>])

      init(large: Shape, small: Shape) {
        let fill = [Int](repeating: 1, count: 5 - large.rank)
        let from = fill + large.dims.dropFirst(2)
        let to = fill + small.dims.dropFirst(2)
        func along(_ axis: Int) -> [Range<Int>] {
          (0..<to[axis]).map { Parts.window($0, from: from[axis], to: to[axis]) }
        }
        planes = large[0] * large[1]
        (deep, high, wide) = (from[0], from[1], from[2])
        windows = (along(0), along(1), along(2))
      }

      /// The places along one axis that the mean of number `index` is of.
      static func window(_ index: Int, from old: Int, to new: Int) -> Range<Int> {
        (index * old / new)..<(((index + 1) * old + new - 1) / new)
      }

      /// The places in the widest window. Window i begins (i·old mod new)/new into a place; these remainders are all
      /// multiples of the greatest common divisor, and the largest of them reaches furthest.
      static func widest(from old: Int, to new: Int) -> Int {
        var (divisor, rest) = (old, new)
        while rest > 0 { (divisor, rest) = (rest, divisor % rest) }
        return (old + 2 * new - divisor - 1) / new
      }

      /// Calls `body` with each mean's number, where its plane begins, and its window.
      @inline(__always)
      func forEach(_ body: (_ at: Int, _ plane: Int, _ window: (Range<Int>, Range<Int>, Range<Int>)) -> Void) {
        var at = 0
        for plane in 0..<planes {
          for d in windows.0 {
            for h in windows.1 {
              for w in windows.2 {
                body(at, plane * deep * high * wide, (d, h, w))
                at += 1
              }
            }
          }
        }
      }
    }
  }

  /// The gradient of `AdaptiveAveragePool`: each mean's gradient in equal parts to its window.
  ///
  /// dY, X (shape only) → dX like X. Attribute: `output_size`.
  public enum AdaptiveAveragePoolBackward: Operator {
    public static let name = "AdaptiveAveragePoolBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = AdaptiveAveragePool.pooled(&query, x: 1)
      query.requireShape(y, ofInput: 0, mend: "give what belongs to this very pooling's output")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(AdaptiveAveragePool.self, [g], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let parts = AdaptiveAveragePool.Parts(large: site.outputShape(), small: site.inputShape(0))
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        parts.forEach { at, place, window in
          let share = dy[at] / T(window.0.count * window.1.count * window.2.count)
          for d in window.0 {
            for h in window.1 {
              let row = dx + place + (d &* parts.high &+ h) &* parts.wide
              for w in window.2 { row[w] += share }
            }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Spreads each of the \(site.inputShape(0).count) gradients evenly over its window of \(site.outputShape())."
    }
  }
}
