import FoveaGraphs

/// The network of LeCun et al. 1989, *Backpropagation Applied to Handwritten Zip Code Recognition*: convolutions of
/// stride 2 in place of pooling, and a bias for every unit.
///
/// [N, 1, 16, 16] → [N, classes]: maps 12×8×8 (1,068 parameters), 12×4×4 (2,592) and 30 units (5,790); for 10
/// classes 310 more, 9,760 in all. Beyond its rim a map is background, −1. Each map of H2 sees 8 of the 12 below;
/// the paper does not print which: here three groups of four leave out the last, the first and the middle four.
/// The paper squashes the ten outputs too and learns them by squared error; here they are scores.
///
/// ```swift
/// let model = try Model(input: [1, 16, 16]) { LeCun1989Zip(classes: 10) }
/// ```
public struct LeCun1989Zip: Layer, CustomStringConvertible {
  static let table = (0..<12).map { map in
    switch map / 4 {
    case 0: Array(0..<8)
    case 1: Array(4..<12)
    default: Array(0..<4) + Array(8..<12)
    }
  }

  let classes: Int

  public init(classes: Int) { self.classes = classes }

  public var description: String { typed("LeCun1989Zip", "classes: \(classes)") }

  public var body: some Layer {
    Rim(2, of: -1)
    Conv2D(12, kernel: 5, stride: 2, bias: false).named("h1")
    UnitBias().named("h1.units")
    ScaledTanh()
    Rim(2, of: -1)
    PartialConv2D(LeCun1989Zip.table, kernel: 5, stride: 2, bias: false).named("h2")
    UnitBias().named("h2.units")
    ScaledTanh()
    Flatten()
    Dense(30).named("h3")
    ScaledTanh()
    Dense(classes).named("output")
  }
}

/// A rim of one value around every map: [N, C, H, W] → [N, C, H + 2·width, W + 2·width].
struct Rim: Layer, CustomStringConvertible {
  let width: Int
  let value: Double

  init(_ width: Int, of value: Double) {
    self.width = width
    self.value = value
  }

  var description: String { typed("Rim", "\(width)", "of: \(value)") }

  func declare(_ x: Symbol) -> Symbol {
    guard x.checkedRank(4, layout: layoutName(axes: 2), mend: "give it maps") else {
      return x.poisoned([x.shape[0], nil, nil, nil])
    }
    let sides = [0, 0, width, width]
    return x.applying(Op.Pad.self, ["pads": .ints(sides + sides), "value": .float(value)])
  }
}

/// A bias for every unit of every map: bias [C, H, W], so the size of the maps is settled.
struct UnitBias: Layer, CustomStringConvertible {
  var description: String { "UnitBias()" }

  func declare(_ x: Symbol) -> Symbol {
    let dims = x.shape.dims.map { Array($0.dropFirst()) } ?? [nil]
    let bias = x.parameter("bias", dims, role: .bias, initializer: .constant(0))
    return x.applying(Op.Add.self, to: [bias])
  }
}
