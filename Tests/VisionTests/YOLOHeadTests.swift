import FoveaVision
import Testing

@Suite struct YOLOHeadTests {
  /// One cell, one anchor, by hand: zeros are halves behind the sigmoid and the anchor's own sides.
  @Test func oneCellByHand() throws {
    let head = YOLOHead(output: "y", anchors: [[8, 4]], classes: 2)
    let found = try head.detections(
      in: [0, 0, 0, 0, 0, 0, 100], height: 1, width: 1, input: (height: 16, width: 32), score: 0.2)
    #expect(found.map(\.classIndex) == [0, 1])
    #expect(found[0].score == 0.25 && found[1].score == 0.5)
    for one in found { #expect(one.box == Box(centerX: 0.5, centerY: 0.5, width: 0.25, height: 0.25)) }
    // Nothing is surer than the box.
    #expect(
      try head.detections(in: [0, 0, 0, 0, 0, 0, 100], height: 1, width: 1, input: (16, 32), score: 0.5).isEmpty)
  }

  /// The second cell of a row, an anchor stretched by e, and a centre that may leave its cell.
  @Test func placesAndScales() throws {
    let head = YOLOHead(output: "y", anchors: [[1, 1], [2, 3]], classes: 1, scale: 2)
    // [12, 1, 2]: channel by channel; the first anchor is sure of nothing.
    var numbers = [Float](repeating: -100, count: 24)
    for (channel, value) in [(0, 100), (1, -100), (2, 1), (3, 0), (4, 100), (5, 100)] as [(Int, Float)] {
      numbers[(6 + channel) * 2 + 1] = value
    }
    let found = try head.detections(in: numbers, height: 1, width: 2, input: (height: 10, width: 20), score: 0.5)
    #expect(found.count == 1)
    let box = try #require(found.first).box
    // The centre: (1 + 1·2 − ½)/2 across and (0 + 0·2 − ½)/1 down.
    #expect(abs(box.centerX - 1.25) < 1e-9 && abs(box.centerY + 0.5) < 1e-9)
    #expect(abs(box.width - 2 * 2.718281828459045 / 20) < 1e-9 && abs(box.height - 0.3) < 1e-9)
  }

  @Test func whatDoesNotFitIsSaid() {
    let head = YOLOHead(output: "y", anchors: [[1, 1]], classes: 2)
    #expect(throws: VisionError.countMismatch(what: "numbers of a YOLO layer", expected: 28, found: 27)) {
      try head.detections(in: [Float](repeating: 0, count: 27), height: 2, width: 2, input: (8, 8))
    }
    #expect(throws: VisionError.self) {
      try head.detections(in: [], height: .max, width: .max, input: (8, 8))
    }
    for bad in [
      YOLOHead(output: "y", anchors: [], classes: 2), YOLOHead(output: "y", anchors: [[1]], classes: 2),
      YOLOHead(output: "y", anchors: [[1, 0]], classes: 2), YOLOHead(output: "y", anchors: [[1, .nan]], classes: 2),
      YOLOHead(output: "y", anchors: [[1, 1]], classes: 0),
      YOLOHead(output: "y", anchors: [[1, 1]], classes: 1, scale: 0),
    ] {
      #expect(!bad.isSound)
      #expect(throws: VisionError.badHead(output: "y")) {
        try bad.detections(in: [], height: 1, width: 1, input: (8, 8))
      }
    }
  }

  /// Numbers that overflow make boxes without end, which clipping brings back.
  @Test func endlessBoxesAreClipped() throws {
    let head = YOLOHead(output: "y", anchors: [[1, 1]], classes: 1)
    let found = try head.detections(in: [0, 0, 1e30, 1e30, 9, 9], height: 1, width: 1, input: (8, 8), score: 0.1)
    let all = Box(left: 0, top: 0, right: 1, bottom: 1)
    #expect(found.map { $0.box.clipped(to: all) } == [all])
  }
}
