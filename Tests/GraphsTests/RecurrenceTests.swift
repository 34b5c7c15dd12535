import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// LSTM, GRU and RNN; `ONNXRecurrentCases` holds them against ONNX Runtime.
@Suite struct RecurrenceTests {
  @Test func byHand() throws {
    // One number of memory: H = tanh(x + H/2).
    let x = doubles([1, -1, 0.5], [3, 1, 1])
    let (w, r) = (doubles([1], [1, 1, 1]), doubles([0.5], [1, 1, 1]))
    let first = tanh(1.0)
    let second = tanh(-1 + first / 2)
    let third = tanh(0.5 + second / 2)
    let found = try apply(Op.RNN.self, [x, w, r])
    #expect(difference(found[0].numbers, [first, second, third]) < 1e-15)
    #expect(
      found[0].shape == [3, 1, 1, 1] && found[1].shape == [1, 1, 1] && found[1].numbers == [found[0].numbers[2]])
    // A ReLU that only sums: lengths end the way, and behind them is 0.
    let sums: Attributes = ["activations": .strings(["Relu"])]
    let one = doubles([1], [1, 1, 1])
    let pair = doubles([1, 10, 2, 20, 3, 30], [3, 2, 1])
    let short = try apply(Op.RNN.self, [pair, one, one, nil, ints([3, 2], [2])], sums)
    #expect(short[0].numbers == [1, 10, 3, 30, 6, 0] && short[1].numbers == [6, 30])
    var back = sums
    back["direction"] = .string("reverse")
    let reversed = try apply(Op.RNN.self, [pair, one, one, nil, ints([3, 2], [2])], back)
    #expect(reversed[0].numbers == [6, 30, 5, 20, 3, 0] && reversed[1].numbers == [6, 30])
  }

  private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  /// The formulas as they stand in ONNX, one number after the other.
  private func plain(
    _ kind: String, _ x: [[Double]], _ w: [[Double]], _ r: [[Double]], _ b: [Double], h0: [Double], c0: [Double],
    isLinear: Bool
  ) -> (y: [[Double]], c: [Double]) {
    let size = h0.count
    var (h, c) = (h0, c0)
    var y: [[Double]] = []
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let gates = w.count / size
    for input in x {
      func sum(_ gate: Int, _ index: Int, _ state: [Double]) -> Double {
        let row = gate * size + index
        return dot(w[row], input) + dot(r[row], state) + b[row] + b[gates * size + row]
      }
      var next = h
      let old = h
      let reset = (0..<size).map { kind == "GRU" ? logistic(sum(1, $0, old)) : 0 }
      for index in 0..<size {
        switch kind {
        case "LSTM":
          let (i, o, f) = (logistic(sum(0, index, old)), logistic(sum(1, index, old)), logistic(sum(2, index, old)))
          c[index] = f * c[index] + i * tanh(sum(3, index, old))
          next[index] = o * tanh(c[index])
        case "GRU":
          let z = logistic(sum(0, index, old))
          let row = 2 * size + index
          let candidate =
            isLinear
            ? dot(w[row], input) + b[row] + reset[index] * (dot(r[row], old) + b[3 * size + row])
            : sum(2, index, zip(reset, old).map { $0 * $1 })
          next[index] = (1 - z) * tanh(candidate) + z * old[index]
        default: next[index] = tanh(sum(0, index, old))
        }
      }
      h = next
      y.append(h)
    }
    return (y, c)
  }

  @Test(arguments: UInt64(1)...12) func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let (kind, gates) = [("LSTM", 4), ("GRU", 3), ("RNN", 1)][Int(seed) % 3]
    let op: any Operator.Type = ["LSTM": Op.LSTM.self, "GRU": Op.GRU.self][kind] ?? Op.RNN.self
    let (time, batch, input, size) = (draws.int(1...5), draws.int(1...6), draws.int(1...4), draws.int(1...5))
    let x = draws.tensor([time, batch, input])
    let (w, r) = (draws.tensor([2, gates * size, input]), draws.tensor([2, gates * size, size]))
    let (b, h0, c0) = (
      draws.tensor([2, 2 * gates * size]), draws.tensor([2, batch, size]), draws.tensor([2, batch, size])
    )
    let isLinear = draws.int(0...1) == 1
    let attributes: Attributes = [
      "direction": .string("bidirectional"), "linear_before_reset": .int(isLinear ? 1 : 0), "hidden_size": .int(size),
    ]
    for dtype in [DType.f64, .f32] {
      let operands =
        ([x, w, r, b] as [Tensor?]).map { $0?.converted(to: dtype) } + [nil, h0.converted(to: dtype)]
        + (kind == "LSTM" ? [c0.converted(to: dtype)] : [])
      let found = try apply(op, operands, attributes)
      func rows(_ tensor: Tensor, _ way: Int, _ width: Int) -> [[Double]] {
        let all = tensor.numbers
        let count = all.count / 2 / width
        return (0..<count).map { Array(all[((way * count + $0) * width)..<((way * count + $0 + 1) * width)]) }
      }
      for way in 0...1 {
        for example in 0..<batch {
          var steps = (0..<time).map { step in (0..<input).map { x.numbers[(step * batch + example) * input + $0] } }
          if way == 1 { steps.reverse() }
          var (y, c) = plain(
            kind, steps, rows(w, way, input), rows(r, way, size), rows(b, way, 2 * gates * size)[0],
            h0: rows(h0, way, size)[example], c0: rows(c0, way, size)[example], isLinear: isLinear)
          let last = y[time - 1]
          if way == 1 { y.reverse() }
          let own = (0..<time).flatMap { step in
            (0..<size).map { found[0].numbers[((step * 2 + way) * batch + example) * size + $0] }
          }
          let tolerance = dtype == .f64 ? 1e-12 : 1e-5
          #expect(difference(own, y.flatMap { $0 }, least: 0.1) < tolerance, "seed \(seed) \(kind) \(way)")
          #expect(difference(rows(found[1], way, size)[example], last, least: 0.1) < tolerance, "seed \(seed) \(kind)")
          if kind == "LSTM" {
            #expect(difference(rows(found[2], way, size)[example], c, least: 0.1) < tolerance, "seed \(seed) \(kind)")
          }
          c = []
        }
      }
    }
  }

  @Test func mistakes() {
    let (x, w, r) = (f32(5, 2, 3), f32(1, 16, 3), f32(1, 16, 4))
    #expect(infer(Op.LSTM.self, [x, w, r]).mistakes.isEmpty)
    for (operands, attributes) in [
      ([x, f32(1, 16, 2), r], [:]), ([x, w, f32(1, 12, 4)], [:]), ([x, w, r], ["direction": .string("sideways")]),
      ([x, w, r], ["activations": .strings(["Tanh"])]), ([x, w, r], ["activations": .strings(["A", "B", "C"])]),
      ([x, w, r], ["hidden_size": .int(5)]), ([x, w, r, nil, f32(2)], [:]), ([x, w, r, nil, i32(3)], [:]),
      ([x, w, r], ["clip": .float(-1)]), ([x, w, r], ["direction": .string("bidirectional")]),
    ] as [([TensorType?], Attributes)] {
      #expect(!infer(Op.LSTM.self, operands, attributes).mistakes.isEmpty, "\(operands) \(attributes.text)")
    }
  }
}
