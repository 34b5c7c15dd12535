import Fovea

/// What `fovea predict` says of pictures in which a network finds things.
struct PredictDetections: Sendable {
  static let specs = [
    OptionSpec("score", "X", "for networks that find things: only what is surer than this", standard: "0.25"),
    OptionSpec(
      "overlap", "X", "and of boxes of one class that overlap more than this, only the surest", standard: "0.45"),
    OptionSpec("draw", "FILE.png", "and the picture with their boxes drawn in, for one picture"),
  ]

  let score: Double
  let overlap: Double
  let draw: String?
  /// The first option of these that was given.
  let given: String?

  init(_ arguments: inout Arguments, pictures: Int) {
    score = arguments.number("score", "a number from 0 to 1") { (0...1).contains($0) } ?? 0.25
    overlap = arguments.number("overlap", "a number above 0 and at most 1") { $0 > 0 && $0 <= 1 } ?? 0.45
    draw = arguments.text("draw")
    let names = PredictDetections.specs.map(\.name)
    given = names.first(where: { arguments.isGiven($0) })
    if draw != nil, pictures != 1 { arguments.reject("--draw takes one picture, not \(pictures)") }
    if let draw, !draw.hasSuffix(".png") { arguments.reject("--draw \(draw): pictures are written as .png") }
  }

  /// One picture after the other; a bad one does not hide the answers for others.
  func run(_ predictor: Predictor, _ paths: [String], json: Bool, _ console: Console) async throws -> Int32 {
    var status = Program.Status.done
    for path in paths {
      let image: Image8
      do { image = try ImageDecoder.decode(path: path) } catch {
        console.note("fovea predict: \(error)")
        status = Program.Status.failed
        continue
      }
      let found = try await predictor.detections(in: image, by: Suppression(overlap: overlap, score: score))
      let names = predictor.model.classNames
      func name(_ index: Int) -> String { names.indices.contains(index) ? names[index] : String(index) }
      if json {
        let objects = found.map { one -> [String: Any] in
          [
            "name": name(one.classIndex), "index": one.classIndex, "score": one.score,
            "box": [one.box.left, one.box.top, one.box.right, one.box.bottom],
          ]
        }
        try console.json(["image": path, "detections": objects])
      } else {
        try console.out(path + (found.isEmpty ? ": nothing above a score of \(Text.decimals(score, 2))" : ""))
        let rows = found.map { one -> [String] in
          let sides = [one.box.left, one.box.top, one.box.right, one.box.bottom].map { Text.decimals($0, 0) }
          return ["  " + Text.percent(one.score), name(one.classIndex)] + sides
        }
        for line in Text.table(rows, right: [0, 2, 3, 4, 5]) { try console.out(line) }
      }
      if let draw { try PNGWriter.write(try image.drawing(found), to: draw) }
    }
    return status
  }
}
