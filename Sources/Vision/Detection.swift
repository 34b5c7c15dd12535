/// Something that a detector sees in a picture: where, what, and how sure it is.
public struct Detection: Sendable, Hashable {
  /// Where it is.
  public var box: Box
  /// The class's number, from 0.
  public var classIndex: Int
  /// How sure the detector is; larger is surer.
  public var score: Double

  public init(box: Box, classIndex: Int, score: Double) {
    self.box = box
    self.classIndex = classIndex
    self.score = score
  }
}

/// Something that is in a picture, as people marked it.
public struct Annotation: Sendable, Hashable {
  /// Where it is.
  public var box: Box
  /// The class's number, from 0.
  public var classIndex: Int
  /// True when it is so hard to see that finding or missing it counts neither way, as in PASCAL VOC.
  public var isDifficult: Bool

  public init(box: Box, classIndex: Int, isDifficult: Bool = false) {
    self.box = box
    self.classIndex = classIndex
    self.isDifficult = isDifficult
  }
}
