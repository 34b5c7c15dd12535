import FoveaTensors

extension Op {
  /// The parts of pictures that boxes name, each brought to one size by means of linear samples (He et al. 2017, Mask
  /// R-CNN).
  ///
  /// X [N, C, H, W], boxes [R, 4] (left, top, right, bottom in the units of the first picture), pictures (i32 or i64)
  /// [R], the picture of each box → Y [R, C, output_height, output_width]. Attributes: `output_height` and
  /// `output_width` (1), `sampling_ratio` (0: as many samples along each side as there are pixels in a cell, rounded up),
  /// `spatial_scale` (1: pixels of X per unit of the boxes), `coordinate_transformation_mode` ("half_pixel", or
  /// "output_half_pixel" as before ONNX's set 16: half a pixel off, and boxes are at least 1 pixel large), `mode`
  /// ("avg"). A box of a picture that is not there gives zeros.
  public enum RoiAlign: Operator {
    public static let name = "RoiAlign"
    public static let inputNames = ["X", "boxes", "pictures"]
    public static let nonFloatInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in 0...1 { query.requireFloat(index) }
      return [TensorType(query.dtype(0), aligned(&query, x: 0))]
    }

    /// The shape of the parts, after a look at everything else.
    static func aligned(_ query: inout ShapeQuery, x index: Int) -> PartialShape {
      Positions.require(&query, 2)
      let sizes = ["output_height", "output_width"].map { query.attributes.int($0, default: 1) }
      if let bad = sizes.first(where: { !(1...ConvGeometry.largest).contains($0) }) {
        query.reject("an output of \(bad)", mend: "give output_height and output_width from 1 on")
        return .unknown(rank: 4)
      }
      let ratio = query.attributes.int("sampling_ratio", default: 0)
      if !(0...1024).contains(ratio) { query.reject("sampling_ratio \(ratio)", mend: "give 0 (by size) to 1024") }
      let scale = query.attributes.float("spatial_scale", default: 1)
      if !(scale > 0 && scale.isFinite) { query.reject("spatial_scale \(scale)", mend: "give a positive factor") }
      for (name, standard, words) in [
        ("mode", "avg", ["avg"]),
        ("coordinate_transformation_mode", "half_pixel", ["half_pixel", "output_half_pixel"]),
      ] {
        let found = query.attributes.string(name, default: standard)
        if !words.contains(found) {
          query.reject("\(name) \"\(found)\"", mend: "use \(words.joined(separator: " or "))")
        }
      }
      let fits = query.requireRank(4, ofInput: index, layout: "N×C×H×W", mend: "give pictures")
      var boxes: Int?
      if query.requireRank(2, ofInput: 1, layout: "R×4", mend: "give four numbers for each box") {
        query.requireShape(PartialShape([nil, 4]), ofInput: 1, mend: "give four numbers for each box")
        boxes = query.shape(1)[0]
      }
      query.requireShape(PartialShape([boxes]), ofInput: 2, mend: "give the number of the picture for each box")
      return PartialShape([boxes, fits ? query.shape(index)[1] : nil, sizes[0], sizes[1]])
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(
        RoiAlignBackward.self, [g, builder.input(1), builder.input(2), builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = RoiWalk(site, x: site.inputShape(0), y: site.outputShape())
      let total = site.outputShape().count
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 0, count: total)
        walk.forEachTap(buffers.input(1, as: T.self), buffers.input(2, as: UInt8.self)) { to, from, share in
          y[to] += share * x[from]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let y = site.outputShape()
      return "Brings the parts of \(site.inputShape(0)) in \(y[0]) boxes to \(y[2])×\(y[3]) pixels each."
    }
  }

  /// The gradient of `RoiAlign`: what was read is given back to where it was read. Boxes have none, as in PyTorch.
  ///
  /// dY, boxes, pictures, X (shape only) → dX like X. Attributes as `RoiAlign`'s.
  public enum RoiAlignBackward: Operator {
    public static let name = "RoiAlignBackward"
    public static let inputNames = ["dY", "boxes", "pictures", "X"]
    public static let nonFloatInputs: Set<Int> = [2]
    public static let shapeOnlyInputs: Set<Int> = [3]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = RoiAlign.aligned(&query, x: 3)
      query.requireShape(y, ofInput: 0, mend: "give the gradient of this very output")
      return [TensorType(query.dtype(0), query.shape(3))]
    }

    /// The alignment is linear in the pictures.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(RoiAlign.self, [g, builder.input(1), builder.input(2)], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = RoiWalk(site, x: site.outputShape(), y: site.inputShape(0))
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        walk.forEachTap(buffers.input(1, as: T.self), buffers.input(2, as: UInt8.self)) { to, from, share in
          dx[from] += share * dy[to]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Gives the \(site.inputShape(0).count) gradients back to the pixels of \(site.outputShape()) that were read."
    }
  }
}

