// A layer and an operator of one's own, trained with `import Fovea` alone.
import Fovea

/// Pictures of stripes that lie, stand or lean, under noise: three classes, made here.
func stripes(_ count: Int, seed: UInt64) throws -> InMemoryDataset {
  let stream = RandomStream(seed: seed, purpose: "stripes")
  var pixels: [UInt8] = []
  var labels: [Int32] = []
  for n in 0..<count {
    let label = Int(stream.word(step: 1, index: n) % 3)
    let phase = Int(stream.word(step: 2, index: n) % 4)
    labels.append(Int32(label))
    for row in 0..<12 {
      for column in 0..<12 {
        let place = [row, column, row + column][label] + phase
        let noise = Int(stream.word(step: 3, index: (n * 12 + row) * 12 + column) % 120)
        pixels.append(UInt8(place % 4 < 2 ? 130 + noise : noise))
      }
    }
  }
  return try InMemoryDataset(
    name: "stripes", pixels: pixels, labels: labels, sampleShape: [1, 12, 12],
    classNames: ["lying", "standing", "leaning"])
}

let train = try stripes(1200, seed: 1)
let test = try stripes(300, seed: 2)

let model = try Model(input: [1, 12, 12], classes: train.classNames, initialization: .he) {
  Conv2D(8, kernel: 3, padding: .same).named("stem")
  SwishActivation()
  Separable(inputs: 8, channels: 16).named("block")
  MaxPool2D(2)
  Flatten()
  Dropout(0.2)
  Dense(3).named("fc")
}
print(model.summary())

try await model.train(
  on: train, epochs: 4, batch: 32,
  optimizer: .sgd(learningRate: .cosine(from: 0.05, warmup: 10), momentum: 0.9, nesterov: true, weightDecay: 1e-4))
let result = try await model.evaluate(on: test)
print("test accuracy \(result.top1) on \(result.examples) pictures it has not seen")
guard result.top1 > 0.9 else { preconditionFailure("the example did not learn: accuracy \(result.top1)") }
// Two layers of it in 4 epochs of 38 batches: the network has computed with the loop in Swish.swift.
let runs = Swish.runs.load(ordering: .relaxed)
print("its own swish ran \(runs) times")
guard runs >= 2 * 4 * 38 else { preconditionFailure("swish ran \(runs) times: it was not this one") }
