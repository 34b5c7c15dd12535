import FoveaGraphs
import FoveaTensors

/// LeNet-5 as it was published: squashing everywhere, learned subsampling, a table of connections, and outputs that
/// are distances to drawn digits (LeCun et al. 1998, section II.B).
///
/// [N, 1, 28, 28] → [N, classes]: C1 156 parameters, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164: exactly 60,000,
/// and 340,908 connections with those of the outputs, which are fixed. Pictures of 28×28 are padded to the paper's
/// 32×32; for such pictures give `padding: 0`.
///
/// The paper's output i is the squared distance of F6 to the picture of digit i, 7×12 points of ±1, and the
/// smallest wins. Here the scores are the distances' negatives, so that the largest wins as everywhere, and
/// softmax with cross-entropy pulls F6 to the right picture and away from the others.
///
/// ```swift
/// let model = try Model(input: [1, 28, 28]) { LeNet1998(classes: 10) }
/// ```
public struct LeNet1998: Layer, CustomStringConvertible {
  /// The maps of S2 that each map of C3 sees: the paper's table I.
  static let table = [
    [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5],
    [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5], [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5],
  ]

  let classes: Int
  let padding: Int

  /// - Parameters:
  ///   - classes: the ten digits, or fewer or more; from the eleventh on codes are signs drawn once and for all.
  ///   - padding: zeros around the picture.
  public init(classes: Int, padding: Int = 2) {
    self.classes = classes
    self.padding = padding
  }

  public var description: String {
    typed("LeNet1998", "classes: \(classes)", argument("padding", padding, default: 2))
  }

  public var body: some Layer {
    Conv2D(6, kernel: 5, padding: .explicit(padding)).named("c1")
    ScaledTanh()
    Subsampling2D(2, of: .sum).named("s2")
    ScaledTanh()
    PartialConv2D(LeNet1998.table, kernel: 5).named("c3")
    ScaledTanh()
    Subsampling2D(2, of: .sum).named("s4")
    ScaledTanh()
    Conv2D(120, kernel: 5).named("c5")
    ScaledTanh()
    Flatten()
    Dense(84).named("f6")
    ScaledTanh()
    CodeDistance(classes: classes).named("output")
  }
}

/// The negative squared distance to each class's code of ±1: [N, 84] → [N, classes]. Nothing is learned.
package struct CodeDistance: Layer, CustomStringConvertible {
  /// A limit that no network meets: the codes are constants of the graph.
  static let mostClasses = 1 << 16

  let classes: Int

  package init(classes: Int) { self.classes = classes }

  package var description: String { typed("CodeDistance", "classes: \(classes)") }

  package func declare(_ x: Symbol) -> Symbol {
    let points = DigitCodes.height * DigitCodes.width
    guard let classes = x.checked("classes", classes, atLeast: 1) else { return x.poisoned([x.shape[0], nil]) }
    guard classes <= CodeDistance.mostClasses else {
      x.reject(
        "\(classes) classes, more than there are codes for",
        mend: "give at most \(CodeDistance.mostClasses) classes, or end with Dense instead")
      return x.poisoned([x.shape[0], nil])
    }
    let fits = x.checkedRank(2, layout: "N×features", mend: "put Flatten() before the layer")
    if fits, let units = x.channels, units != points {
      x.reject("\(units) units for codes of \(points) points", mend: "put Dense(\(points)) before the layer")
      return x.poisoned([x.shape[0], classes])
    }
    guard fits else { return x.poisoned([x.shape[0], classes]) }
    var codes = Tensor(zeros: [classes, points])
    codes.withMutableElements(of: Float.self) { elements in
      for index in 0..<classes {
        for (point, value) in DigitCodes.code(index).enumerated() { elements[index * points + point] = value }
      }
    }
    let away = x.applying(Op.Reshape.self, ["shape": .ints([0, 1, points])])
      .applying(Op.Sub.self, to: [x.constant(codes)])
    return away.applying(Op.Mul.self, to: [away])
      .applying(Op.ReduceSum.self, ["axes": .ints([2]), "keepdims": .int(0)])
      .applying(Op.Neg.self)
  }
}
