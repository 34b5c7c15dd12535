import FoveaGraphs
import FoveaVision

/// YOLO, which finds objects in one look: 24 convolutions and two dense layers that say, for each cell of a grid
/// over the picture, where objects are and what they are (Redmon et al. 2015, figure 3).
///
/// [N, 3, H, W] → [N, S·S·(B·5 + C)], in an order that `YOLOGrid` tells; for [3, 448, 448] and 20 classes 1,470
/// numbers and 271,703,550 parameters, 60,155,968 of them in convolutions. Those have biases and no normalization,
/// as in the paper; leaky rectifiers of slope 0.1 follow all layers but the last, and dropout of one half the first
/// dense one.
///
/// ```swift
/// let model = try Model(input: [3, 448, 448]) { YOLOv1(classes: 20) }
/// ```
public struct YOLOv1: Layer, CustomStringConvertible {
  /// What its numbers mean.
  public let grid: YOLOGrid
  let width: Int

  /// - Parameters:
  ///   - cells: S; in a picture of 64·S×64·S pixels the last map has a place for each cell.
  ///   - boxes: B, of each cell.
  ///   - width: maps of the first convolution; the sizes of all hidden layers go with it.
  public init(classes: Int, cells: Int = 7, boxes: Int = 2, width: Int = 64) {
    grid = YOLOGrid(cells: cells, boxes: boxes, classes: classes)
    self.width = width
  }

  public var description: String { grid.typed("YOLOv1", argument("width", width, default: 64)) }

  public func declare(_ x: Symbol) -> Symbol { grid.checked(x) ?? body.declare(x) }

  public var body: some Layer {
    leakyConv(1, width, 1, kernel: 7, stride: 2)
    MaxPool2D(2)
    leakyConv(2, width, 3)
    MaxPool2D(2)
    leakyConv(3, width, 2, kernel: 1)
    leakyConv(4, width, 4)
    leakyConv(5, width, 4, kernel: 1)
    leakyConv(6, width, 8)
    MaxPool2D(2)
    for pair in 0..<4 {
      leakyConv(7 + 2 * pair, width, 4, kernel: 1)
      leakyConv(8 + 2 * pair, width, 8)
    }
    leakyConv(15, width, 8, kernel: 1)
    leakyConv(16, width, 16)
    MaxPool2D(2)
    for pair in 0..<2 {
      leakyConv(17 + 2 * pair, width, 8, kernel: 1)
      leakyConv(18 + 2 * pair, width, 16)
    }
    leakyConv(21, width, 16)
    leakyConv(22, width, 16, stride: 2)
    leakyConv(23, width, 16)
    leakyConv(24, width, 16)
    Flatten()
    Dense(Convolution.product(width, 64)).named("fc1")
    LeakyReLU(0.1)
    Dropout(0.5)
    Dense(grid.numbers ?? 0).named("fc2")
  }
}

/// Convolution number `number` of a YOLO network with `width`·`factor` maps, and its rectifier.
func leakyConv(_ number: Int, _ width: Int, _ factor: Int, kernel: Int = 3, stride: Int = 1) -> [any Layer] {
  [
    Conv2D(Convolution.product(width, factor), kernel: kernel, stride: stride, padding: .same).named("conv\(number)"),
    LeakyReLU(0.1),
  ]
}

extension YOLOGrid {
  /// A network that ends in this grid, as it was typed.
  func typed(_ name: String, _ width: String?) -> String {
    FoveaLayers.typed(
      name, "classes: \(classes)", argument("cells", cells, default: 7), argument("boxes", boxes, default: 2), width)
  }

  /// Reports a grid that cannot be; nil when it can.
  func checked(_ x: Symbol) -> Symbol? {
    guard numbers == nil else { return nil }
    x.reject(
      "a grid of \(cells)×\(cells) cells with \(boxes) boxes and \(classes) classes",
      mend: "give at least 1 of each, and at most 2²⁸ numbers and scores")
    return x.poisoned([x.shape[0], nil])
  }
}
