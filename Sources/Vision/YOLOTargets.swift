import FoveaTensors

/// What a YOLO v1 network should say of one picture, and which boxes it cannot.
public struct YOLOTargets: Sendable {
  /// A box that is not among the targets.
  public struct Unplaced: Sendable, Hashable {
    /// Its place in the list that was given.
    public let index: Int
    /// Why it is not.
    public let reason: Reason
  }

  /// Why a box cannot be a target.
  public enum Reason: Sendable, Hashable {
    /// It has no area, or a number of it is NaN.
    case empty
    /// Its centre is outside the picture, or a side is longer than the picture's.
    case outside
    /// Its class is not among the grid's.
    case unknownClass
    /// The cell of its centre already has the box at this place of the list.
    case cellTaken(by: Int)
  }

  /// f32 [S, S, 5 + C], row by row. A cell that holds a centre has 1; then C numbers, 1 at its class; then x and y
  /// of the centre within the cell, and the width and height as fractions of the picture (not their roots). All
  /// others have zeros. It is the order of the paper's program.
  public let tensor: Tensor
  /// The boxes that are left out, in the order given.
  public let unplaced: [Unplaced]
}

extension YOLOGrid {
  /// The targets of one picture. A cell holds one box: the first whose centre is in it.
  ///
  /// ```swift
  /// let targets = try grid.targets(of: [Annotation(box: box.scaled(x: 1 / width, y: 1 / height), classIndex: 14)])
  /// ```
  /// - Parameter annotations: boxes in units of the picture, 0 … 1; a centre at 1 is outside.
  /// - Throws: `VisionError.badGrid`.
  public func targets(of annotations: [Annotation]) throws(VisionError) -> YOLOTargets {
    guard numbers != nil else { throw .badGrid(cells: cells, boxes: boxes, classes: classes) }
    var tensor = Tensor(zeros: [cells, cells, 5 + classes])
    var unplaced: [YOLOTargets.Unplaced] = []
    var owners: [Int: Int] = [:]
    tensor.withMutableElements(of: Float.self) { values in
      for (index, annotation) in annotations.enumerated() {
        let box = annotation.box
        if let reason = reason(against: annotation) {
          unplaced.append(.init(index: index, reason: reason))
          continue
        }
        let (x, y) = (box.centerX * Double(cells), box.centerY * Double(cells))
        // A centre just below 1 may round up to S.
        let (column, row) = (min(Int(x), cells - 1), min(Int(y), cells - 1))
        let cell = row * cells + column
        if let owner = owners[cell] {
          unplaced.append(.init(index: index, reason: .cellTaken(by: owner)))
          continue
        }
        owners[cell] = index
        let at = cell * (5 + classes)
        values[at] = 1
        values[at + 1 + annotation.classIndex] = 1
        values[at + classes + 1] = Float(x - Double(column))
        values[at + classes + 2] = Float(y - Double(row))
        values[at + classes + 3] = Float(box.width)
        values[at + classes + 4] = Float(box.height)
      }
    }
    return YOLOTargets(tensor: tensor, unplaced: unplaced)
  }

  /// Why a box has no place in any grid; nil when it has one.
  private func reason(against annotation: Annotation) -> YOLOTargets.Reason? {
    let box = annotation.box
    if box.isEmpty { return .empty }
    // Asked so that infinite sides, whose centre is NaN, are outside.
    guard (0..<1).contains(box.centerX), (0..<1).contains(box.centerY), box.width <= 1, box.height <= 1 else {
      return .outside
    }
    return (0..<classes).contains(annotation.classIndex) ? nil : .unknownClass
  }
}
