import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// What the courses claim about shifts, fields and time; each test bears the claim's number.
@Suite struct EquivarianceTests {
  /// A picture moved down and right; what comes in from outside is drawn anew.
  private func shifted(_ x: Tensor, by shift: Int) -> Tensor {
    let (height, width) = (x.shape[2], x.shape[3])
    let fresh = draw(x.shape, seed: 77)
    var numbers: [Double] = []
    for n in 0..<x.shape[0] {
      for c in 0..<x.shape[1] {
        for h in 0..<height {
          for w in 0..<width {
            numbers.append(h >= shift && w >= shift ? x.at(n, c, h - shift, w - shift) : fresh.at(n, c, h, w))
          }
        }
      }
    }
    return tensor(numbers, x.shape)
  }

  /// True when `moved` is `still` moved by `shift`, wherever both are at least `rim` away from the edge.
  private func follows(_ moved: Tensor, _ still: Tensor, by shift: Int, rim: Int) -> Bool {
    let (height, width) = (still.shape[2], still.shape[3])
    for c in 0..<still.shape[1] {
      for h in (shift + rim)..<(height - rim) {
        for w in (shift + rim)..<(width - rim) {
          if moved.at(0, c, h, w) != still.at(0, c, h - shift, w - shift) { return false }
        }
      }
    }
    return true
  }

  @Test func m1ConvolutionFollowsAShift() throws {
    let x = draw([1, 2, 12, 12], seed: 1)
    let valid = try Net([2, 12, 12]) { Conv2D(3, kernel: 3) }
    for shift in 1...3 {
      #expect(follows(try valid(shifted(x, by: shift)), try valid(x), by: shift, rim: 0))
    }
    // Zeros at the rim move not with the picture: only the inside follows.
    let same = try Net([2, 12, 12]) { Conv2D(3, kernel: 3, padding: .same) }
    #expect(follows(try same(shifted(x, by: 1)), try same(x), by: 1, rim: 1))
    #expect(!follows(try same(shifted(x, by: 1)), try same(x), by: 1, rim: 0))
  }

  @Test func m1StrideAndPoolingFollowOnlyTheirOwnSteps() throws {
    let x = draw([1, 2, 12, 12], seed: 2)
    let strided = try Net([2, 12, 12]) { Conv2D(3, kernel: 2, stride: 2) }
    let pooled = try Net([2, 12, 12]) { MaxPool2D(2) }
    let averaged = try Net([2, 12, 12]) { AveragePool2D(2) }
    for net in [strided, pooled, averaged] {
      #expect(follows(try net(shifted(x, by: 2)), try net(x), by: 1, rim: 0))
      let odd = try net(shifted(x, by: 1))
      let still = try net(x)
      #expect(!follows(odd, still, by: 0, rim: 1) && !follows(odd, still, by: 1, rim: 0))
    }
  }

  @Test func m8TheFieldIsWhereTheGradientIs() throws {
    // (kernel, stride, dilation) of each layer.
    let stacks: [[(Int, Int, Int)]] = [
      [(3, 1, 1), (3, 1, 1), (3, 1, 1)], [(3, 2, 1), (3, 2, 1), (3, 2, 1)],
      [(3, 1, 1), (3, 1, 1), (3, 2, 1), (3, 1, 1)],
      [(3, 1, 1), (3, 1, 2), (3, 1, 4)], [(5, 2, 1), (2, 1, 3), (4, 1, 1)],
    ]
    for (channels, stack) in stacks.flatMap({ stack in [1, 4].map { ($0, stack) } }) {
      var field = 1
      var jump = 1
      var spread = 1
      for (kernel, stride, dilation) in stack {
        field += dilation * (kernel - 1) * jump
        spread *= kernel
        jump *= stride
      }
      var net = try Net([1, 64]) {
        for (kernel, stride, dilation) in stack {
          Conv1D(channels, kernel: kernel, stride: stride, dilation: dilation)
        }
      }
      // All weights above zero, so that nothing cancels.
      for (path, old) in net.values { net.values[path] = draw(old.shape, seed: 3, from: 0.1) }
      let y = net.graph.shape(net.graph.outputs[0].value)
      var weights = [Double](repeating: 0, count: y.count)
      let middle = y[2] / 2
      weights[middle] = 1
      let gradient = try net.gradients(draw([1, 1, 64], seed: 4), weights: tensor(weights, y))["input"]
      let seen = (gradient?.numbers ?? []).enumerated().filter { $0.element != 0 }.map(\.offset)
      #expect((seen.first, seen.last) == (middle * jump, middle * jump + field - 1))
      let found = net.graph.receptiveFields()[net.graph.outputs[0].value]
      #expect(found?.axes.map { [$0.min, $0.max, $0.jump] } == [[field, field, jump]], "of \(channels) channels")
    }
  }

  @Test func m8BranchesHaveASmallestAndALargestField() throws {
    let model = try Model(input: [4, 32, 32]) {
      FoveaLayers.BasicBlock(4).named("a")
      FoveaLayers.BasicBlock(8, stride: 2, shortcut: .zeros).named("b")
      Concatenate {
        Identity()
        Conv2D(2, kernel: 5, padding: .same)
        Sequential {
          AveragePool2D(3, stride: 1, padding: .same)
          Conv2D(2, kernel: 1)
        }
      }
    }
    let lines = model.summary().lines(depth: 1)
    #expect(lines.map { $0.row.receptiveField.first ?? [] } == [[1, 19], [1, 5], [1, 11], [1, 19]])
    #expect(lines.last?.row.output == [1, 12, 16, 16])
  }

  @Test func m9DilationWidensTheFieldAndNothingElse() throws {
    func network(_ dilations: [Int]) throws -> Model {
      try Model(input: [1, 64, 64]) {
        for dilation in dilations { Conv2D(1, kernel: 3, padding: .same, dilation: dilation) }
      }
    }
    let dense = try network([1, 1, 1, 1]).summary()
    let dilated = try network([1, 2, 4, 8]).summary()
    #expect(dense.rows.map { $0.receptiveField[0] } == [[3, 3], [5, 5], [7, 7], [9, 9]])
    #expect(dilated.rows.map { $0.receptiveField[0] } == [[3, 3], [7, 7], [15, 15], [31, 31]])
    #expect(dense.parameters == dilated.parameters)
    #expect(dense.multiplyAdds == dilated.multiplyAdds)
    #expect(dilated.rows.allSatisfy { $0.output == [1, 1, 64, 64] })
  }

  @Test func m37CausalLayersDoNotSeeTheFuture() throws {
    let causal = try Net([2, 40]) {
      for dilation in [1, 2, 4] { Conv1D(3, kernel: 3, padding: .causal, dilation: dilation); ReLU() }
      Conv1D(1, kernel: 1)
    }
    let same = try Net([2, 40]) { Conv1D(1, kernel: 3, padding: .same) }
    let x = draw([1, 2, 40], seed: 5)
    for time in [1, 13, 39] {
      var numbers = x.numbers
      for late in time..<40 { numbers[late] += 3; numbers[40 + late] -= 2 }
      let changed = tensor(numbers, x.shape)
      let (before, after) = (try causal(x).numbers, try causal(changed).numbers)
      #expect(after.prefix(time) == before.prefix(time))
      #expect(after != before)
      let leak = try same(changed).numbers[time - 1] - same(x).numbers[time - 1]
      #expect(leak != 0)
    }
  }
}
