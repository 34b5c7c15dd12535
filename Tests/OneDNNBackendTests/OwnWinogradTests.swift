import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// A convolution at random, and what it makes in `Double`.
private struct Windows {
  let taps: Int
  let x: Shape
  let y: Shape
  let pads: (top: Int, left: Int)
  let threads: Int

  init(_ choices: inout Choices, taps: Int) {
    self.taps = taps
    pads = (choices.int(0...2), choices.int(0...2))
    let (height, width) = (choices.int(taps...19), choices.int(taps...19))
    let batch = choices.int(1...3)
    x = Shape([batch, choices.int(1...40), height, width])
    // Behind the last row and column too.
    y = Shape([
      batch, choices.int(1...90), height + pads.top + choices.int(0...2) - taps + 1,
      width + pads.left + choices.int(0...2) - taps + 1,
    ])
    threads = choices.int(1...2)
  }

  var w: Shape { Shape([y[1], x[1], taps, taps]) }

  /// For each tap that meets a number: places in x, w and y.
  func forEach(_ body: (_ x: Int, _ w: Int, _ y: Int) -> Void) {
    for n in 0..<y[0] {
      for o in 0..<y[1] {
        for i in 0..<x[1] {
          for row in 0..<y[2] {
            for column in 0..<y[3] {
              let place = ((n * y[1] + o) * y[2] + row) * y[3] + column
              for tap in 0..<taps * taps {
                let (h, v) = (row + tap / taps - pads.top, column + tap % taps - pads.left)
                guard h >= 0, v >= 0, h < x[2], v < x[3] else { continue }
                body(((n * x[1] + i) * x[2] + h) * x[3] + v, (o * x[1] + i) * taps * taps + tap, place)
              }
            }
          }
        }
      }
    }
  }
}

extension [Float] {
  /// N, C, H, W with channels in blocks of 16, padded by zeros.
  fileprivate func blocked(_ shape: Shape) -> [Float] {
    let blocks = (shape[1] + 15) / 16
    let plane = shape[2] * shape[3]
    var result = [Float](repeating: 0, count: shape[0] * blocks * plane * 16)
    for index in indices {
      let (n, c, p) = (index / plane / shape[1], index / plane % shape[1], index % plane)
      result[((n * blocks + c / 16) * plane + p) * 16 + c % 16] = self[index]
    }
    return result
  }

  /// Back; nil where the padding is not zero.
  fileprivate func plain(_ shape: Shape) -> [Float]? {
    let blocks = (shape[1] + 15) / 16
    let plane = shape[2] * shape[3]
    var result = [Float](repeating: 0, count: shape.count)
    for index in indices {
      let c = index / 16 / plane % blocks * 16 + index % 16
      guard c < shape[1] else {
        if self[index] != 0 { return nil }
        continue
      }
      result[(index / 16 / plane / blocks * shape[1] + c) * plane + index / 16 % plane] = self[index]
    }
    return result
  }

  /// The largest difference ÷ the largest of `exact`.
  fileprivate func gap(_ exact: [Double]) -> Double {
    let top = exact.reduce(0) { Swift.max($0, abs($1)) }
    return zip(self, exact).reduce(0) { Swift.max($0, abs(Double($1.0) - $1.1)) } / Swift.max(top, 1e-30)
  }
}

/// Our own Winograd's way against sums in `Double`.
@Suite struct OwnWinogradTests {
  /// Memory on a multiple of 64 bytes, filled with what is no number, as memory may be.
  private func withScratch(_ bytes: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer { raw.deallocate() }
    let floats = raw.bindMemory(to: Float.self, capacity: bytes / 4)
    floats.update(repeating: .nan, count: bytes / 4)
    body(floats)
  }

  private static var sets: [Instructions] {
    Instructions.allCases.filter { $0.rawValue <= Instructions.best.rawValue }
  }

  /// Measured over some hundred grids of this kind: 3×3 to 3e-6, 5×5 to 5e-6 of the largest result.
  private static let bound = 2e-5

