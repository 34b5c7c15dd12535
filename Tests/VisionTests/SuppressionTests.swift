import FoveaVision
import Testing

@Suite struct SuppressionTests {
  private let row = [0.0, 1, 2, 10].map { Box(left: $0, top: 0, right: $0 + 4, bottom: 2) }

  @Test func byHand() throws {
    // Neighbours overlap by 3/5, the next but one by 2/6.
    #expect(try nonMaximumSuppression(row, scores: [0.5, 0.9, 0.7, 0.1]) == [1, 3])
    #expect(try nonMaximumSuppression(row, scores: [0.9, 0.5, 0.7, 0.1]) == [0, 2, 3])
    #expect(try nonMaximumSuppression(row, scores: [0.9, 0.5, 0.7, 0.1], by: Suppression(overlap: 0.3)) == [0, 3])
    #expect(
      try nonMaximumSuppression(row, scores: [0.9, 0.5, 0.7, 0.1], by: Suppression(overlap: 0.6)) == [0, 2, 1, 3])
    #expect(try nonMaximumSuppression(row, scores: [0.9, 0.5, 0.7, 0.1], by: Suppression(score: 0.1)) == [0, 2])
    #expect(try nonMaximumSuppression(row, scores: [0.9, 0.5, 0.7, 0.1], by: Suppression(limit: 2)) == [0, 2])
    // A dropped box drops no other: 1 would have dropped 2.
    #expect(try nonMaximumSuppression(row, scores: [0.9, 0.8, 0.7, 0.1]) == [0, 2, 3])
  }

  @Test func classesDoNotSeeEachOther() throws {
    #expect(try nonMaximumSuppression(row, scores: [0.5, 0.9, 0.7, 0.1], classes: [7, 7, -2, 7]) == [1, 2, 3])
    let detections = zip(row, [(0, 0.5), (1, 0.9), (0, 0.7), (1, 0.1)]).map {
      Detection(box: $0, classIndex: $1.0, score: $1.1)
    }
    #expect(nonMaximumSuppression(detections).map(\.score) == [0.9, 0.7, 0.5, 0.1])
    #expect(nonMaximumSuppression(detections, by: Suppression(overlap: 0.3)).map(\.score) == [0.9, 0.7, 0.1])
    #expect(nonMaximumSuppression(detections, by: Suppression(limit: 1)).map(\.score) == [0.9, 0.7])
    #expect(nonMaximumSuppression([]).isEmpty)
  }

  @Test func equalScoresGoByPlace() throws {
    #expect(try nonMaximumSuppression(row, scores: [1, 1, 1, 1]) == [0, 2, 3])
    #expect(try nonMaximumSuppression(row, scores: [1, 1, 1, 1], classes: [0, 1, 1, 0]) == [0, 1, 3])
    #expect(try nonMaximumSuppression(row.reversed(), scores: [0, -0.0, 0, 1]) == [3, 0, 1])
  }

  @Test func whatIsNoBoxOrNoScore() throws {
    let empty = Box(left: 2, top: 0, right: 1, bottom: 2)
    let unknown = Box(left: .nan, top: .nan, right: .nan, bottom: .nan)
    // They have scores and overlap nothing, so they stay; a score that is NaN is never chosen.
    #expect(
      try nonMaximumSuppression([empty, empty, unknown, row[0]], scores: [0.2, 0.9, 0.5, 0.1]) == [1, 2, 0, 3])
    #expect(try nonMaximumSuppression(row, scores: [.nan, 0.5, .nan, -.infinity]) == [1, 3])
    #expect(try nonMaximumSuppression(row, scores: [.nan, .nan, .nan, .nan]) == [])
    #expect(try nonMaximumSuppression(row, scores: [1, 2, 3, 4], by: Suppression(limit: -1)) == [])
    #expect(try nonMaximumSuppression(row, scores: [1, 2, 3, 4], by: Suppression(overlap: .nan)) == [3, 2, 1, 0])
    #expect(try nonMaximumSuppression(row, scores: [1, 2, 3, 4], by: Suppression(score: .nan)) == [])
    #expect(try nonMaximumSuppression([], scores: []) == [])
  }

  @Test func countsMustFit() {
    #expect(throws: VisionError.countMismatch(what: "scores", expected: 4, found: 1)) {
      try nonMaximumSuppression(row, scores: [1])
    }
    #expect(throws: VisionError.countMismatch(what: "classes", expected: 4, found: 3)) {
      try nonMaximumSuppression(row, scores: [1, 1, 1, 1], classes: [0, 0, 0])
    }
    #expect(
      VisionError.countMismatch(what: "scores", expected: 4, found: 1).description
        == "1 scores where 4 are needed; give one for each")
  }

  @Test func agreesWithTorchvision() throws {
    let cases = try GoldenBoxes.read().cases
    #expect(cases.count == 5)
    for item in cases {
      let rule = Suppression(overlap: item.overlap)
      #expect(item.kept.count < item.scores.count, "a case in which nothing is dropped shows nothing")
      #expect(try nonMaximumSuppression(item.list, scores: item.scores, by: rule) == item.kept)
      let kept = try nonMaximumSuppression(item.list, scores: item.scores, classes: item.classes, by: rule)
      #expect(kept.sorted() == item.keptByClass)
    }
  }

  /// What makes the result right, whatever the way to it.
  @Test(arguments: UInt64(1)...40) func holdsWhatItPromises(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let count = draws.int(0...60)
    let boxes = (0..<count).map { _ in draws.box() }
    let scores = (0..<count).map { _ in draws.score() }
    let classes = (0..<count).map { _ in draws.int(0...2) }
    var rule = Suppression(overlap: draws.uniform(0.05...0.8))
    if draws.int(0...1) == 1 { rule.score = draws.uniform(0...0.6) }
    let kept = try nonMaximumSuppression(boxes, scores: scores, classes: classes, by: rule)
    let chosen = Set(kept)
    #expect(chosen.count == kept.count && kept.allSatisfy(boxes.indices.contains), "seed \(seed)")
    func isBetter(_ a: Int, _ b: Int) -> Bool { scores[a] != scores[b] ? scores[a] > scores[b] : a < b }
    #expect(zip(kept, kept.dropFirst()).allSatisfy(isBetter), "seed \(seed): best first")
    func sees(_ a: Int, _ b: Int) -> Bool {
      classes[a] == classes[b] && boxes[a].intersectionOverUnion(boxes[b]) > rule.overlap
    }
    for a in kept {
      for b in kept where a != b { #expect(!sees(a, b), "seed \(seed): \(a) and \(b) are both kept") }
    }
    for place in boxes.indices where !chosen.contains(place) {
      let counts = rule.score.map { scores[place] > $0 } ?? !scores[place].isNaN
      #expect(
        !counts || kept.contains { isBetter($0, place) && sees($0, place) }, "seed \(seed): nothing drops \(place)")
    }
    for place in kept { #expect(rule.score.map { scores[place] > $0 } ?? !scores[place].isNaN, "seed \(seed)") }
    // A limit cuts each class's list short, and changes nothing else.
    rule.limit = draws.int(0...4)
    var room = [Int: Int]()
    let first = kept.filter { place in
      room[classes[place], default: 0] += 1
      return room[classes[place], default: 0] <= rule.limit ?? 0
    }
    #expect(
      try nonMaximumSuppression(boxes, scores: scores, classes: classes, by: rule) == first, "seed \(seed): limit")
  }
}
