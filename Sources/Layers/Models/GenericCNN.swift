/// The template that courses draw: modules of convolution, ReLU and pooling; then flatten or global pooling;
/// then a dense layer whose scores softmax turns into probabilities.
///
/// [N, C, H, W] → [N, classes]. Module i, from 0, has width·2ⁱ maps and halves the picture. Flattening keeps
/// where something was seen, and the dense layer grows with the picture; pooling over all positions keeps only
/// what was seen, with fewer parameters, and takes pictures of any size.
///
/// ```swift
/// GenericCNN(modules: 3, width: 32, classes: 10)                   // 128·4·4 numbers reach the dense layer
/// GenericCNN(modules: 3, width: 32, head: .pool, classes: 10)      // 128
/// ```
public struct GenericCNN: Layer, CustomStringConvertible {
  /// What stands between the modules and the dense layer.
  public enum Head: String, Sendable {
    /// All numbers in a row.
    case flatten
    /// The mean of every map.
    case pool
  }

  let modules: Int
  let width: Int
  let kernel: Int
  let head: Head
  let classes: Int

  /// - Parameters:
  ///   - modules: L, at least 1 and at most 16.
  ///   - width: maps of the first module.
  ///   - kernel: of all convolutions, which keep the size.
  public init(modules: Int, width: Int = 32, kernel: Int = 3, head: Head = .flatten, classes: Int) {
    self.modules = modules
    self.width = width
    self.kernel = kernel
    self.head = head
    self.classes = classes
  }

  public var description: String {
    typed(
      "GenericCNN", "modules: \(modules)", argument("width", width, default: 32),
      argument("kernel", kernel, default: 3), head == .flatten ? nil : "head: .\(head)", "classes: \(classes)")
  }

  public var body: some Layer {
    // Beyond 16 halvings no picture is left; the limit keeps the widths countable.
    for index in 0..<min(max(modules, 0), 16) {
      Sequential {
        Conv2D(width << index, kernel: kernel, padding: .same).named("conv")
        ReLU().named("relu")
        MaxPool2D(2).named("pool")
      }.named("module\(index + 1)")
    }
    if head == .pool { GlobalAveragePool().named("pool") }
    Flatten()
    Dense(classes).named("fc")
  }
}
