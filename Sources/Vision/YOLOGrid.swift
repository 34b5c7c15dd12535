/// What the numbers of a YOLO v1 network mean (Redmon et al. 2015): for each cell of a grid over the picture, some
/// boxes with their confidences, and one probability for each class.
///
/// A box is x, y, w, h: its centre within the cell, 0 … 1, and the square roots of its sides as fractions of the
/// picture. The network gives the roots themselves, as the paper's program has it: squared, they are a size
/// whatever their sign, and the loss never takes the root of a negative number.
///
/// ```swift
/// YOLOGrid(classes: 20).numbers      // 1470 = 7·7·(2·5 + 20)
/// ```
public struct YOLOGrid: Sendable, Hashable {
  /// The order of the numbers.
  public enum Layout: String, Sendable, CaseIterable {
    /// The program's: all probabilities [S, S, C], then all confidences [S, S, B], then all boxes [S, S, B, 4].
    case darknet
    /// The paper's S×S×(B·5 + C): in each cell B times x, y, w, h and confidence, then C probabilities.
    case paper
  }

  /// S: rows, and columns.
  public let cells: Int
  /// B: boxes of a cell.
  public let boxes: Int
  /// C.
  public let classes: Int
  /// The order of the numbers.
  public let layout: Layout
  /// True when w and h are square roots of the sides, false when they are the sides.
  public let givesRoots: Bool

  /// The paper's grid for PASCAL VOC, but for what is given.
  public init(
    cells: Int = 7, boxes: Int = 2, classes: Int = 20, layout: Layout = .darknet, givesRoots: Bool = true
  ) {
    self.cells = cells
    self.boxes = boxes
    self.classes = classes
    self.layout = layout
    self.givesRoots = givesRoots
  }

  /// How many numbers the network gives for a picture: S·S·(B·5 + C); nil when a part is not positive, or when
  /// these or the scores of all boxes, S·S·B·C, are more than 2²⁸.
  public var numbers: Int? {
    guard cells > 0, boxes > 0, classes > 0 else { return nil }
    let limit = 1 << 28
    // So small that no product of these overflows.
    guard cells <= 1 << 14, boxes <= limit / 5, classes <= limit else { return nil }
    let total = cells * cells * (boxes * 5 + classes)
    let (pairs, overflow) = boxes.multipliedReportingOverflow(by: classes)
    guard total <= limit, !overflow, pairs <= limit / (cells * cells) else { return nil }
    return total
  }

  /// S·S·B. The grid must be one that has `numbers`.
  public var boxCount: Int { cells * cells * boxes }

  /// Where the probability of class `index` of a cell stands.
  @inline(__always)
  package func probability(_ cell: Int, _ index: Int) -> Int {
    layout == .darknet ? cell * classes + index : cell * (5 * boxes + classes) + 5 * boxes + index
  }

  /// Where the confidence of a cell's box stands.
  @inline(__always)
  package func confidence(_ cell: Int, _ box: Int) -> Int {
    layout == .darknet
      ? cells * cells * classes + cell * boxes + box : cell * (5 * boxes + classes) + 5 * box + 4
  }

  /// Where x of a cell's box stands; y, w and h follow.
  @inline(__always)
  package func coordinates(_ cell: Int, _ box: Int) -> Int {
    layout == .darknet
      ? cells * cells * (classes + boxes) + (cell * boxes + box) * 4 : cell * (5 * boxes + classes) + 5 * box
  }

  /// One picture's numbers as boxes [S·S·B, 4], left, top, right, bottom in units of the picture, and scores
  /// [C, S·S·B], the probability of a class times the confidence in a box. Box i·B + b is box b of cell i, cells
  /// row by row.
  @specialized(where T == Float)
  @specialized(where T == Double)
  package func decode<T: BinaryFloatingPoint>(
    _ numbers: UnsafePointer<T>, boxes target: UnsafeMutablePointer<T>, scores: UnsafeMutablePointer<T>
  ) {
    let scale = T(cells)
    for cell in 0..<cells * cells {
      let (row, column) = (T(cell / cells), T(cell % cells))
      for box in 0..<boxes {
        let place = cell * boxes + box
        let at = numbers + coordinates(cell, box)
        let corners = Corners(
          centerX: (at[0] + column) / scale, centerY: (at[1] + row) / scale,
          width: givesRoots ? at[2] * at[2] : at[2], height: givesRoots ? at[3] * at[3] : at[3])
        target[4 * place] = corners.left
        target[4 * place + 1] = corners.top
        target[4 * place + 2] = corners.right
        target[4 * place + 3] = corners.bottom
        let sure = numbers[confidence(cell, box)]
        for index in 0..<classes { scores[index * boxCount + place] = numbers[probability(cell, index)] * sure }
      }
    }
  }

  /// What the network's numbers for one picture say, before any suppression: for each box its classes whose score
  /// is larger than `score`, boxes in units of the picture.
  /// - Throws: `VisionError.badGrid`, `.countMismatch`.
  public func detections(in numbers: [Float], score: Double = 0) throws(VisionError) -> [Detection] {
    guard let count = self.numbers else { throw .badGrid(cells: cells, boxes: boxes, classes: classes) }
    guard numbers.count == count else {
      throw .countMismatch(what: "numbers of a grid", expected: count, found: numbers.count)
    }
    var corners = [Float](repeating: 0, count: 4 * boxCount)
    var scores = [Float](repeating: 0, count: classes * boxCount)
    decode(numbers, boxes: &corners, scores: &scores)
    var found: [Detection] = []
    for place in 0..<boxCount {
      let box = Box(
        left: Double(corners[4 * place]), top: Double(corners[4 * place + 1]),
        right: Double(corners[4 * place + 2]), bottom: Double(corners[4 * place + 3]))
      for index in 0..<classes where Double(scores[index * boxCount + place]) > score {
        found.append(Detection(box: box, classIndex: index, score: Double(scores[index * boxCount + place])))
      }
    }
    return found
  }
}
