import FoveaGraphs

/// The time-delay network: units that see a few frames of a spectrogram, shared along time, whose evidence is summed
/// (Waibel et al. 1989).
///
/// [N, coefficients, frames] → [N, classes]; for [16, 15] and 3 classes (/b/, /d/ and /g/) 392 + 123 = 515
/// parameters and 13 and 9 frames. A sum over time has no parameters and does not care when something was said.
/// The sums are the scores; the paper squashes them once more.
///
/// ```swift
/// let model = try Model(input: [16, 15]) { TDNN(classes: 3) }
/// ```
public struct TDNN: Layer, CustomStringConvertible {
  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("TDNN", "classes: \(classes)") }

  public var body: some Layer {
    Conv1D(8, kernel: 3).named("hidden1")
    Sigmoid()
    Conv1D(classes, kernel: 5).named("hidden2")
    Sigmoid()
    SumOverTime()
  }
}

/// The sum of each channel along a signal: [N, C, L] → [N, C].
struct SumOverTime: Layer, CustomStringConvertible {
  var description: String { "SumOverTime()" }

  func declare(_ x: Symbol) -> Symbol {
    guard x.checkedRank(3, layout: layoutName(axes: 1), mend: "give it a signal") else {
      return x.poisoned([x.shape[0], x.channels])
    }
    return x.applying(Op.ReduceSum.self, ["axes": .ints([2]), "keepdims": .int(0)])
  }
}
