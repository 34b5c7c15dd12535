import FoveaVision

/// Fast YOLO: nine convolutions in place of YOLO's 24, with fewer maps (Redmon et al. 2015, section 2.1; the sizes
/// are those of the authors' `yolo-tiny.cfg` of that year).
///
/// [N, 3, H, W] → [N, S·S·(B·5 + C)], in an order that `YOLOGrid` tells; for [3, 448, 448] and 20 classes 1,470
/// numbers and 45,089,374 parameters. Of the three dense layers only the second, behind which dropout stands, has a
/// rectifier.
///
/// ```swift
/// let model = try Model(input: [3, 448, 448]) { FastYOLOv1(classes: 20) }
/// ```
public struct FastYOLOv1: Layer, CustomStringConvertible {
  /// What its numbers mean.
  public let grid: YOLOGrid
  let width: Int

  /// - Parameters:
  ///   - cells: S; in a picture of 64·S×64·S pixels the last map has a place for each cell.
  ///   - boxes: B, of each cell.
  ///   - width: maps of the first convolution; the sizes of all hidden layers go with it.
  public init(classes: Int, cells: Int = 7, boxes: Int = 2, width: Int = 16) {
    grid = YOLOGrid(cells: cells, boxes: boxes, classes: classes)
    self.width = width
  }

  public var description: String { grid.typed("FastYOLOv1", argument("width", width, default: 16)) }

  public func declare(_ x: Symbol) -> Symbol { grid.checked(x) ?? body.declare(x) }

  public var body: some Layer {
    for halving in 0..<6 {
      leakyConv(1 + halving, width, 1 << halving)
      MaxPool2D(2)
    }
    for number in 7...9 { leakyConv(number, width, 64) }
    Flatten()
    Dense(Convolution.product(width, 16)).named("fc1")
    Dense(Convolution.product(width, 256)).named("fc2")
    LeakyReLU(0.1)
    Dropout(0.5)
    Dense(grid.numbers ?? 0).named("fc3")
  }
}
