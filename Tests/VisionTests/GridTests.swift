import FoveaTensors
import FoveaVision
import Testing

@Suite struct GridTests {
  @Test func countsItsNumbers() {
    #expect(YOLOGrid().numbers == 1470, "the paper's 7×7×30")
    #expect(YOLOGrid(cells: 2, boxes: 3, classes: 4).numbers == 76)
    #expect(YOLOGrid().boxCount == 98)
    for grid in [
      YOLOGrid(cells: 0), YOLOGrid(boxes: -1), YOLOGrid(classes: 0), YOLOGrid(cells: .max), YOLOGrid(boxes: .max),
      YOLOGrid(classes: .max), YOLOGrid(cells: 1 << 14), YOLOGrid(cells: 1, boxes: 1 << 20, classes: 1 << 20),
    ] {
      #expect(grid.numbers == nil, "\(grid)")
      #expect(throws: VisionError.badGrid(cells: grid.cells, boxes: grid.boxes, classes: grid.classes)) {
        try grid.targets(of: [])
      }
      #expect(throws: VisionError.self) { try grid.detections(in: []) }
    }
  }

  /// Each number has a place of its own, in the order that the layouts' descriptions say.
  @Test func byHand() throws {
    // One row of the right column of 2×2 cells: cell 3 has box 0 of half the picture's width, and class 1.
    let darknet: [Float] = [
      0, 0, 0, 0, 0, 0, 0.25, 0.75,  // probabilities
      0, 0, 0, 0.5,  // confidences
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.25, -0.5, 1,  // boxes
    ]
    let paper: [Float] = [
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0.5, 0.25, -0.5, 1, 0.5, 0.25, 0.75,
    ]
    let box = Box(centerX: 0.75, centerY: 0.625, width: 0.25, height: 1)
    for (layout, numbers) in [(YOLOGrid.Layout.darknet, darknet), (.paper, paper)] {
      let grid = YOLOGrid(cells: 2, boxes: 1, classes: 2, layout: layout)
      let found = try grid.detections(in: numbers)
      #expect(
        found == [
          Detection(box: box, classIndex: 0, score: 0.125), Detection(box: box, classIndex: 1, score: 0.375),
        ])
      #expect(try grid.detections(in: numbers, score: 0.2) == [found[1]])
      let sides = YOLOGrid(cells: 2, boxes: 1, classes: 2, layout: layout, givesRoots: false)
      #expect(try sides.detections(in: numbers).first?.box.isEmpty == true, "a side of −0.5")
      #expect(throws: VisionError.countMismatch(what: "numbers of a grid", expected: 28, found: 27)) {
        try grid.detections(in: Array(numbers.dropLast()))
      }
    }
  }

  @Test func targetsByHand() throws {
    let grid = YOLOGrid(cells: 2, boxes: 2, classes: 3)
    let targets = try grid.targets(of: [
      Annotation(box: Box(centerX: 0.75, centerY: 0.125, width: 0.5, height: 0.25), classIndex: 2)
    ])
    #expect(targets.unplaced.isEmpty && targets.tensor.shape == [2, 2, 8])
    let expected: [Float] = [1, 0, 0, 1, 0.5, 0.25, 0.5, 0.25]
    let zeros = [Float](repeating: 0, count: 8)
    #expect(targets.tensor.array(of: Float.self) == zeros + expected + zeros + zeros)
  }

  @Test func whatHasNoPlaceIsNamed() throws {
    let grid = YOLOGrid(cells: 2, boxes: 2, classes: 3)
    func at(_ x: Double, _ y: Double, _ side: Double = 0.125, of index: Int = 0) -> Annotation {
      Annotation(box: Box(centerX: x, centerY: y, width: side, height: side), classIndex: index)
    }
    let targets = try grid.targets(of: [
      at(0.25, 0.25), at(0.5, 0.5), at(0.375, 0.375, of: 1), at(1, 0.5), at(-0.125, 0.5), at(0.25, 0.75, of: 3),
      at(0.25, 0.75, of: -1), at(0.25, 0.75, 0), at(.nan, 0.5), at(0.25, 0.75, 1.5), at(0.25, 0.75, .infinity),
      at(0.75, 0.0, of: 2), at(0.99, 0.99),
    ])
    #expect(
      targets.unplaced.map(\.index) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 12]
        && targets.unplaced.map(\.reason) == [
          .cellTaken(by: 0), .outside, .outside, .unknownClass, .unknownClass, .empty, .empty, .outside, .outside,
          .cellTaken(by: 1),
        ])
    let objects = targets.tensor.array(of: Float.self).enumerated().filter { $0.offset % 8 == 0 }.map(\.element)
    #expect(objects == [1, 1, 0, 1])
  }

  /// A network that says its targets is decoded to the boxes they were made of.
  @Test(arguments: UInt64(1)...16) func decodingUndoesTargets(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let (cells, boxes, classes) = (draws.int(1...8), draws.int(1...3), draws.int(1...5))
    let annotations = (0..<draws.int(1...12)).map { _ in Annotation(box: draws.box(), classIndex: draws.int(0...5)) }
    for layout in YOLOGrid.Layout.allCases {
      let grid = YOLOGrid(
        cells: cells, boxes: boxes, classes: classes, layout: layout, givesRoots: draws.int(0...1) == 1)
      let targets = try grid.targets(of: annotations)
      let values = targets.tensor.array(of: Float.self)
      var numbers = [Float](repeating: 0, count: try #require(grid.numbers))
      for cell in 0..<cells * cells where values[cell * (5 + classes)] == 1 {
        let target = values[cell * (5 + classes)..<(cell + 1) * (5 + classes)].map { $0 }
        let box = draws.int(0...(boxes - 1))
        numbers[grid.confidence(cell, box)] = 1
        for index in 0..<classes { numbers[grid.probability(cell, index)] = target[1 + index] }
        for axis in 0..<4 {
          let value = target[1 + classes + axis]
          numbers[grid.coordinates(cell, box) + axis] = axis > 1 && grid.givesRoots ? value.squareRoot() : value
        }
      }
      let found = try grid.detections(in: numbers, score: 0.5)
      let unplaced = Set(targets.unplaced.map(\.index))
      let placed = annotations.indices.filter { !unplaced.contains($0) }.map { annotations[$0] }
      #expect(found.count == placed.count, "seed \(seed)")
      for annotation in placed {
        #expect(
          found.contains {
            $0.classIndex == annotation.classIndex && $0.box.intersectionOverUnion(annotation.box) > 0.999
          }, "seed \(seed) \(grid): \(annotation)")
      }
    }
  }
}
