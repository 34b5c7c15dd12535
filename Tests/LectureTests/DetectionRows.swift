import Fovea
import Testing

/// Rows about finding objects: A11, O49, O75 and W45.
@Suite struct DetectionRows {
  /// Four cells, a box in each, two classes.
  private let grid = YOLOGrid(cells: 2, boxes: 1, classes: 2, layout: .paper)

  /// x, y, √w, √h, confidence and two probabilities in the cell at the bottom left, zeros elsewhere.
  private func numbers(_ cell: [Double], elsewhere confidence: Double = 0) -> [Double] {
    let empty = [0, 0, 0, 0, confidence, 0, 0]
    return empty + empty + cell + empty
  }

  @Test func o49_whatACellSays() throws {
    let cell = [0.5, 0.25, 0.5, 1, 0.8, 0.9, 0.2]
    // Centre within the cell; squares of what it says as sides; probability times confidence.
    let found = try grid.detections(in: numbers(cell).map { Float($0) })
    let box = Box(centerX: 0.25, centerY: 0.625, width: 0.25, height: 1)
    #expect(found.count == 2)
    #expect(close(found.map(\.score), [0.72, 0.16], 1e-6) && found.map(\.classIndex) == [0, 1])
    for one in found {
      #expect(close([one.box.left, one.box.top, one.box.right, one.box.bottom], [0.125, 0.125, 0.375, 1.125], 1e-6))
    }
    let decoded = try run(Op.YOLOGridDecode.self, [tensor(numbers(cell), [1, 28])], grid.attributes).output
    #expect(close(decoded.rows[2], [0.125, 0.125, 0.375, 1.125]))
    // Squared errors: five times for places and root sides, half for confidences of cells without an object.
    let target = try grid.targets(of: [Annotation(box: box, classIndex: 0)])
    #expect(target.unplaced.isEmpty)
    let truth = try target.tensor.converted(to: .f64).reshaped(to: [1, 2, 2, 7])
    func loss(_ cell: [Double], elsewhere: Double = 0) throws -> Double {
      var attributes = grid.attributes
      attributes["rescore"] = .int(0)
      let said = tensor(numbers(cell, elsewhere: elsewhere), [1, 28])
      return try run(Op.YOLOGridLoss.self, [said, truth], attributes).output.numbers[0]
    }
    let least = 0.2 * 0.2 + 0.1 * 0.1 + 0.2 * 0.2
    #expect(abs(try loss(cell) - least) < 1e-6)
    #expect(abs(try loss([0.6, 0.25, 0.5, 1, 0.8, 0.9, 0.2]) - least - 5 * 0.01) < 1e-6)
    #expect(abs(try loss([0.5, 0.25, 0.3, 1, 0.8, 0.9, 0.2]) - least - 5 * 0.04) < 1e-6)
    #expect(abs(try loss(cell, elsewhere: 0.4) - least - 3 * 0.5 * 0.16) < 1e-6)
  }

  @Test func o75_boxesThatRemain() throws {
    let boxes = [
      Box(left: 0, top: 0, right: 2, bottom: 2), Box(left: 1, top: 1, right: 3, bottom: 3),
      Box(left: 0, top: 0, right: 2, bottom: 1.8), Box(centerX: 8, centerY: 8, width: 2, height: 4),
    ]
    #expect(abs(boxes[0].intersectionOverUnion(boxes[1]) - 1.0 / 7) < 1e-12)
    #expect(abs(boxes[0].intersectionOverUnion(boxes[2]) - 0.9) < 1e-12)
    #expect(boxes[0].intersectionOverUnion(boxes[3]) == 0)
    let scores = [0.8, 0.7, 0.9, 0.1]
    // The third hides the first; the last is too unsure.
    #expect(try nonMaximumSuppression(boxes, scores: scores, by: Suppression(overlap: 0.5, score: 0.2)) == [2, 1])
    #expect(try nonMaximumSuppression(boxes, scores: scores, by: Suppression(overlap: 0.1)) == [2, 3])
    // Classes do not see each other.
    let apart = try nonMaximumSuppression(boxes, scores: scores, classes: [0, 0, 1, 1], by: Suppression(overlap: 0.5))
    #expect(apart == [2, 0, 1, 3])
    let corners = boxes.flatMap { [$0.left, $0.top, $0.right, $0.bottom] }
    let selected = try run(
      Op.NonMaxSuppression.self, [tensor(corners, [1, 4, 4]), tensor(scores, [1, 1, 4])],
      ["max_output_boxes_per_class": .int(4), "iou_threshold": .float(0.5), "score_threshold": .float(0.2)]
    ).output
    #expect(selected.rows.map { $0[2] } == [2, 1, -1, -1])
  }

  @Test(arguments: [1, 20, 80]) func w45_numbersOfTheGrid(classes: Int) throws {
    #expect(448 / 64 == 7)
    #expect(YOLOGrid(classes: classes).numbers == 7 * 7 * (2 * 5 + classes))
    #expect(YOLOGrid().numbers == 1_470)
    #expect(try network("yolov1").rows.last?.output == [1, 1_470])
  }

  @Test func a11_youOnlyLookOnce() throws {
    let summary = try network("yolov1")
    #expect(summary.parameters == 271_703_550)
    let convolutions = summary.rows.filter { $0.type == "Conv2D" }
    #expect(convolutions.count == 24 && summary.rows.filter { $0.type == "Dense" }.count == 2)
    #expect(convolutions.reduce(0) { $0 + $1.parameters } / 100_000 == 601)
    #expect(convolutions.last?.output == [1, 1024, 7, 7])
    #expect(summary.rows.last?.output == [1, 1470])
  }
}
