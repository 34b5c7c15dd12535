import FoveaTensors
import FoveaVision

extension Op {
  /// Greedy non-maximum suppression, class by class: the best box first, and then whatever does not overlap a
  /// chosen one by more than `iou_threshold`.
  ///
  /// boxes [N, B, 4], scores [N, C, B] → selected (i64) [N, C·K, 3], count (i64) [N] and, auxiliary, an order (i64)
  /// [B]; K is the smaller of `max_output_boxes_per_class` and B. For each picture the first `count` rows of
  /// `selected` are (picture, class, box): classes in order, in each the best box first, of equal scores the first
  /// one. The rows behind are −1: how many boxes remain depends on the data, so their room is fixed. ONNX's operator
  /// gives the same rows without those of −1.
  ///
  /// Attributes, three of which are inputs in ONNX: `max_output_boxes_per_class` (at least 1), `iou_threshold` (0),
  /// `score_threshold` (none: only scores above it are looked at), `center_point_box` (0: two opposite corners, x
  /// and y in either order; 1: centre and sides). Scores that are NaN are never chosen; boxes without area, and
  /// those with NaN, overlap nothing.
  public enum NonMaxSuppression: Operator {
    public static let name = "NonMaxSuppression"
    public static let inputNames = ["boxes", "scores"]
    public static let auxiliaryOutputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat(0)
      query.requireFloat(1)
      let limit = query.attributes.int("max_output_boxes_per_class", default: 0)
      if limit < 1 {
        query.reject(
          "at most \(limit) boxes of each class", mend: "give max_output_boxes_per_class as at least 1")
      }
      let overlap = query.attributes.float("iou_threshold", default: 0)
      if !(0...1).contains(overlap) {
        query.reject("an iou_threshold of \(overlap)", mend: "give a number from 0 to 1")
      }
      if query.attributes.float("score_threshold", default: 0).isNaN {
        query.reject("a score_threshold that is no number", mend: "give a number, or leave it out")
      }
      let center = query.attributes.int("center_point_box", default: 0)
      if !(0...1).contains(center) {
        query.reject("center_point_box \(center)", mend: "use 0 (corners) or 1 (centre and sides)")
      }
      var (pictures, classes, boxes) = (nil as Int?, nil as Int?, nil as Int?)
      if query.requireRank(3, ofInput: 0, layout: "N×B×4", mend: "give four numbers for each box of each picture") {
        query.requireShape(
          query.shape(0).replacing(axis: 2, with: 4), ofInput: 0, mend: "give four numbers for each box")
        (pictures, boxes) = (query.shape(0)[0], query.shape(0)[1])
      }
      if query.requireRank(3, ofInput: 1, layout: "N×C×B", mend: "give a score for each class and box") {
        query.requireShape(
          PartialShape([pictures, nil, boxes]), ofInput: 1, mend: "give one score for each box of \(query.shape(0))")
        classes = query.shape(1)[1]
        (pictures, boxes) = (pictures ?? query.shape(1)[0], boxes ?? query.shape(1)[2])
      }
      let rows = query.product([classes, boxes.map { min($0, max(limit, 1)) }])
      return [
        TensorType(.i64, PartialShape([pictures, rows, 3])), TensorType(.i64, PartialShape([pictures])),
        TensorType(.i64, PartialShape([boxes])),
      ]
    }

    public static var differentiability: Differentiability {
      .no(because: "which boxes remain does not change with small steps; differentiate the detector's loss instead")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }
    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    private static func rule(_ attributes: Attributes) -> Suppression {
      Suppression(
        overlap: attributes.float("iou_threshold", default: 0),
        score: attributes["score_threshold"].map { _ in attributes.float("score_threshold", default: 0) },
        limit: attributes.int("max_output_boxes_per_class", default: 0))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (pictures, boxes, classes) = (site.inputShape(0)[0], site.inputShape(0)[1], site.inputShape(1)[1])
      let rows = site.outputShape()[1]
      let form = site.attributes.flag("center_point_box") ? BoxForm.center : .opposite
      let rule = rule(site.attributes)
      return { buffers in
        let counts = buffers.output(1, as: Int64.self)
        let order = buffers.output(2, as: Int64.self)
        for picture in 0..<pictures {
          let selected = buffers.output(0, as: Int64.self) + picture * rows * 3
          var count = 0
          for index in 0..<classes {
            let target = selected + 3 * count
            let found = suppressNonMaxima(
              boxes: buffers.input(0, as: T.self) + picture * boxes * 4, form: form,
              scores: buffers.input(1, as: T.self) + (picture * classes + index) * boxes, count: boxes, by: rule,
              order: order, kept: target)
            // The places stand side by side where their rows will be: spread out from the last.
            for row in (0..<found).reversed() {
              target[3 * row + 2] = target[row]
              target[3 * row + 1] = Int64(index)
              target[3 * row] = Int64(picture)
            }
            count += found
          }
          (selected + 3 * count).update(repeating: -1, count: 3 * (rows - count))
          counts[picture] = Int64(count)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let rule = rule(site.attributes)
      return
        "Keeps at most \(rule.limit ?? 0) of \(site.inputShape(0)[1]) boxes for each of \(site.inputShape(1)[1]) "
        + "classes: the best first, then those that overlap no kept one by more than \(rule.overlap)."
    }
  }
}
