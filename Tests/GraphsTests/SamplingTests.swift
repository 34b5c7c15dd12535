import FoveaGraphs
import FoveaTensors
import Testing

/// Pictures read at places and in boxes; `ONNXForeignCases` holds them against ONNX Runtime.
@Suite struct SamplingTests {
  private static let words = ["zeros", "border", "reflection"]

  /// Places of the pixels themselves.
  private func identity(_ height: Int, _ width: Int, aligned: Bool) -> Tensor {
    var numbers: [Double] = []
    for row in 0..<height {
      for column in 0..<width {
        for (at, extent) in [(column, width), (row, height)] {
          numbers.append(
            aligned ? 2 * Double(at) / Double(extent - 1) - 1 : (2 * Double(at) + 1) / Double(extent) - 1)
        }
      }
    }
    return doubles(numbers, [1, height, width, 2])
  }

  @Test func ownPlacesGiveThePictureBack() throws {
    var draws = Draws(seed: 1)
    let x = draws.tensor([1, 2, 4, 5])
    for mode in ["linear", "nearest"] {
      for outside in SamplingTests.words {
        for aligned in [false, true] {
          let y = try apply(
            Op.GridSample.self, [x, identity(4, 5, aligned: aligned)],
            ["mode": .string(mode), "padding_mode": .string(outside), "align_corners": .int(aligned ? 1 : 0)])[0]
          #expect(difference(y.numbers, x.numbers) < 1e-13, "\(mode) \(outside) \(aligned)")
        }
      }
    }
  }

  @Test func byHand() throws {
    let x = doubles([1, 2, 3, 4], [1, 1, 2, 2])
    func read(_ place: [Double], _ outside: String, aligned: Int = 0) throws -> Double {
      try apply(
        Op.GridSample.self, [x, doubles(place, [1, 1, 1, 2])],
        ["padding_mode": .string(outside), "align_corners": .int(aligned)])[0].numbers[0]
    }
    #expect(try read([0, 0], "zeros") == 2.5)
    // The outer edge: half of a pixel and half of nothing along each side.
    #expect(try read([-1, -1], "zeros") == 0.25)
    #expect(try read([-1, -1], "border") == 1)
    #expect(try read([1, -1], "zeros", aligned: 1) == 2)
    #expect(try read([3, -1], "reflection", aligned: 1) == 1)
    #expect(try read([9, 9], "zeros") == 0)
    #expect(try read([.nan, 0], "zeros") == 0)
    #expect(try read([.infinity, 0], "reflection") == 0)
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 7)
    // Away from the pixels' centres, where the slope jumps.
    let numbers = (0..<24).map { (index: Int) -> Double in
      let step = Double(index % 7) - 3
      return step * 0.31 + 0.013 * Double(index)
    }
    let places = doubles(numbers, [2, 2, 3, 2])
    for outside in SamplingTests.words {
      for aligned in 0...1 {
        let attributes: Attributes = ["padding_mode": .string(outside), "align_corners": .int(aligned)]
        try checkGradient(
          Op.GridSample.self, [draws.tensor([2, 2, 4, 5]), places], batched: [0, 1], targets: [0, 1], attributes)
      }
    }
    try checkGradient(
      Op.GridSample.self, [draws.tensor([2, 2, 4, 5]), places], batched: [0, 1], targets: [0, 1],
      ["mode": .string("nearest")])
  }

  @Test func boxes() throws {
    var draws = Draws(seed: 8)
    let x = draws.tensor([2, 2, 6, 6])
    let numbers = try Tensor([1, 0, 5] as [Int64], shape: [3])
    // Boxes of whole pixels with one sample in each give the pixels themselves.
    let boxes = doubles([1, 2, 4, 4, 0, 0, 3, 2, 0, 0, 3, 2], [3, 4])
    let attributes: Attributes = [
      "output_height": .int(2), "output_width": .int(3), "sampling_ratio": .int(1),
    ]
    let y = try apply(Op.RoiAlign.self, [x, boxes, numbers], attributes)[0]
    var expected: [Double] = []
    for (picture, top, left) in [(1, 2, 1), (0, 0, 0)] {
      for at in indices(of: [2, 2, 3]) {
        expected.append(x.numbers[offset([picture, at[0], top + at[1], left + at[2]], x.shape.dims)])
      }
    }
    #expect(difference(y.numbers, expected + [Double](repeating: 0, count: 12)) < 1e-14)
    for ratio in 0...2 {
      try checkGradient(
        Op.RoiAlign.self,
        [x, doubles([0.3, 1.1, 4.2, 5.9, -1, 2, 3.3, 9], [2, 4]), try Tensor([1, 0] as [Int64], shape: [2])],
        batched: [],
        ["output_height": .int(2), "output_width": .int(3), "sampling_ratio": .int(ratio)])
    }
    #expect(
      infer(Op.RoiAlign.self, [f32(1, 2, 3, 3), f32(4, 4), TensorType(.i64, [4] as Shape)], ["mode": .string("max")])
        .mistakes.count == 1)
  }

  @Test func whatDoesNotFitIsSaid() {
    #expect(infer(Op.GridSample.self, [f32(1, 2, 3, 3), f32(2, 3, 3, 2)]).mistakes.count == 1)
    #expect(infer(Op.GridSample.self, [f32(1, 2, 3, 3), f32(1, 3, 3, 3)]).mistakes.count == 1)
    #expect(
      infer(Op.GridSample.self, [f32(1, 2, 3, 3), f32(1, 3, 3, 2)], ["mode": .string("cubic")]).mistakes.count == 1)
    let open = infer(Op.GridSample.self, [f32(nil, 2, nil, nil), f32(nil, 3, 4, 2)])
    #expect(open.mistakes.isEmpty && open.types[0].shape == PartialShape([nil, 2, 3, 4]))
  }
}
