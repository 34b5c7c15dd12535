import FoveaGraphs
import FoveaTensors

/// The shape of one example, [C, H, W] or [C, L] or [features]; the batch axis comes in front of it.
///
/// A list of extents is one: `Model(input: [3, 224, 224])`.
public struct InputShape: Sendable, Hashable, ExpressibleByArrayLiteral {
  /// Extents without the batch.
  public let shape: Shape
  /// Axes, counted without the batch, whose extent may change from run to run.
  public let openAxes: Set<Int>

  public init(_ shape: Shape, openAxes: Set<Int> = []) {
    self.shape = shape
    self.openAxes = openAxes
  }

  public init(arrayLiteral elements: Int...) { self.init(Shape(elements)) }

  /// Pictures of any size, declared with one of them: for networks without a layer that fixes the size.
  public static func picture(channels: Int, height: Int, width: Int) -> InputShape {
    InputShape([channels, height, width], openAxes: [1, 2])
  }
}

extension Declaration {
  /// Adds an input with a batch of 1 in front. The batch is open: no rule may depend on the 1.
  func addInput(_ name: String, _ input: InputShape) -> Symbol {
    let isPossible = input.shape.dims.allSatisfy { $0 > 0 } && input.shape.checkedCount.map { $0 <= 1 << 40 } == true
    let known = input.shape.dims.map { isPossible ? $0 : nil }
    let open = Set([0] + input.openAxes.filter(input.shape.dims.indices.contains).map { $0 + 1 })
    let symbol = addInput(name, TensorType(.f32, PartialShape([1] + known)), open: open)
    if !isPossible {
      reject(
        "no input can have the shape \(input.shape), as \"\(name)\" should",
        mend: "give sizes from 1 on that a machine can hold, e.g. [3, 224, 224]", at: nil)
    }
    return symbol
  }
}
