import Fovea

/// How pictures become inputs, for a model file that does not say so itself.
struct PreprocessingOptions: Sendable {
  static let specs = [
    OptionSpec("resize", "N", "resize the shorter side to N pixels before the crop"),
    OptionSpec("size", "N", "cut N×N pixels (or HxW) out of the middle"),
    OptionSpec("mean", "A,B,C", "subtract per channel, after division by 255"),
    OptionSpec("std", "A,B,C", "divide by per channel, after the mean is subtracted"),
    OptionSpec("channels", "ORDER", "rgb, bgr or gray"),
  ]

  let resize: Int?
  let size: [Int]?
  let mean: [Double]?
  let std: [Double]?
  let channels: Preprocessing.Channels?

  init(_ arguments: inout Arguments) {
    resize = arguments.integer("resize", in: 1...100_000)
    let extents = arguments.extents("size")
    if let extents, extents.count > 2 { arguments.reject("--size takes N or HxW, not \(extents.count) numbers") }
    size = extents.flatMap { $0.count == 1 ? [$0[0], $0[0]] : $0.count == 2 ? $0 : nil }
    mean = arguments.numbers("mean")
    std = arguments.numbers("std")
    channels = arguments.choice("channels", of: Preprocessing.Channels.allCases.map(\.rawValue))
      .flatMap(Preprocessing.Channels.init(rawValue:))
    if std?.contains(where: { $0 <= 0 }) == true { arguments.reject("--std takes numbers above 0") }
  }

  /// The model with what was said in place of its own preprocessing.
  func applied(to model: Model) -> Model { model.with(preprocessing: applied(to: model.preprocessing)) }

  /// What was said in place of what there is.
  func applied(to preprocessing: Preprocessing) -> Preprocessing {
    var preprocessing = preprocessing
    if let resize { preprocessing.resize = resize }
    if let size { preprocessing.size = size }
    if let mean { preprocessing.mean = mean }
    if let std { preprocessing.std = std }
    if let channels { preprocessing.channels = channels }
    return preprocessing
  }
}
