import FoveaGraphs

/// The network of LeCun et al. 1989, *Handwritten Digit Recognition with a Back-Propagation Network*: convolutions
/// and averages in turn, learned as a whole.
///
/// [N, 1, 28, 28] → [N, classes]: maps 4×24×24, 4×12×12, 12×8×8 and 12×4×4. For 10 classes 2,578 free
/// parameters, 104 + 8 + 512 + 24 + 1,930, and 98,442 connections. The 12 maps of H3 see one or two of the four
/// maps below, by 20 links. The paper squashes the ten outputs too and learns them by squared error; here they
/// are scores.
///
/// ```swift
/// let model = try Model(input: [1, 28, 28]) { LeCun1989(classes: 10) }
/// ```
public struct LeCun1989: Layer, CustomStringConvertible {
  /// The maps of H2 that each map of H3 sees: the paper's table 1.
  static let table = [[0], [0, 1], [0, 1], [1], [0, 1], [0, 1], [2], [2, 3], [2, 3], [3], [2, 3], [2, 3]]

  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("LeCun1989", "classes: \(classes)") }

  public var body: some Layer {
    Conv2D(4, kernel: 5).named("h1")
    ScaledTanh()
    Subsampling2D(2).named("h2")
    ScaledTanh()
    PartialConv2D(LeCun1989.table, kernel: 5).named("h3")
    ScaledTanh()
    Subsampling2D(2).named("h4")
    ScaledTanh()
    Flatten()
    Dense(classes).named("output")
  }
}
