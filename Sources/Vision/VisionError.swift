/// What can be wrong with boxes and grids.
public enum VisionError: Error, Sendable, Equatable {
  case countMismatch(what: String, expected: Int, found: Int)
  case badGrid(cells: Int, boxes: Int, classes: Int)
  case badOverlap(Double)
  case badHead(output: String)
}

extension VisionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .countMismatch(let what, let expected, let found):
      "\(found) \(what) where \(expected) are needed; give one for each"
    case .badGrid(let cells, let boxes, let classes):
      "a grid of \(cells)×\(cells) cells with \(boxes) boxes and \(classes) classes; give at least 1 of each, and at "
        + "most 2²⁸ numbers and scores"
    case .badHead(let output):
      "the YOLO layer \(output) has impossible anchors or classes; give at least one class and one anchor of a "
        + "positive width and height"
    case .badOverlap(let overlap):
      "an overlap of \(overlap); give a number above 0 and at most 1"
    }
  }
}
