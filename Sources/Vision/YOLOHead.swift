#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the numbers of a YOLO layer with anchors mean (Redmon and Farhadi 2018): at each place of a map some boxes, each
/// shaped after an anchor, with one score for its being there and one for each class.
///
/// The numbers are [A·(5 + C), H, W], for each anchor tx, ty, tw, th, the score of a box, and C scores of classes, all
/// before their sigmoid. A box's centre lies in its cell, its sides are e^tw and e^th times the anchor's.
public struct YOLOHead: Sendable, Hashable, Codable {
  /// The network's output that holds the numbers.
  public var output: String
  /// A widths and heights, in pixels of the network's input.
  public var anchors: [[Double]]
  /// C.
  public var classes: Int
  /// How far a centre may reach: 1 as far as its cell, more a little beyond (Bochkovskiy et al. 2020).
  public var scale: Double

  public init(output: String, anchors: [[Double]], classes: Int, scale: Double = 1) {
    self.output = output
    self.anchors = anchors
    self.classes = classes
    self.scale = scale
  }

  /// A·(5 + C). The head must be one that `isSound`.
  public var channels: Int { anchors.count * (5 + classes) }

  /// True when there are anchors of positive sides, and at least one class.
  public var isSound: Bool {
    (1...1000).contains(anchors.count) && (1...1_000_000).contains(classes) && scale > 0 && scale.isFinite
      && anchors.allSatisfy { $0.count == 2 && $0.allSatisfy { $0 > 0 && $0.isFinite } }
  }

  /// What one picture's numbers say, before any suppression: for each box its classes whose score is larger than
  /// `score`, boxes in units of the picture.
  ///
  /// - Parameters:
  ///   - numbers: [A·(5 + C), H, W], the last axis innermost.
  ///   - height: H; and `width` W.
  ///   - input: height and width of the network's input, in pixels.
  /// - Throws: `VisionError.badHead`, `.countMismatch`.
  public func detections(
    in numbers: [Float], height: Int, width: Int, input: (height: Int, width: Int), score: Double = 0
  ) throws(VisionError) -> [Detection] {
    guard isSound else { throw .badHead(output: output) }
    let (plane, overflow) = height.multipliedReportingOverflow(by: width)
    guard height > 0, width > 0, !overflow, numbers.count / channels == plane, numbers.count % channels == 0 else {
      throw .countMismatch(what: "numbers of a YOLO layer", expected: channels &* plane, found: numbers.count)
    }
    var found: [Detection] = []
    for (index, anchor) in anchors.enumerated() {
      let first = index * (5 + classes) * plane
      for cell in 0..<plane {
        func number(_ channel: Int) -> Double { Double(numbers[first + channel * plane + cell]) }
        let sure = YOLOHead.sigmoid(number(4))
        // No class can be surer than the box.
        guard sure > score else { continue }
        let (row, column) = (Double(cell / width), Double(cell % width))
        let box = Box(
          centerX: (column + reach(number(0))) / Double(width), centerY: (row + reach(number(1))) / Double(height),
          width: exp(number(2)) * anchor[0] / Double(input.width),
          height: exp(number(3)) * anchor[1] / Double(input.height))
        for place in 0..<classes {
          let both = sure * YOLOHead.sigmoid(number(5 + place))
          if both > score { found.append(Detection(box: box, classIndex: place, score: both)) }
        }
      }
    }
    return found
  }

  /// The centre within its cell, stretched about the middle.
  private func reach(_ number: Double) -> Double { YOLOHead.sigmoid(number) * scale - (scale - 1) / 2 }

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
