import Fovea
import Testing

/// A data set in MNIST's format that is small and easy: a bright bar whose height is the class, with noise.
struct Digits {
  let scratch: Scratch
  static let trainCount = 200
  static let testCount = 60

  init() throws {
    scratch = try Scratch()
    for (stem, count, seed) in [("train", Digits.trainCount, 1), ("t10k", Digits.testCount, 2)] {
      let pictures = (0..<count).map { Digits.picture($0, seed: UInt64(seed)) }
      try scratch.write("\(stem)-images-idx3-ubyte", Digits.images(pictures))
      try scratch.write("\(stem)-labels-idx1-ubyte", Digits.labels((0..<count).map { UInt8($0 % 10) }))
    }
  }

  /// As `--data` takes it.
  var data: String { "mnist:\(scratch.path)" }

  static func picture(_ index: Int, seed: UInt64) -> [UInt8] {
    let random = RandomStream(seed: seed, purpose: "digits", path: "\(index)")
    return (0..<28 * 28).map { place in
      let isBar = (place / 28) / 3 == index % 10 && place / 28 < 28
      return UInt8((isBar ? 150 : 0) + Int(random.uniform(index: place) * 100))
    }
  }

  static func images(_ pictures: [[UInt8]], count: Int? = nil) -> [UInt8] {
    [0, 0, 8, 3] + bigEndian(count ?? pictures.count) + bigEndian(28) + bigEndian(28) + pictures.flatMap { $0 }
  }

  static func labels(_ labels: [UInt8]) -> [UInt8] { [0, 0, 8, 1] + bigEndian(labels.count) + labels }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}

/// One small run that many tests look at.
struct TrainedRun {
  let digits: Digits
  let folder: Scratch
  let outcome: FoveaProgram.Outcome

  static let shared = Result { try TrainedRun() }

  init() throws {
    digits = try Digits()
    folder = try Scratch()
    outcome = try FoveaProgram.run(
      "train", "two-conv", "--data", digits.data, "--steps", "40", "--batch", "20", "--lr", "0.02", "--init", "he",
      "--validation", "0.2", in: folder)
    #expect(outcome.status == 0, "\(outcome.err)")
  }

  var model: String { folder.file("runs/two-conv/best.safetensors") }
  var directory: String { folder.file("runs/two-conv") }
}
