import FoveaVision
import Testing

@Suite struct BoxTests {
  @Test func bothForms() {
    let box = Box(centerX: 3, centerY: 5, width: 2, height: 4)
    #expect(box == Box(left: 2, top: 3, right: 4, bottom: 7))
    #expect(box.centerX == 3 && box.centerY == 5 && box.width == 2 && box.height == 4 && box.area == 8)
    #expect(box.scaled(x: 10, y: 100) == Box(left: 20, top: 300, right: 40, bottom: 700))
  }

  @Test func overlapByHand() {
    let box = Box(left: 0, top: 0, right: 4, bottom: 2)
    #expect(box.intersectionOverUnion(box) == 1)
    #expect(box.intersectionOverUnion(Box(left: 2, top: 0, right: 6, bottom: 2)) == 4.0 / 12)
    #expect(box.intersectionOverUnion(Box(left: 1, top: 0.5, right: 2, bottom: 1.5)) == 1.0 / 8)
    #expect(box.intersectionOverUnion(Box(left: 4, top: 0, right: 8, bottom: 2)) == 0, "they only touch")
    #expect(box.intersectionOverUnion(Box(left: 9, top: 9, right: 10, bottom: 10)) == 0)
  }

  @Test func emptyBoxesOverlapNothing() {
    let whole = Box(left: -9, top: -9, right: 9, bottom: 9)
    let empty = [
      Box(left: 1, top: 1, right: 1, bottom: 2), Box(left: 1, top: 2, right: 3, bottom: 1),
      Box(left: 3, top: 3, right: 1, bottom: 1), Box(left: .nan, top: 0, right: 1, bottom: 1),
      Box(left: 0, top: 0, right: .nan, bottom: 1), Box(left: 0, top: .nan, right: 1, bottom: .nan),
    ]
    for box in empty {
      #expect(box.isEmpty && box.area == 0, "\(box)")
      for other in empty + [whole] {
        #expect(box.intersectionOverUnion(other) == 0 && other.intersectionOverUnion(box) == 0, "\(box), \(other)")
      }
    }
    let endless = Box(left: -.infinity, top: 0, right: .infinity, bottom: 1)
    #expect(!endless.isEmpty && endless.area == .infinity)
    #expect(endless.intersectionOverUnion(endless) == 0, "∞/∞ is no number")
    #expect(endless.intersectionOverUnion(whole) == 0)
  }

  @Test func clipping() {
    let bounds = Box(left: 0, top: 0, right: 10, bottom: 5)
    #expect(
      Box(left: -3, top: 2, right: 4, bottom: 9).clipped(to: bounds) == Box(left: 0, top: 2, right: 4, bottom: 5))
    #expect(Box(left: 1, top: 1, right: 2, bottom: 2).clipped(to: bounds) == Box(left: 1, top: 1, right: 2, bottom: 2))
    for outside in [Box(left: 11, top: 1, right: 12, bottom: 2), Box(left: 1, top: -4, right: 2, bottom: -2)] {
      #expect(outside.clipped(to: bounds).isEmpty)
    }
    #expect(Box(left: .nan, top: 1, right: 2, bottom: 2).clipped(to: bounds).isEmpty)
    #expect(Box(left: 1, top: 1, right: .nan, bottom: 2).clipped(to: bounds).isEmpty)
  }

  @Test func agreesWithTorchvision() throws {
    let golden = try GoldenBoxes.read()
    let boxes = golden.cases[0].list
    #expect(golden.overlaps.count == boxes.count * boxes.count && boxes.count == 8)
    for (place, expected) in golden.overlaps.enumerated() {
      let found = boxes[place / boxes.count].intersectionOverUnion(boxes[place % boxes.count])
      #expect(abs(found - expected) < 1e-11)
    }
  }

  @Test(arguments: UInt64(1)...16) func overlapIsSymmetricAndMeasuredByCounting(seed: UInt64) {
    var draws = Draws(seed: seed)
    func corner() -> Box {
      let (x, y) = (draws.int(0...8), draws.int(0...8))
      return Box(
        left: Double(x), top: Double(y), right: Double(x + draws.int(1...8)), bottom: Double(y + draws.int(1...8)))
    }
    let (a, b) = (corner(), corner())
    func holds(_ box: Box, _ x: Double, _ y: Double) -> Bool {
      x > box.left && x < box.right && y > box.top && y < box.bottom
    }
    var (both, either) = (0.0, 0.0)
    for x in 0..<16 {
      for y in 0..<16 {
        let (inA, inB) = (holds(a, Double(x) + 0.5, Double(y) + 0.5), holds(b, Double(x) + 0.5, Double(y) + 0.5))
        both += inA && inB ? 1 : 0
        either += inA || inB ? 1 : 0
      }
    }
    #expect(a.intersectionOverUnion(b) == both / either, "seed \(seed): \(a), \(b)")
    #expect(b.intersectionOverUnion(a) == both / either, "seed \(seed)")
  }
}
