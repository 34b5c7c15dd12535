import FoveaTensors
import FoveaVision

extension Op {
  /// Turns the numbers of a YOLO v1 network into boxes and scores (Redmon et al. 2015, section 2).
  ///
  /// numbers [N, S·S·(B·5 + C)] → boxes [N, S·S·B, 4], left, top, right, bottom in units of the picture, and scores
  /// [N, C, S·S·B], the probability of a class times the confidence in a box: what `NonMaxSuppression` takes.
  /// Attributes: `cells` S (7), `boxes` B (2), `classes` C (20), `layout` ("darknet": all probabilities, then all
  /// confidences, then all boxes; "paper": cell by cell B boxes of five numbers, then C probabilities),
  /// `square_roots` (1: w and h are roots of the sides). See `YOLOGrid`.
  public enum YOLOGridDecode: Operator {
    public static let name = "YOLOGridDecode"
    public static let inputNames = ["numbers"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let grid = YOLOGrid.require(&query, numbers: 0)
      let pictures = query.shape(0)[0]
      return [
        TensorType(query.dtype(0), PartialShape([pictures, grid?.boxCount, 4])),
        TensorType(query.dtype(0), PartialShape([pictures, grid?.classes, grid?.boxCount])),
      ]
    }

    public static var differentiability: Differentiability {
      .no(because: "boxes are decoded to be looked at; differentiate YOLOGridLoss, which takes the numbers themselves")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }
    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let grid = YOLOGrid(site.attributes)
      let (pictures, count) = (site.inputShape(0)[0], site.inputShape(0)[1])
      return { buffers in
        for picture in 0..<pictures {
          grid.decode(
            buffers.input(0, as: T.self) + picture * count,
            boxes: buffers.output(0, as: T.self) + picture * grid.boxCount * 4,
            scores: buffers.output(1, as: T.self) + picture * grid.boxCount * grid.classes)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let grid = YOLOGrid(site.attributes)
      return
        "Reads \(site.inputShape(0)[1]) numbers as \(grid.cells)×\(grid.cells) cells with \(grid.boxes) boxes and "
        + "\(grid.classes) classes: \(grid.boxCount) boxes, each with a score for each class."
    }
  }
}

extension YOLOGrid {
  /// The grid that a node's attributes say.
  init(_ attributes: Attributes) {
    self.init(
      cells: attributes.int("cells", default: 7), boxes: attributes.int("boxes", default: 2),
      classes: attributes.int("classes", default: 20),
      layout: Layout(rawValue: attributes.string("layout", default: "darknet")) ?? .darknet,
      givesRoots: attributes.flag("square_roots", default: true))
  }

  /// The attributes of an operator on this grid.
  public var attributes: Attributes {
    [
      "cells": .int(cells), "boxes": .int(boxes), "classes": .int(classes), "layout": .string(layout.rawValue),
      "square_roots": .int(givesRoots ? 1 : 0),
    ]
  }

  /// Checks the attributes and that the input at `index` has a row of numbers for each picture.
  /// - Returns: nil, reported, when there is no such grid.
  static func require(_ query: inout ShapeQuery, numbers index: Int) -> YOLOGrid? {
    query.requireFloat(index)
    let layout = query.attributes.string("layout", default: "darknet")
    if Layout(rawValue: layout) == nil {
      query.reject("layout \"\(layout)\"", mend: "use \"darknet\" or \"paper\"")
    }
    let grid = YOLOGrid(query.attributes)
    let isRow = query.requireRank(
      2, ofInput: index, layout: "N×numbers", mend: "end the network in a dense layer, or flatten its output")
    guard let numbers = grid.numbers else {
      query.reject(
        "a grid of \(grid.cells)×\(grid.cells) cells with \(grid.boxes) boxes and \(grid.classes) classes",
        mend: "give at least 1 of each, and at most 2²⁸ numbers and scores")
      return nil
    }
    if isRow {
      query.requireShape(
        PartialShape([nil, numbers]), ofInput: index,
        mend: "give \(grid.cells)·\(grid.cells)·(\(grid.boxes)·5 + \(grid.classes)) numbers for each picture")
    }
    return grid
  }
}
