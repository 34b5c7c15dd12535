import Foundation
import FoveaGraphs
import FoveaTensors
import FoveaVision
import Testing

/// What PyTorch and torchvision compute; `Golden/make_detection.py` wrote the numbers.
struct DetectionGoldenTests {
  static func cases() throws -> [GoldenTests.Case] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/detection.json")
    return try JSONDecoder().decode(GoldenTests.File.self, from: Data(contentsOf: file)).cases
  }

  @Test func allCasesAreThere() throws { #expect(try Self.cases().count == 11) }

  @Test(arguments: try DetectionGoldenTests.cases())
  func agrees(_ item: GoldenTests.Case) throws { try GoldenTests().agreesWithPyTorch(item) }
}

struct NonMaxSuppressionTests {
  private let row = doubles([0, 1, 2, 10].flatMap { [$0, 0, $0 + 4, 2] }, [1, 4, 4])

  @Test func byHand() throws {
    // Neighbours overlap by 3/5, the next but one by 2/6.
    let scores = doubles([0.9, 0.5, 0.7, 0.1, /**/ 0.1, 0.2, .nan, 0.2], [1, 2, 4])
    let found = try apply(
      Op.NonMaxSuppression.self, [row, scores], ["max_output_boxes_per_class": .int(3), "iou_threshold": .float(0.5)])
    #expect(found[0].dtype == .i64 && found[0].shape == [1, 6, 3] && found[1].shape == [1])
    #expect(
      found[0].numbers == [0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 1, 1, 0, 1, 3, -1, -1, -1] && found[1].numbers == [5])
    let few = try apply(
      Op.NonMaxSuppression.self, [row, scores],
      ["max_output_boxes_per_class": .int(1), "score_threshold": .float(0.2)])
    #expect(few[0].numbers == [0, 0, 0, -1, -1, -1] && few[1].numbers == [1])
  }

  @Test func nothingToChooseFrom() throws {
    let limit: Attributes = ["max_output_boxes_per_class": .int(3)]
    let none = try apply(Op.NonMaxSuppression.self, [Tensor(zeros: [2, 0, 4]), Tensor(zeros: [2, 3, 0])], limit)
    #expect(none[0].shape == [2, 0, 3] && none[1].numbers == [0, 0])
    let unknown = doubles([Double](repeating: .nan, count: 16), [1, 4, 4])
    let stay = try apply(Op.NonMaxSuppression.self, [unknown, doubles([1, 2, 3, 4], [1, 1, 4])], limit)
    #expect(stay[0].numbers == [0, 0, 3, 0, 0, 2, 0, 0, 1], "what is no box overlaps nothing")
  }

  /// The operator and the Swift function are one kernel; here they meet again.
  @Test(arguments: UInt64(1)...16) func agreesWithTheFunction(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let (pictures, classes, count, limit) = (draws.int(1...3), draws.int(1...3), draws.int(1...30), draws.int(1...12))
    let boxes = draws.tensor([pictures, count, 4])
    let scores = draws.tensor([pictures, classes, count])
    let rule = Suppression(overlap: draws.uniform(), score: draws.signed(), limit: limit)
    for center in [0, 1] {
      let found = try apply(
        Op.NonMaxSuppression.self, [boxes, scores],
        [
          "max_output_boxes_per_class": .int(limit), "iou_threshold": .float(rule.overlap),
          "score_threshold": .float(rule.score ?? 0), "center_point_box": .int(center),
        ])
      for picture in 0..<pictures {
        var expected: [[Double]] = []
        for index in 0..<classes {
          let list = (0..<count).map { place in
            let n = (0..<4).map { boxes.numbers[(picture * count + place) * 4 + $0] }
            return center == 1
              ? Box(centerX: n[0], centerY: n[1], width: n[2], height: n[3])
              : Box(left: min(n[0], n[2]), top: min(n[1], n[3]), right: max(n[0], n[2]), bottom: max(n[1], n[3]))
          }
          let own = (0..<count).map { scores.numbers[(picture * classes + index) * count + $0] }
          expected += try nonMaximumSuppression(list, scores: own, by: rule).map {
            [Double(picture), Double(index), Double($0)]
          }
        }
        let rows = found[0].shape[1]
        let kept = (0..<rows).map { row in (0..<3).map { found[0].numbers[(picture * rows + row) * 3 + $0] } }
        #expect(found[1].numbers[picture] == Double(expected.count), "seed \(seed)")
        #expect(Array(kept.prefix(expected.count)) == expected, "seed \(seed) centre \(center)")
        #expect(kept.dropFirst(expected.count).allSatisfy { $0 == [-1, -1, -1] }, "seed \(seed)")
      }
    }
  }

  @Test func shapesAndMistakes() {
    func said(_ boxes: TensorType, _ scores: TensorType, _ attributes: Attributes) -> [String] {
      infer(Op.NonMaxSuppression.self, [boxes, scores], attributes).mistakes.map { "\($0.problem); \($0.mend)" }
    }
    let limit: Attributes = ["max_output_boxes_per_class": .int(5)]
    let types = infer(Op.NonMaxSuppression.self, [f32(nil, 98, 4), f32(nil, 20, 98)], limit).types
    #expect(types[0] == TensorType(.i64, PartialShape([nil, 100, 3])))
    #expect(types[1] == TensorType(.i64, PartialShape([nil])))
    #expect(said(TensorType(.f32, .unknown), TensorType(.f32, .unknown), limit).isEmpty)
    #expect(said(f32(2, 9, 4), f32(2, 3, 9), [:]).count == 1)
    #expect(
      said(f32(2, 9, 5), f32(2, 3, 9), limit) == [
        "boxes is [2×9×5], but [2×9×4] is needed; give four numbers for each box"
      ]
    )
    #expect(said(f32(2, 9, 4), f32(2, 3, 8), limit).count == 1)
    #expect(said(f32(2, 9, 4), f32(3, 3, 9), limit).count == 1)
    #expect(said(f32(2, 9, 4), f32(3, 9), limit).count == 1)
    #expect(said(f32(9, 4), f32(2, 3, 9), limit).count == 1)
    #expect(said(i32(2, 9, 4), f32(2, 3, 9), limit).count == 1)
    for (name, value) in [("iou_threshold", 1.5), ("iou_threshold", .nan), ("score_threshold", .nan)] {
      var attributes = limit
      attributes[name] = .float(value)
      #expect(said(f32(2, 9, 4), f32(2, 3, 9), attributes).count == 1, "\(name) \(value)")
    }
    let many = said(
      f32(1, 1 << 40, 4), f32(1, 1 << 40, 1 << 40), ["max_output_boxes_per_class": .int(.max)])
    #expect(!many.isEmpty, "rows that cannot be counted")
  }
}
