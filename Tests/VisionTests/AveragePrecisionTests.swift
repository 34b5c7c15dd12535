import FoveaVision
import Testing

@Suite struct AveragePrecisionTests {
  /// Box number `place` of a row; boxes of different numbers do not touch.
  private func box(_ place: Int, shift: Double = 0) -> Box {
    Box(left: Double(10 * place) + shift, top: 0, right: Double(10 * place) + 8 + shift, bottom: 4)
  }
  private func truths(_ places: Int..., difficult: [Int] = []) -> [Annotation] {
    places.map { Annotation(box: box($0), classIndex: 3, isDifficult: difficult.contains($0)) }
  }
  private func detection(_ place: Int, _ score: Double, shift: Double = 0, of index: Int = 3) -> Detection {
    Detection(box: box(place, shift: shift), classIndex: index, score: score)
  }
  private func value(
    _ detections: [[Detection]], _ truths: [[Annotation]], _ interpolation: AveragePrecision.Interpolation,
    overlap: Double = 0.5
  ) throws -> Double? {
    try MeanAveragePrecision(of: detections, truths: truths, overlap: overlap, interpolation: interpolation).value
  }

  @Test func byHand() throws {
    // Right, wrong, right, wrong, right of four: precision 1, 1/2, 2/3, 1/2, 3/5 at recall 1/4, 1/4, 2/4, 2/4, 3/4.
    let found = [[detection(0, 0.9), detection(5, 0.8), detection(1, 0.7)], [detection(7, 0.6), detection(0, 0.5)]]
    let there = [truths(0, 1), truths(0, 1)]
    let quality = try MeanAveragePrecision(of: found, truths: there)
    let curve = try #require(quality.classes.first)
    #expect(curve.classIndex == 3 && curve.truths == 4 && quality.classes.count == 1)
    #expect(curve.precision == [1, 0.5, 2.0 / 3, 0.5, 0.6])
    #expect(curve.recall == [0.25, 0.25, 0.5, 0.5, 0.75])
    // The area: a quarter each at 1, 2/3 and 3/5.
    #expect(abs(curve.value - (1 + 2.0 / 3 + 0.6) / 4) < 1e-15)
    // Recalls 0, .1, .2 at 1; .3, .4, .5 at 2/3; .6, .7 at 3/5; beyond nothing.
    let eleven = try #require(try value(found, there, .elevenPoints))
    #expect(abs(eleven - (3 + 2 + 1.2) / 11) < 1e-15)
  }

  @Test func interpolationTakesTheBestBehind() throws {
    // Wrong, right, right of two: precision 0, 1/2, 2/3, so 2/3 all the way.
    let found = [[detection(5, 0.9), detection(0, 0.8), detection(1, 0.7)]]
    for interpolation in AveragePrecision.Interpolation.allCases {
      let value = try #require(try value(found, [truths(0, 1)], interpolation))
      #expect(abs(value - 2.0 / 3) < 1e-15)
    }
  }

  @Test func allAndNothing() throws {
    for interpolation in AveragePrecision.Interpolation.allCases {
      let ten = (0..<10).map { Annotation(box: box($0), classIndex: 3) }
      #expect(try value([(0..<10).map { detection($0, 0.5) }], [ten], interpolation) == 1)
      #expect(try value([[]], [ten], interpolation) == 0)
      #expect(try value([[detection(0, 1)]], [[]], interpolation) == nil, "nothing to be found")
      // Three of ten: the recall of 0.3 is reached.
      let three = try #require(try value([(0..<3).map { detection($0, 0.5) }], [ten], interpolation))
      #expect(abs(three - (interpolation == .allPoints ? 0.3 : 4.0 / 11)) < 1e-15)
    }
  }

  @Test func aBoxIsFoundOnce() throws {
    // The second find of the same box is wrong, even though it fits better.
    let found = [[detection(0, 0.9, shift: 1), detection(0, 0.8), detection(1, 0.7)]]
    let curve = try MeanAveragePrecision(of: found, truths: [truths(0, 1)]).classes[0]
    #expect(curve.precision == [1, 0.5, 2.0 / 3])
    // In another picture there is another box.
    let other = try MeanAveragePrecision(
      of: [[detection(0, 0.9)], [detection(0, 0.8)]], truths: [truths(0), truths(0)])
    #expect(other.value == 1)
  }

