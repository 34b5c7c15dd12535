import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct ResizeTests {
  private static let rules = [
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn",
  ]
  private static let roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]

  @Test func byHand() throws {
    let x = floats([1, 2, 3, 4], [1, 1, 2, 2])
    let doubled: Attributes = ["scales": .floats([2, 2])]
    #expect(try apply(Op.Resize.self, [x], doubled)[0].numbers == [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4])
    var linear = doubled
    linear["mode"] = .string("linear")
    // ONNX's own example resize_upsample_scales_linear.
    #expect(
      try apply(Op.Resize.self, [x], linear)[0].numbers == [
        1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4,
      ])
    linear["coordinate_transformation_mode"] = .string("align_corners")
    let corners = try apply(Op.Resize.self, [x], linear)[0].numbers
    #expect(difference([corners[0], corners[1], corners[3], corners[15]], [1, 4.0 / 3, 2, 4]) < 1e-6)
    // And downwards: every other one.
    let row = floats([0, 1, 2, 3, 4], [1, 1, 5])
    let half: Attributes = [
      "scales": .floats([0.5]), "coordinate_transformation_mode": .string("asymmetric"),
      "nearest_mode": .string("floor"),
    ]
    #expect(try apply(Op.Resize.self, [row], half)[0].numbers == [0, 2])
    // Like another value: its spatial extents, not its batch or channels.
    let like = try apply(Op.Resize.self, [row, floats([Double](repeating: 0, count: 60), [2, 3, 10])], [:])[0]
    #expect(like.shape == [1, 1, 10] && like.numbers == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
  }

  /// ONNX's words, one coordinate at a time.
  private func weights(
    _ rule: String, _ mode: String, _ rounding: String, _ place: Int, _ old: Int, _ new: Int, _ scale: Double,
    isSmooth: Bool, excludes: Bool
  )
    -> [(Int, Double)]
  {
    let p = Double(place)
    var x: Double
    switch rule {
    case "half_pixel": x = (p + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let adjustment = Double(new) / (scale * Double(old))
      let center = Double(old) / 2
      x = center * (1 - adjustment) + (p + 0.5) / scale - 0.5
    case "pytorch_half_pixel": x = new > 1 ? (p + 0.5) / scale - 0.5 : 0
    case "tf_half_pixel_for_nn": x = (p + 0.5) / scale
    case "align_corners": x = new == 1 ? 0 : p * Double(old - 1) / Double(new - 1)
    default: x = p / scale
    }
    func clamped(_ i: Int) -> Int { min(max(i, 0), old - 1) }
    if mode != "nearest" {
      // Every place near enough, weighed by its distance; those outside are the ends.
      let width = isSmooth ? max(1, 1 / scale) : 1
      func weight(_ t: Double) -> Double {
        if mode == "linear" { return max(0, 1 - t) }
        let a = -0.5
        if t <= 1 { return (a + 2) * t * t * t - (a + 3) * t * t + 1 }
        return t < 2 ? a * t * t * t - 5 * a * t * t + 8 * a * t - 4 * a : 0
      }
      let reach = Int(2 * width) + 2
      var list = (Int(floor(x)) - reach...Int(floor(x)) + reach).map { ($0, weight(abs(Double($0) - x) / width)) }
      if excludes { list = list.filter { (0..<old).contains($0.0) } }
      let sum = list.reduce(0) { $0 + $1.1 }
      return list.map { (clamped($0.0), $0.1 / sum) }
    }
    x = min(max(x, 0), Double(old - 1))
    switch rounding {
    case "floor": return [(clamped(Int(floor(x))), 1)]
    case "ceil": return [(clamped(Int(ceil(x))), 1)]
    case "round_prefer_ceil": return [(clamped(Int(floor(x + 0.5))), 1)]
    default: return [(clamped(Int(ceil(x - 0.5))), 1)]
    }
  }

  @Test(arguments: UInt64(1)...120)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let axes = draws.int(1...3)
    let x = [draws.int(1...2), draws.int(1...2)] + (0..<axes).map { _ in draws.int(1...5) }
    let rule = Self.rules[draws.int(0...5)]
    let mode = ["nearest", "linear", "cubic"][draws.int(0...2)]
    let (isSmooth, excludes) = (draws.int(0...1) == 1, rule != "tf_half_pixel_for_nn" && draws.int(0...1) == 1)
    let rounding = Self.roundings[draws.int(0...3)]
    // Eighths: exact in binary, so that nothing hangs on the last digit.
    let factors = (0..<axes).map { Double(draws.int($0 == 0 ? 8...24 : 4...24)) / 8 }
    var y = Array(x.prefix(2))
    for axis in 0..<axes { y.append(Int(Double(x[axis + 2]) * factors[axis])) }
    guard !y.contains(0) else { return }
    var attributes: Attributes = [
      "coordinate_transformation_mode": .string(rule), "mode": .string(mode), "nearest_mode": .string(rounding),
      "antialias": .int(isSmooth ? 1 : 0), "exclude_outside": .int(excludes ? 1 : 0), "cubic_coeff_a": .float(-0.5),
    ]
    let kind = draws.int(0...2)
    if kind == 0 { attributes["scales"] = .floats(factors) }
    if kind == 1 { attributes["sizes"] = .ints(Array(y.dropFirst(2))) }
    let words = "seed \(seed) \(x) \(y) \(attributes.text)"
    let input = draws.tensor(Shape(x))
    let dy = draws.tensor(Shape(y))
    var expected = [Double](repeating: 0, count: dy.count)
    var back = [Double](repeating: 0, count: input.count)
    for at in indices(of: y) {
      var terms: [([Int], Double)] = [(Array(at.prefix(2)), 1)]
      for axis in 0..<axes {
        let scale = kind == 0 ? factors[axis] : Double(y[axis + 2]) / Double(x[axis + 2])
        let list = weights(
          rule, mode, rounding, at[axis + 2], x[axis + 2], y[axis + 2], scale, isSmooth: isSmooth, excludes: excludes)
        terms = terms.flatMap { term in list.map { (term.0 + [$0.0], term.1 * $0.1) } }
      }
      for (place, weight) in terms {
        expected[offset(at, y)] += weight * input.numbers[offset(place, x)]
        back[offset(place, x)] += weight * dy.numbers[offset(at, y)]
      }
    }
    for (dtype, tolerance) in [(DType.f64, 1e-12), (.f32, 2e-6)] {
      let operands = [input.converted(to: dtype)] + (kind == 2 ? [dy.converted(to: dtype)] : [])
      let found = try apply(Op.Resize.self, operands, attributes)[0]
      #expect(found.shape == Shape(y), "\(words)")
      #expect(difference(found.numbers, expected, least: 0.1) < tolerance, "\(words)")
      let gradient = try apply(
        Op.ResizeBackward.self, [dy.converted(to: dtype), input.converted(to: dtype)], attributes)[0]
      #expect(difference(gradient.numbers, back, least: 0.1) < tolerance, "\(words)")
    }
  }

  /// Parts of pictures, as TensorFlow cuts them out: what lies outside is filled, and gives nothing back.
  @Test func partsOfPictures() throws {
    let x = doubles([1, 2, 3, 4, 5], [1, 1, 5])
    let part: Attributes = [
      "sizes": .ints([4]), "mode": .string("linear"), "roi": .floats([0.25, 1.75]),
      "coordinate_transformation_mode": .string("tf_crop_and_resize"), "extrapolation_value": .float(9),
    ]
    // At 1, 3, 5 and 7 of places 0 to 4.
    #expect(try apply(Op.Resize.self, [x], part)[0].numbers == [2, 4, 9, 9])
    let g = doubles([1, 10, 100, 1000], [1, 1, 4])
    #expect(try apply(Op.ResizeBackward.self, [g, x], part)[0].numbers == [0, 1, 0, 10, 0])
    var both = part
    both["scales"] = .floats([0.5])
    both["coordinate_transformation_mode"] = .string("asymmetric")
    both["sizes"] = .ints([2])
    #expect(try apply(Op.Resize.self, [x], both)[0].numbers == [1, 3])
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 2)
    for mode in ["nearest", "linear", "cubic"] {
      for rule in Self.rules {
        let attributes: Attributes = [
          "mode": .string(mode), "coordinate_transformation_mode": .string(rule), "scales": .floats([1.5, 2]),
        ]
        try checkGradient(Op.Resize.self, [draws.tensor([3, 2, 4, 3])], attributes)
        try checkGradient(
          Op.ResizeBackward.self, [draws.tensor([3, 2, 6, 6]), draws.tensor([3, 2, 4, 3])], batched: [0, 1], attributes)
      }
      let free: Attributes = ["mode": .string(mode)]
      try checkGradient(Op.Resize.self, [draws.tensor([3, 2, 4]), draws.tensor([3, 1, 7])], batched: [0, 1], free)
      try checkGradient(
        Op.ResizeBackward.self, [draws.tensor([3, 2, 7]), draws.tensor([3, 2, 4])], batched: [0, 1], free)
    }
  }

  @Test func theResultOfTheSameSizeIsTheSame() throws {
    var draws = Draws(seed: 3)
    let x = draws.tensor([2, 3, 5, 7])
    for mode in ["nearest", "linear", "cubic"] {
      // All but the one that shifts by half a place.
      for rule in Self.rules.dropLast() {
        for rounding in Self.roundings {
          let attributes: Attributes = [
            "mode": .string(mode), "coordinate_transformation_mode": .string(rule), "nearest_mode": .string(rounding),
          ]
          #expect(try apply(Op.Resize.self, [x, x], attributes)[0].numbers == x.numbers, "\(attributes.text)")
        }
      }
    }
  }

  @Test func shapesAndMistakes() {
    let doubled: Attributes = ["scales": .floats([2, 2])]
    #expect(infer(Op.Resize.self, [f32(nil, nil, 4, nil)], doubled).types == [f32(nil, nil, 8, nil)])
    #expect(infer(Op.Resize.self, [f32(nil, 3, 4, 4), f32(1, 9, nil, 8)]).types == [f32(nil, 3, nil, 8)])
    #expect(infer(Op.Resize.self, [TensorType(.f32, .unknown)], doubled).types == [TensorType(.f32, .unknown)])
    func said(_ operands: [TensorType?], _ attributes: Attributes) -> [String] {
      infer(Op.Resize.self, operands, attributes).mistakes.map(\.problem)
    }
    #expect(said([f32(1, 1, 4, 4)], [:]) == ["scales [], sizes []"])
    #expect(said([f32(1, 1, 4, 4), f32(1, 1, 8, 8)], doubled).count == 1)
    #expect(said([f32(1, 1, 4)], doubled) == ["2 factors or sizes for [1×1×4]"])
    #expect(said([f32(1, 4)], doubled) == ["X [1×4] has 2 axes"])
    #expect(said([f32(1, 1, 4)], ["scales": .floats([0.1])]) == ["an extent of 0 along spatial axis 0"])
    #expect(said([f32(1, 1, 4)], ["scales": .floats([-.infinity])]) == ["a scale of -inf"])
    #expect(said([f32(1, 1, 1 << 29)], ["scales": .floats([1e9])]).count == 1)
    #expect(said([f32(1, 1, 4), f32(1, 1, 4, 4)], [:]) == ["like [1×1×4×4] has 4 axes, X has 3"])
    #expect(said([f32(1, 1, 4, 4)], ["scales": .ints([2, 2]), "mode": .string("area")]) == ["mode \"area\""])
    #expect(
      said([f32(1, 1, 4, 4)], ["scales": .ints([2, 2]), "coordinate_transformation_mode": .string("tf")]).count == 1)
    #expect(
      said([f32(1, 1, 4)], ["scales": .ints([2]), "cubic_coeff_a": .float(.nan)]).first?.hasPrefix("cubic_coeff_a")
        == true)
    #expect(
      infer(Op.ResizeBackward.self, [f32(1, 1, 7, 8), f32(1, 1, 4, 4)], doubled).mistakes.map(\.problem)
        == ["dY is [1×1×7×8], but [1×1×8×8] is needed"])
  }
}
