import FoveaData
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining

/// Pictures 1×8×8 with stripes: lying, standing or checked by class, with noise.
func stripes(_ count: Int, seed: UInt64 = 0, classes: Int = 3) throws -> InMemoryDataset {
  let stream = RandomStream(seed: seed, purpose: "stripes")
  var pixels: [UInt8] = []
  var labels: [Int32] = []
  for index in 0..<count {
    let label = Int(stream.word(step: 1, index: index) % UInt32(classes))
    let phase = Int(stream.word(step: 2, index: index) % 4)
    labels.append(Int32(label))
    for place in 0..<64 {
      let (y, x) = (place / 8, place % 8)
      let on =
        switch label {
        case 0: (y + phase) / 2 % 2 == 0
        case 1: (x + phase) / 2 % 2 == 0
        default: ((x + phase) / 2 + (y + phase) / 2) % 2 == 0
        }
      let noise = Int(stream.word(step: 3, index: index * 64 + place) % 60)
      pixels.append(UInt8(on ? 190 + noise : 10 + noise))
    }
  }
  return try InMemoryDataset(
    name: "stripes", pixels: pixels, labels: labels, sampleShape: [1, 8, 8],
    classNames: (0..<classes).map { "class \($0)" })
}

/// A small network for them.
func network(norm: Bool = false, dropout: Bool = false, classes: Int = 3, seed: UInt64 = 0) throws -> Model {
  try Model(
    input: [1, 8, 8], classes: (0..<classes).map { "class \($0)" }, seed: seed, initialization: .he,
    preprocessing: Preprocessing(channels: .gray, size: [8, 8], mean: [0.5], std: [0.4]), name: "small"
  ) {
    Conv2D(6, kernel: 3).named("conv")
    if norm { BatchNorm().named("bn") }
    ReLU()
    MaxPool2D(2)
    Flatten()
    if dropout { Dropout(0.2).named("drop") }
    Dense(classes).named("fc")
  }
}

/// Collects what a run reports.
final class Reports: @unchecked Sendable {
  // @unchecked: written on the training thread, read after the run.
  var all: [TrainingProgress] = []
}