  @Test func theOverlapThatCounts() throws {
    // Shifted by 2 of 8: 6/10.
    #expect(try value([[detection(0, 1, shift: 2)]], [truths(0)], .allPoints, overlap: 0.6) == 1)
    #expect(try value([[detection(0, 1, shift: 2)]], [truths(0)], .allPoints, overlap: 0.61) == 0)
    for overlap in [0, -1, 1.5, .nan] {
      #expect(throws: VisionError.self) { try value([[]], [[]], .allPoints, overlap: overlap) }
    }
    let empty = Detection(box: Box(left: 1, top: 1, right: 0, bottom: .nan), classIndex: 3, score: .nan)
    #expect(try value([[empty, detection(0, 0.1)]], [truths(0)], .allPoints) == 1, "NaN comes last")
    #expect(try value([[empty]], [truths(0)], .allPoints) == 0)
  }

  @Test func difficultOnesCountNeitherWay() throws {
    let found = [[detection(0, 0.9), detection(0, 0.8), detection(1, 0.7)]]
    let curve = try MeanAveragePrecision(of: found, truths: [truths(0, 1, difficult: [0])]).classes[0]
    #expect(curve.truths == 1 && curve.precision == [1] && curve.value == 1)
    #expect(try value(found, [truths(0, difficult: [0])], .allPoints) == nil)
  }

  @Test func theMeanIsOverClassesThatAreThere() throws {
    let there = [[Annotation(box: box(0), classIndex: 8), Annotation(box: box(1), classIndex: 2)]]
    let found = [
      [detection(0, 0.9, of: 8), detection(4, 0.9, of: 2), detection(1, 0.8, of: 2), detection(1, 1, of: 5)]
    ]
    let quality = try MeanAveragePrecision(of: found, truths: there)
    #expect(quality.classes.map(\.classIndex) == [2, 8])
    #expect(quality.classes.map(\.value) == [0.5, 1])
    #expect(quality.value == 0.75)
    #expect(throws: VisionError.countMismatch(what: "pictures with detections", expected: 1, found: 2)) {
      try MeanAveragePrecision(of: found + [[]], truths: there)
    }
  }

  /// The definition, word by word: at each recall the best precision of any cut of the list that reaches it.
  @Test(arguments: UInt64(1)...24) func agreesWithTheDefinition(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let places = draws.int(1...12)
    let there = (0..<places).filter { _ in draws.int(0...2) > 0 }.map { Annotation(box: box($0), classIndex: 3) }
    let found = (0..<draws.int(0...30)).map { _ in detection(draws.int(0...places), draws.uniform()) }
    let order = found.sorted { $0.score > $1.score }
    var cuts: [(recall: Double, precision: Double)] = []
    for length in 0..<order.count {
      let boxes = Set(order[...length].map(\.box)).intersection(there.map(\.box))
      cuts.append((Double(boxes.count) / Double(max(there.count, 1)), Double(boxes.count) / Double(length + 1)))
    }
    func best(_ recall: Double) -> Double {
      cuts.filter { $0.recall >= recall - 1e-9 }.map(\.precision).max() ?? 0
    }
    let area = there.indices.reduce(0) { $0 + best(Double($1 + 1) / Double(there.count)) / Double(there.count) }
    let eleven = (0...10).reduce(0) { $0 + best(Double($1) / 10) / 11 }
    for (interpolation, expected) in [(AveragePrecision.Interpolation.allPoints, area), (.elevenPoints, eleven)] {
      let value = try value([found], [there], interpolation)
      #expect((value == nil) == there.isEmpty, "seed \(seed)")
      if let value { #expect(abs(value - expected) < 1e-12, "seed \(seed): \(value), \(expected)") }
    }
  }
}
