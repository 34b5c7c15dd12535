import FoveaTensors
import FoveaVision

extension Op {
  /// The loss of YOLO v1 (Redmon et al. 2015, equation 3): squared errors of position, size, confidence and class.
  ///
  /// prediction [N, S·S·(B·5 + C)], target [N, S, S, 5 + C] → loss []. In each cell of the target stand 1 where an
  /// object's centre is and else 0, C class numbers, x and y within the cell, width and height as fractions of the
  /// picture: `YOLOGrid.targets(of:)` makes it. The target counts as a constant.
  ///
  /// Of a cell with an object, the box that overlaps it most is responsible (the first of equal ones; where none
  /// overlaps, the nearest by the squares of x, y, w, h, as in the paper's program): its position and root sides are
  /// drawn to the object's with weight `lambda_coord` (5), its confidence to the overlap (`rescore` 1, the default;
  /// the overlap counts as a constant) or to 1 (`rescore` 0), and the cell's class probabilities to the class. All
  /// other confidences are drawn to 0 with weight `lambda_noobj` (0.5). The roots are what the network predicts, so
  /// that a negative one is an error like any other.
  ///
  /// Further attributes: those of `YOLOGridDecode`, and `reduction` ("mean", over the pictures, or "sum"). The
  /// paper's program sums the pictures and takes half of each gradient.
  public enum YOLOGridLoss: Operator {
    public static let name = "YOLOGridLoss"
    public static let inputNames = ["prediction", "target"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      YOLOErrors.check(&query, prediction: 0, target: 1)
      return [TensorType(query.dtype(0), Shape.scalar)]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(YOLOGridLossBackward.self, [g, builder.input(0), builder.input(1)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let errors = YOLOErrors(site, prediction: 0)
      return { buffers in
        var loss: T = 0
        for picture in 0..<errors.pictures {
          var part: T = 0
          errors.visit(buffers.input(0, as: T.self), buffers.input(1, as: T.self), picture) { _, weight, error in
            part += weight * error * error
          }
          loss += part
        }
        buffers.output(0, as: T.self)[0] = loss * T(errors.factor)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let errors = YOLOErrors(site, prediction: 0)
      let grid = errors.grid
      return
        "The \(site.attributes.string("reduction", default: "mean")) over \(errors.pictures) pictures of squared errors "
        + "on \(grid.cells)×\(grid.cells) cells: boxes count \(errors.coord) times, confidences without an object "
        + "\(errors.noobj) times."
    }
  }

  /// The gradient of `YOLOGridLoss`: twice each weighted error.
  ///
  /// dLoss [], prediction [N, S·S·(B·5 + C)], target [N, S, S, 5 + C] → dPrediction. Attributes: those of the loss.
  public enum YOLOGridLossBackward: Operator {
    public static let name = "YOLOGridLossBackward"
    public static let inputNames = ["dLoss", "prediction", "target"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireShape(PartialShape(.scalar), ofInput: 0, mend: "give the gradient of the loss, a single number")
      YOLOErrors.check(&query, prediction: 1, target: 2)
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of the YOLO loss are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let errors = YOLOErrors(site, prediction: 1)
      let count = site.outputShape().count
      return { buffers in
        let scale = buffers.input(0, as: T.self)[0] * T(2 * errors.factor)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: count)
        for picture in 0..<errors.pictures {
          errors.visit(buffers.input(1, as: T.self), buffers.input(2, as: T.self), picture) { place, weight, error in
            dx[place] = weight * error * scale
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Each of the \(site.outputShape().count) numbers gets twice its weighted error; boxes that answer for no object "
        + "get none."
    }
  }
}

/// The errors whose weighted squares are YOLO's loss: what loss and gradient share.
struct YOLOErrors: Sendable {
  let grid: YOLOGrid
  let pictures: Int
  let numbers: Int
  let coord: Double
  let noobj: Double
  let rescores: Bool
  /// 1 / number of pictures for the mean, 1 for the sum.
  let factor: Double

  init(_ site: NodeSite, prediction: Int) {
    grid = YOLOGrid(site.attributes)
    (pictures, numbers) = (site.inputShape(prediction)[0], site.inputShape(prediction)[1])
    coord = site.attributes.float("lambda_coord", default: 5)
    noobj = site.attributes.float("lambda_noobj", default: 0.5)
    rescores = site.attributes.flag("rescore", default: true)
    factor = ElementLoss.factor(site, count: pictures)
  }

  static func check(_ query: inout ShapeQuery, prediction: Int, target: Int) {
    query.requireFloat(target)
    let grid = YOLOGrid.require(&query, numbers: prediction)
    for name in ["lambda_coord", "lambda_noobj"] {
      let weight = query.attributes.float(name, default: 1)
      if !(weight >= 0 && weight.isFinite) {
        query.reject("a \(name) of \(weight)", mend: "give a number of at least 0")
      }
    }
    let reduction = query.attributes.string("reduction", default: "mean")
    if !["mean", "sum"].contains(reduction) {
      query.reject("reduction \"\(reduction)\"", mend: "use \"mean\" or \"sum\"")
    }
    if let grid {
      query.requireShape(
        PartialShape([query.shape(prediction)[0], grid.cells, grid.cells, 5 + grid.classes]), ofInput: target,
        mend: "give for each cell whether it has an object, \(grid.classes) class numbers, and x, y, width, height")
    }
  }

  /// Calls `add` with the place in the prediction, the weight, and the prediction less what is wanted there, for
  /// every number of a picture that has an error; each place at most once.
  @inline(__always)
  func visit<T: ReferenceScalar>(
    _ predictions: UnsafePointer<T>, _ targets: UnsafePointer<T>, _ picture: Int, _ add: (Int, T, T) -> Void
  ) {
    let start = picture * numbers
    let (coord, noobj) = (T(coord), T(noobj))
    for cell in 0..<grid.cells * grid.cells {
      let target = targets + (picture * grid.cells * grid.cells + cell) * (5 + grid.classes)
      // NaN is something too: it must be seen.
      let chosen = target[0] != 0 ? responsible(predictions + start, target + 1 + grid.classes, cell) : nil
      for box in 0..<grid.boxes where box != chosen?.box {
        let place = start + grid.confidence(cell, box)
        add(place, noobj, predictions[place])
      }
      guard let chosen else { continue }
      let sure = start + grid.confidence(cell, chosen.box)
      add(sure, 1, predictions[sure] - (rescores ? chosen.overlap : 1))
      let at = start + grid.coordinates(cell, chosen.box)
      for axis in 0..<4 {
        let wanted = target[1 + grid.classes + axis]
        add(at + axis, coord, predictions[at + axis] - (axis > 1 && grid.givesRoots ? wanted.squareRoot() : wanted))
      }
      for index in 0..<grid.classes {
        let place = start + grid.probability(cell, index)
        add(place, 1, predictions[place] - target[1 + index])
      }
    }
  }

  /// The box of a cell that answers for its object, whose x, y, w, h are given, and their overlap.
  @inline(__always)
  private func responsible<T: ReferenceScalar>(
    _ predictions: UnsafePointer<T>, _ object: UnsafePointer<T>, _ cell: Int
  ) -> (box: Int, overlap: T) {
    // Both within the cell, but in units of the picture: the cell's own place moves both alike.
    let scale = T(grid.cells)
    let truth = Corners(
      centerX: object[0] / scale, centerY: object[1] / scale, width: object[2], height: object[3])
    var (best, overlap, distance) = (0, T(0), T.infinity)
    for box in 0..<grid.boxes {
      let at = predictions + grid.coordinates(cell, box)
      let width = grid.givesRoots ? at[2] * at[2] : at[2]
      let height = grid.givesRoots ? at[3] * at[3] : at[3]
      let shared = truth.overlap(
        Corners(centerX: at[0] / scale, centerY: at[1] / scale, width: width, height: height))
      if shared > overlap { (best, overlap) = (box, shared) }
      guard overlap == 0 else { continue }
      let (x, y) = ((at[0] - object[0]) / scale, (at[1] - object[1]) / scale)
      let (w, h) = (width - object[2], height - object[3])
      let squares = x * x + y * y + w * w + h * h
      if squares < distance { (best, distance) = (box, squares) }
    }
    return (best, overlap)
  }
}
