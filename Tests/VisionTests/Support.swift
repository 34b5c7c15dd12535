import Foundation
import FoveaTensors
import FoveaVision

/// Numbers for a random test; its seed belongs in the failure's message.
struct Draws {
  let seed: UInt64
  private let stream: RandomStream
  private var index = 0

  init(seed: UInt64) {
    self.seed = seed
    stream = RandomStream(seed: seed, purpose: "test")
  }

  mutating func uniform(_ range: ClosedRange<Double> = 0...1) -> Double {
    index += 1
    return range.lowerBound + (range.upperBound - range.lowerBound) * Double(stream.uniform(index: index))
  }
  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + min(Int(uniform() * Double(range.count)), range.count - 1)
  }
  /// Now and then with no area, the wrong way around, or with NaN.
  mutating func box() -> Box {
    var box = Box(
      centerX: uniform(), centerY: uniform(), width: uniform(0.02...0.5), height: uniform(0.02...0.5))
    switch int(0...19) {
    case 0: box.right = box.left
    case 1: swap(&box.left, &box.right)
    case 2: box.top = .nan
    case 3: box.bottom = .infinity
    default: break
    }
    return box
  }
  /// Few different ones, so that some are equal; now and then NaN.
  mutating func score() -> Double { int(0...19) == 0 ? .nan : Double(int(0...30)) / 30 }
}

/// What torchvision computes; `Golden/make_golden.py` wrote the numbers.
struct GoldenBoxes: Decodable {
  struct Case: Decodable {
    let boxes: [Double]
    let scores: [Double]
    let classes: [Int]
    let overlap: Double
    let kept: [Int]
    let keptByClass: [Int]

    var list: [Box] {
      stride(from: 0, to: boxes.count, by: 4).map {
        Box(left: boxes[$0], top: boxes[$0 + 1], right: boxes[$0 + 2], bottom: boxes[$0 + 3])
      }
    }
  }
  let overlaps: [Double]
  let cases: [Case]

  static func read() throws -> GoldenBoxes {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/torchvision.json")
    return try JSONDecoder().decode(GoldenBoxes.self, from: Data(contentsOf: file))
  }
}
