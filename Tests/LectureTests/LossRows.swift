import Foundation
import Fovea
import Testing

/// An activation that the library does not have: x².
private struct Square: Layer {
  func declare(_ x: Symbol) -> Symbol { x * x }
}

/// Operations O40–O48: nonlinear functions, heads and losses.
@Suite struct LossRows {
  /// What a layer makes of numbers, and its slope at each.
  private func curve(_ layer: any Layer, _ z: [Double]) throws -> (values: [Double], slopes: [Double]) {
    let ones = [Double](repeating: 1, count: z.count)
    let found = try differentiate(tensor(z, [1, z.count]), weights: tensor(ones, [1, z.count])) { layer }
    return (found.output.numbers, found.byInput.numbers)
  }

  @Test func o40_rectifier() throws {
    let (values, slopes) = try curve(ReLU(), [-2, -0.5, 0, 0.5, 3])
    #expect(values == [0, 0, 0, 0.5, 3])
    #expect(slopes == [0, 0, 0, 1, 1])
    // Of numbers around zero half are silenced.
    let many = try curve(ReLU(), draw([1000], seed: 41).numbers).values
    #expect((450...550).contains(many.count { $0 == 0 }))
  }

  @Test func o41_squashing() throws {
    let z = [-10.0, -1, 0, 1, 10]
    let logistic = try curve(Sigmoid(), z)
    let tangent = try curve(Tanh(), z)
    #expect(close(logistic.values, z.map { 1 / (1 + exp(-$0)) }))
    #expect(close(tangent.values, z.map { tanh($0) }))
    #expect(close(logistic.slopes, logistic.values.map { $0 * (1 - $0) }))
    #expect(close(tangent.slopes, tangent.values.map { 1 - $0 * $0 }))
    // Far out both are flat, and a rectifier is not.
    #expect(logistic.slopes[4] < 1e-4 && tangent.slopes[4] < 1e-4)
    #expect(logistic.slopes[2] == 0.25 && tangent.slopes[2] == 1)
  }

  @Test func o42_anyActivation() throws {
    let z = [-2.0, 0, 3]
    #expect(try curve(Identity(), z) == (z, [1, 1, 1]))
    let squares = try curve(Square(), z)
    #expect(squares == ([4, 0, 9], [-4, 0, 6]))
  }

  @Test func o43_softmax() throws {
    let p = try curve(Softmax(), [1, 2, 3]).values
    let sum = exp(1.0) + exp(2.0) + exp(3.0)
    #expect(close(p, [exp(1.0) / sum, exp(2.0) / sum, exp(3.0) / sum]))
    #expect(abs(p.reduce(0, +) - 1) < 1e-15)
    #expect(close(try curve(Softmax(), [1001, 1002, 1003]).values, p), "a shift of all changes nothing")
  }

  @Test func o44_jacobianOfSoftmax() throws {
    let z = tensor([0.3, -1, 2, 0.7], [1, 4])
    let p = try apply(z) { Softmax() }.numbers
    for i in 0..<4 {
      let unit = tensor((0..<4).map { $0 == i ? 1 : 0 }, [1, 4])
      let row = try differentiate(z, weights: unit) { Softmax() }.byInput.numbers
      #expect(close(row, (0..<4).map { p[i] * ((i == $0 ? 1 : 0) - p[$0]) }))
    }
  }

  /// Loss and gradient of one example.
  private func crossEntropy(_ z: [Double], label: Int32) throws -> (loss: Double, gradient: [Double]) {
    let found = try run(
      Op.SoftmaxCrossEntropyLoss.self, [tensor(z, [1, z.count]), Tensor([label])], gradients: [0])
    return (found.output.numbers[0], found.gradients[0].numbers)
  }

  @Test func o45_crossEntropyOfScores() throws {
    let z = [0.5, -1, 2]
    let p = try apply(tensor(z, [1, 3])) { Softmax() }.numbers
    for label in 0..<3 { #expect(abs(try crossEntropy(z, label: Int32(label)).loss + log(p[label])) < 1e-12) }
    // Straight from the scores, nothing overflows.
    #expect(try crossEntropy([1000, 0, -1000], label: 0).loss == 0)
    #expect(try crossEntropy([1000, 0, -1000], label: 1).loss == 1000)
  }

  @Test func o46_probabilityLessTruth() throws {
    let z = [0.5, -1, 2]
    let p = try apply(tensor(z, [1, 3])) { Softmax() }.numbers
    let gradient = try crossEntropy(z, label: 1).gradient
    #expect(close(gradient, [p[0], p[1] - 1, p[2]]))
    #expect(abs(gradient.reduce(0, +)) < 1e-15)
  }

  @Test func o47_yesOrNoForEveryPixel() throws {
    let z = draw([1, 1, 2, 3], seed: 42)
    let y = tensor([0, 1, 1, 0, 1, 0], [1, 1, 2, 3])
    let found = try run(Op.BinaryCrossEntropyWithLogits.self, [z, y], gradients: [0])
    let p = try apply(z) { Sigmoid() }.numbers
    let losses = zip(p, y.numbers).map { -$1 * log($0) - (1 - $1) * log(1 - $0) }
    #expect(abs(found.output.numbers[0] - losses.reduce(0, +) / 6) < 1e-12)
    #expect(close(found.gradients[0].numbers, zip(p, y.numbers).map { ($0 - $1) / 6 }))
  }

  @Test func o48_squaredError() throws {
    let (p, t) = (tensor([1, 2, 4], [1, 3]), tensor([0, 2, 7], [1, 3]))
    let mean = try run(Op.MeanSquaredError.self, [p, t], gradients: [0])
    #expect(close(mean.output.numbers, [(1 + 0 + 9) / 3.0]))
    #expect(close(mean.gradients[0].numbers, [2 / 3.0, 0, -2]))
    #expect(try run(Op.MeanSquaredError.self, [p, t], ["reduction": .string("sum")]).output.numbers == [10])
  }
}