  @Test(arguments: [3, 5], UInt64(1)...12)
  func agreesWithDouble(taps: Int, seed: UInt64) {
    // The threads are those of the library.
    _ = OneDNNBackend.unavailable
    var choices = Choices(seed: seed)
    let problem = Windows(&choices, taps: taps)
    let stream = RandomStream(seed: seed, purpose: "own Winograd test")
    func numbers(_ count: Int, _ step: UInt64) -> [Float] {
      (0..<count).map { Float(stream.normal(step: step, index: $0)) }
    }
    let (x, w) = (numbers(problem.x.count, 0), numbers(problem.w.count, 1))
    let (dy, shortcut) = (numbers(problem.y.count, 2), numbers(problem.y.count, 3))
    let bias = numbers(problem.y[1], 4)
    let slope: Float? = choices.pick([nil, 0, 0.1])
    let (hasBias, hasShortcut) = (choices.int(0...1) == 1, choices.int(0...1) == 1)

    let plane = problem.y[2] * problem.y[3]
    var exact = (y: [Double](repeating: 0, count: problem.y.count), dx: [Double](repeating: 0, count: x.count))
    var dw = [Double](repeating: 0, count: w.count)
    var dbias = [Double](repeating: 0, count: bias.count)
    problem.forEach { a, b, c in
      exact.y[c] += Double(x[a]) * Double(w[b])
      exact.dx[a] += Double(dy[c]) * Double(w[b])
      dw[b] += Double(x[a]) * Double(dy[c])
    }
    for index in exact.y.indices {
      dbias[index / plane % bias.count] += Double(dy[index])
      if hasBias { exact.y[index] += Double(bias[index / plane % bias.count]) }
      if hasShortcut { exact.y[index] += Double(shortcut[index]) }
      if let slope, exact.y[index] < 0 { exact.y[index] *= Double(slope) }
    }

    let (bx, bdy, badded) = (x.blocked(problem.x), dy.blocked(problem.y), shortcut.blocked(problem.y))
    for set in OwnWinogradTests.sets {
      let words = "seed \(seed) \(problem) bias \(hasBias) shortcut \(hasShortcut) slope \(slope ?? 1) \(set)"
      let forward = Winograd(
        taps: taps, from: problem.x, to: problem.y, pads: problem.pads, threads: problem.threads, instructions: set)
      var y = [Float](repeating: .nan, count: badded.count)
      withScratch(forward.weightBytes) { weights in
        forward.transform(w, .plain, into: weights)
        withScratch(forward.scratchBytes) { space in
          bias.withUnsafeBufferPointer { bias in
            badded.withUnsafeBufferPointer { added in
              forward.run(
                bx, weights, bias: hasBias ? bias.baseAddress : nil, added: hasShortcut ? added.baseAddress : nil,
                slope: slope, into: &y, scratch: space)
            }
          }
        }
      }
      #expect((y.plain(problem.y)?.gap(exact.y) ?? .nan) < OwnWinogradTests.bound, "\(words)")

      let turned = Winograd(
        taps: taps, from: problem.y, to: problem.x,
        pads: (taps - 1 - problem.pads.top, taps - 1 - problem.pads.left), isTurned: true, threads: problem.threads,
        instructions: set)
      var dx = [Float](repeating: .nan, count: bx.count)
      withScratch(turned.weightBytes) { weights in
        turned.transform(w, .plain, into: weights)
        withScratch(turned.scratchBytes) { space in
          turned.run(bdy, weights, bias: nil, added: nil, slope: nil, into: &dx, scratch: space)
        }
      }
      #expect((dx.plain(problem.x)?.gap(exact.dx) ?? .nan) < OwnWinogradTests.bound, "dx \(words)")

      var (found, sums) = ([Float](repeating: .nan, count: w.count), [Float](repeating: .nan, count: bias.count))
      withScratch(forward.gradientScratchBytes) { space in
        forward.gradient(bx, bdy, .plain, into: &found, bias: &sums, scratch: space)
      }
      #expect(found.gap(dw) < OwnWinogradTests.bound, "dw \(words)")
      #expect(sums.gap(dbias) < OwnWinogradTests.bound, "db \(words)")
    }
  }
}
