import FoveaGraphs
import FoveaTensors
import FoveaVision
import Testing

struct YOLOGridTests {
  /// Targets with an object in about two of three cells.
  private func target(_ draws: inout Draws, _ grid: YOLOGrid, pictures: Int) -> Tensor {
    var values: [Double] = []
    for _ in 0..<pictures * grid.cells * grid.cells {
      var cell = [Double](repeating: 0, count: 5 + grid.classes)
      if draws.int(0...2) > 0 {
        cell[0] = 1
        cell[1 + draws.int(0...(grid.classes - 1))] = 1
        for axis in 0..<4 { cell[1 + grid.classes + axis] = 0.05 + 0.9 * draws.uniform() }
      }
      values += cell
    }
    return doubles(values, [pictures, grid.cells, grid.cells, 5 + grid.classes])
  }

  private func grid(_ draws: inout Draws) -> YOLOGrid {
    YOLOGrid(
      cells: draws.int(1...3), boxes: draws.int(1...3), classes: draws.int(1...4),
      layout: draws.int(0...1) == 0 ? .darknet : .paper, givesRoots: draws.int(0...1) == 0)
  }

  /// One number of a cell's box: 0 … 3 x, y, w, h, 4 the confidence.
  private func place(_ grid: YOLOGrid, _ cell: Int, _ box: Int, _ part: Int) -> Int {
    let all = grid.cells * grid.cells
    if grid.layout == .paper { return cell * (5 * grid.boxes + grid.classes) + 5 * box + part }
    return part == 4
      ? all * grid.classes + cell * grid.boxes + box
      : all * (grid.classes + grid.boxes) + (cell * grid.boxes + box) * 4 + part
  }
  private func place(_ grid: YOLOGrid, _ cell: Int, class index: Int) -> Int {
    grid.layout == .paper
      ? cell * (5 * grid.boxes + grid.classes) + 5 * grid.boxes + index : cell * grid.classes + index
  }

  @Test func lossByHand() throws {
    // One cell, two boxes, two classes. Truth: the middle, half as wide and high; box 1 is exactly there.
    let grid = YOLOGrid(cells: 1, boxes: 2, classes: 2)
    let root = 0.5.squareRoot()
    let numbers = doubles([0.25, 0.5, /**/ 0.5, 0.75, /**/ 0.5, 0.5, 1, 1, /**/ 0.5, 0.5, -root, root], [1, 12])
    let target = doubles([1, 0, 1, 0.5, 0.5, 0.5, 0.5], [1, 1, 1, 7])
    func loss(_ target: Tensor, _ more: Attributes = [:]) throws -> Double {
      var attributes = grid.attributes
      for (name, value) in more.entries { attributes[name] = value }
      return try apply(Op.YOLOGridLoss.self, [numbers, target], attributes)[0].numbers[0]
    }
    // The confidence of box 0 is half-counted; box 1 overlaps fully, but says −√w: 5·(2√w)² = 5·2.
    let expected = 0.5 * 0.25 + 0.0625 + 10 + (0.0625 + 0.25)
    #expect(abs(try loss(target) - expected) < 1e-14)
    #expect(abs(try loss(target, ["lambda_coord": .float(0), "lambda_noobj": .int(0)]) - 0.375) < 1e-14)
    #expect(abs(try loss(doubles([0, 1, 1, 1, 1, 1, 1], [1, 1, 1, 7])) - 0.5 * (0.25 + 0.5625)) < 1e-14)
    #expect(try loss(doubles([1, 0, 1, .nan, 0.5, 0.5, 0.5], [1, 1, 1, 7])).isNaN, "what is no number is seen")
    // A small truth in the middle overlaps both; a far one none, and the nearer size answers.
    let far = doubles([1, 0, 1, 40, 0.5, 0.5, 0.5], [1, 1, 1, 7])
    let back = try apply(
      Op.YOLOGridLossBackward.self, [doubles([1], .scalar), numbers, far], grid.attributes)[0].numbers
    #expect(back[4...7].allSatisfy { $0 == 0 } && abs(back[8] - 10 * (0.5 - 40)) < 1e-12)
    #expect(abs(back[3] - 2 * 0.75) < 1e-14, "no overlap, so no confidence")
  }