/// The walk that `RoiAlign` and its gradient share.
private struct RoiWalk: Sendable {
  let x: Shape
  let y: Shape
  let ratio: Int
  let scale: Double
  let isHalf: Bool
  let pictures: Positions

  init(_ site: NodeSite, x: Shape, y: Shape) {
    (self.x, self.y) = (x, y)
    ratio = site.attributes.int("sampling_ratio", default: 0)
    scale = site.attributes.float("spatial_scale", default: 1)
    isHalf = site.attributes.string("coordinate_transformation_mode", default: "half_pixel") == "half_pixel"
    pictures = Positions(site.inputs[2]?.dtype, extent: x[0])
  }

  /// The cells of one side of a box: where it begins, how large they are, how many samples each has.
  @inline(__always)
  private func cells<T: ReferenceScalar>(_ low: T, _ high: T, _ count: Int) -> (start: T, size: T, samples: Int) {
    let offset = isHalf ? T(0.5) : 0
    let start = low * T(scale) - offset
    let reach = high * T(scale) - offset - start
    let size = (isHalf ? reach : Swift.max(reach, 1)) / T(count)
    // A box of absurd size must not take forever.
    let own = size.isFinite ? Int(Swift.min(Swift.max(size.rounded(.up), 0), 4096)) : 0
    return (start, size, ratio > 0 ? ratio : own)
  }

  /// The two pixels around a coordinate and the part of the second; nil outside.
  @inline(__always)
  private func around<T: ReferenceScalar>(_ at: T, _ extent: Int) -> (Int, Int, T)? {
    guard at >= -1, at <= T(extent) else { return nil }
    let inside = Swift.max(at, 0)
    let below = Int(inside)
    if below >= extent - 1 { return (extent - 1, extent - 1, 0) }
    return (below, below + 1, inside - T(below))
  }

  /// Calls `body` for each pixel that each result is made of: where both stand, and the pixel's share.
  @inline(__always)
  func forEachTap<T: ReferenceScalar>(
    _ boxes: UnsafePointer<T>, _ numbers: UnsafePointer<UInt8>, _ body: (_ to: Int, _ from: Int, _ share: T) -> Void
  ) {
    for box in 0..<y[0] {
      guard let picture = pictures(numbers, box) else { continue }
      let at = boxes + 4 * box
      let wide = cells(at[0], at[2], y[3])
      let high = cells(at[1], at[3], y[2])
      let part = 1 / T(Swift.max(wide.samples * high.samples, 1))
      for row in 0..<y[2] {
        for column in 0..<y[3] {
          for sampleY in 0..<high.samples {
            let placeY = high.start + (T(row) + (T(sampleY) + T(0.5)) / T(high.samples)) * high.size
            guard let (top, bottom, shareY) = around(placeY, x[2]) else { continue }
            for sampleX in 0..<wide.samples {
              let placeX = wide.start + (T(column) + (T(sampleX) + T(0.5)) / T(wide.samples)) * wide.size
              guard let (left, right, shareX) = around(placeX, x[3]) else { continue }
              for channel in 0..<x[1] {
                let plane = (picture * x[1] + channel) * x[2] * x[3]
                let to = ((box * x[1] + channel) * y[2] + row) * y[3] + column
                body(to, plane + top * x[3] + left, part * (1 - shareY) * (1 - shareX))
                body(to, plane + top * x[3] + right, part * (1 - shareY) * shareX)
                body(to, plane + bottom * x[3] + left, part * shareY * (1 - shareX))
                body(to, plane + bottom * x[3] + right, part * shareY * shareX)
              }
            }
          }
        }
      }
    }
  }
}