  @Test(arguments: UInt64(1)...24) func lossAgreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let grid = grid(&draws)
    let pictures = draws.int(1...3)
    let numbers = try #require(grid.numbers)
    let x = draws.tensor([pictures, numbers], scale: 0.7, offset: 0.3)
    let target = target(&draws, grid, pictures: pictures)
    let rescore = draws.int(0...1)
    let (coord, noobj) = (Double(draws.int(0...6)), draws.uniform())
    var loss = 0.0
    for picture in 0..<pictures {
      for cell in 0..<grid.cells * grid.cells {
        let truth = Array(target.numbers[((picture * grid.cells * grid.cells + cell) * (5 + grid.classes))...])
        let size = Array(truth[(1 + grid.classes)..<(5 + grid.classes)])
        func number(_ place: Int) -> Double { x.numbers[picture * numbers + place] }
        func box(_ index: Int) -> [Double] {
          let four = (0..<4).map { number(place(grid, cell, index, $0)) }
          return grid.givesRoots ? [four[0], four[1], four[2] * four[2], four[3] * four[3]] : four
        }
        func shaped(_ four: [Double]) -> Box {
          Box(
            centerX: four[0] / Double(grid.cells), centerY: four[1] / Double(grid.cells), width: four[2],
            height: four[3])
        }
        func distance(_ index: Int) -> Double {
          let (a, b) = (shaped(box(index)), shaped(size))
          return [
            a.centerX - b.centerX, a.centerY - b.centerY, box(index)[2] - size[2], box(index)[3] - size[3],
          ].reduce(0) { $0 + $1 * $1 }
        }
        let overlaps = (0..<grid.boxes).map { shaped(box($0)).intersectionOverUnion(shaped(size)) }
        let best =
          overlaps.max() ?? 0 > 0
          ? (0..<grid.boxes).max { overlaps[$0] < overlaps[$1] } : (0..<grid.boxes).min { distance($0) < distance($1) }
        for index in 0..<grid.boxes where truth[0] == 0 || index != best {
          loss += noobj * number(place(grid, cell, index, 4)) * number(place(grid, cell, index, 4))
        }
        guard truth[0] == 1, let best else { continue }
        func square(_ value: Double) -> Double { value * value }
        loss += square(number(place(grid, cell, best, 4)) - (rescore == 1 ? overlaps[best] : 1))
        for axis in 0..<4 {
          let wanted = axis > 1 && grid.givesRoots ? size[axis].squareRoot() : size[axis]
          loss += coord * square(number(place(grid, cell, best, axis)) - wanted)
        }
        for index in 0..<grid.classes { loss += square(number(place(grid, cell, class: index)) - truth[1 + index]) }
      }
    }
    var attributes = grid.attributes
    attributes["rescore"] = .int(rescore)
    attributes["lambda_coord"] = .float(coord)
    attributes["lambda_noobj"] = .float(noobj)
    for (reduction, divisor) in [("mean", Double(pictures)), ("sum", 1)] {
      attributes["reduction"] = .string(reduction)
      for (dtype, tolerance) in [(DType.f64, 1e-12), (.f32, 1e-5)] {
        let found = try apply(
          Op.YOLOGridLoss.self, [x.converted(to: dtype), target.converted(to: dtype)], attributes)
        #expect(
          difference(found[0].numbers, [loss / divisor]) < tolerance, "seed \(seed) \(attributes.text) \(dtype)")
      }
    }
  }

  @Test(arguments: UInt64(1)...12) func gradients(seed: UInt64) throws {
    // Without rescoring the loss is smooth wherever the responsible box is clear.
    var draws = Draws(seed: seed)
    let grid = grid(&draws)
    let x = draws.tensor([3, try #require(grid.numbers)], scale: 0.5, offset: 0.5)
    let target = target(&draws, grid, pictures: 3)
    var attributes = grid.attributes
    attributes["reduction"] = .string(seed % 2 == 0 ? "mean" : "sum")
    attributes["rescore"] = .int(0)
    try checkGradient(
      Op.YOLOGridLoss.self, [x, target], batched: [0, 1], attributes, scalarLoss: true, seed: seed)
    // With it, only the responsible confidences differ: by twice one less the overlap.
    func back() throws -> [Double] {
      try apply(Op.YOLOGridLossBackward.self, [doubles([0.5], .scalar), x, target], attributes)[0].numbers
    }
    let plain = try back()
    attributes["rescore"] = .int(1)
    let changes = zip(try back(), plain).map { $0 - $1 }
    let objects = (0..<3 * grid.cells * grid.cells).count { target.numbers[$0 * (5 + grid.classes)] == 1 }
    let confidences = Set((0..<grid.boxCount).map { place(grid, $0 / grid.boxes, $0 % grid.boxes, 4) })
    let changed = changes.indices.filter { changes[$0] != 0 }
    #expect(changed.count == objects, "seed \(seed)")
    #expect(changed.allSatisfy { confidences.contains($0 % (grid.numbers ?? 1)) }, "seed \(seed)")
    let most = attributes.string("reduction", default: "") == "sum" ? 1.0 : 1.0 / 3
    #expect(changed.allSatisfy { changes[$0] > 0 && changes[$0] <= most + 1e-12 }, "seed \(seed)")
  }

  /// A network that says its targets has no loss and no gradient.
  @Test func theTargetsThemselvesAreRight() throws {
    for layout in YOLOGrid.Layout.allCases {
      let grid = YOLOGrid(cells: 3, boxes: 2, classes: 4, layout: layout)
      let targets = try grid.targets(of: [
        Annotation(box: Box(centerX: 0.5, centerY: 0.25, width: 0.25, height: 0.5), classIndex: 1),
        Annotation(box: Box(centerX: 0.9, centerY: 0.75, width: 0.1, height: 0.25), classIndex: 3),
      ]).tensor
      let cells = targets.converted(to: .f64).numbers
      var numbers = [Double](repeating: 0, count: try #require(grid.numbers))
      for cell in 0..<9 where cells[cell * 9] == 1 {
        numbers[place(grid, cell, 1, 4)] = 1
        for axis in 0..<4 {
          let value = cells[cell * 9 + 5 + axis]
          numbers[place(grid, cell, 1, axis)] = axis > 1 ? value.squareRoot() : value
        }
        for index in 0..<4 { numbers[place(grid, cell, class: index)] = cells[cell * 9 + 1 + index] }
      }
      let x = doubles(numbers, [1, numbers.count])
      let target = try targets.converted(to: .f64).reshaped(to: [1, 3, 3, 9])
      let loss = try apply(Op.YOLOGridLoss.self, [x, target], grid.attributes)[0].numbers[0]
      #expect(abs(loss) < 1e-20, "\(layout): \(loss)")
      // And decoding finds them.
      let decoded = try apply(Op.YOLOGridDecode.self, [x], grid.attributes)
      #expect(decoded[0].shape == [1, 18, 4] && decoded[1].shape == [1, 4, 18])
      #expect(decoded[1].numbers.filter { $0 != 0 } == [1, 1])
      let first = try #require(decoded[1].numbers[18..<36].firstIndex(of: 1)) - 18
      #expect(
        difference(Array(decoded[0].numbers[(4 * first)..<(4 * first + 4)]), [0.375, 0, 0.625, 0.5], least: 1) < 1e-12)
    }
  }

  @Test func hasNoGradientThroughDecoding() {
    for op in [Op.YOLOGridDecode.self as any Operator.Type, Op.NonMaxSuppression.self] {
      guard case .no(let reason) = op.differentiability else {
        Issue.record("\(op.name) has a gradient")
        continue
      }
      #expect(reason.contains("differentiate"))
    }
  }

  @Test func mistakes() {
    func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> [String] {
      infer(op, operands, attributes).mistakes.map { "\($0.problem); \($0.mend)" }
    }
    #expect(infer(Op.YOLOGridLoss.self, [f32(nil, 1470), f32(nil, 7, 7, 25)]).types == [f32()])
    #expect(
      infer(Op.YOLOGridDecode.self, [f32(nil, 1470)]).types == [f32(nil, 98, 4), f32(nil, 20, 98)])
    #expect(infer(Op.YOLOGridDecode.self, [TensorType(.f32, .unknown)]).mistakes.isEmpty)
    #expect(
      said(Op.YOLOGridDecode.self, [f32(2, 1471)]) == [
        "numbers is [2×1471], but [?×1470] is needed; give 7·7·(2·5 + 20) numbers for each picture"
      ])
    #expect(said(Op.YOLOGridDecode.self, [f32(2, 7, 7, 30)]).count == 1)
    #expect(said(Op.YOLOGridDecode.self, [f32(2, 1470)], ["layout": .string("rows")]).count == 1)
    for attribute in ["cells", "boxes", "classes"] {
      for value in [0, -1, Int.max] {
        #expect(said(Op.YOLOGridDecode.self, [f32(2, 1470)], [attribute: .int(value)]).count == 1, "\(attribute)")
      }
    }
    #expect(said(Op.YOLOGridLoss.self, [f32(2, 1470), f32(3, 7, 7, 25)]).count == 1)
    #expect(said(Op.YOLOGridLoss.self, [f32(2, 1470), f32(2, 7, 7, 30)]).count == 1)
    #expect(said(Op.YOLOGridLoss.self, [f32(2, 1470), f32(2, 7, 7, 25)], ["reduction": .string("none")]).count == 1)
    for value in [-1, .infinity, .nan] {
      #expect(said(Op.YOLOGridLoss.self, [f32(2, 1470), f32(2, 7, 7, 25)], ["lambda_coord": .float(value)]).count == 1)
    }
    #expect(said(Op.YOLOGridLossBackward.self, [f32(2), f32(2, 1470), f32(2, 7, 7, 25)]).count == 1)
  }
}
