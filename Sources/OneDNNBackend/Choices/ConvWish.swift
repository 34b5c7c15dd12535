import CFoveaOneDNN
import FoveaTensors

/// A way of asking the library for a convolution: how to compute, and in which orders the two pictures lie.
struct ConvWish: Sendable, Equatable {
  /// The order of one side.
  enum Side: Sendable {
    /// The one it has now, else the preferred one.
    case atHand
    /// The one it has now, else what the library likes.
    case atHandOrAny
    case preferred
    case named(Order)
  }

  /// As reports show it and files keep it.
  let name: String
  let algorithm: fovea_algorithm
  let x: Side
  let y: Side

  static func == (a: ConvWish, b: ConvWish) -> Bool { a.name == b.name }

  /// What the rule asks for, in its order.
  static let direct: [ConvWish] = [
    ConvWish(name: "at hand", algorithm: FOVEA_DIRECT, x: .atHand, y: .atHand),
    ConvWish(name: "source at hand", algorithm: FOVEA_DIRECT, x: .atHandOrAny, y: .preferred),
    ConvWish(name: "preferred", algorithm: FOVEA_DIRECT, x: .preferred, y: .preferred),
    ConvWish(name: "any source", algorithm: FOVEA_DIRECT, x: .named(.any), y: .preferred),
    ConvWish(name: "any", algorithm: FOVEA_DIRECT, x: .named(.any), y: .named(.any)),
    ConvWish(name: "channels last", algorithm: FOVEA_DIRECT, x: .named(.channelsLast), y: .named(.channelsLast)),
    ConvWish(name: "plain", algorithm: FOVEA_DIRECT, x: .named(.plain), y: .named(.plain)),
  ]

  /// Winograd's minimal filtering: fewer multiplications for 3×3 windows, in f32 good to some 1e-5.
  ///
  /// Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016.
  static let winograd: [ConvWish] = [
    ConvWish(name: "Winograd, at hand", algorithm: FOVEA_WINOGRAD, x: .atHand, y: .atHand),
    ConvWish(name: "Winograd, preferred", algorithm: FOVEA_WINOGRAD, x: .preferred, y: .preferred),
    ConvWish(name: "Winograd, any", algorithm: FOVEA_WINOGRAD, x: .named(.any), y: .named(.any)),
  ]

  /// Winograd's way in kernels of our own, which the library is not asked for.
  static let ownWinograd = ConvWish(name: "own Winograd", algorithm: FOVEA_WINOGRAD, x: .preferred, y: .preferred)

  /// The wish of a name, nil when there is none of that name.
  static func named(_ name: String) -> ConvWish? { (direct + winograd).first { $0.name == name } }
}

extension ConvWish.Side {
  /// The description that is asked for.
  func descriptor(
    _ dims: [Int], atHand: MemoryDescriptor?, _ preferred: Order, _ dtype: DType
  ) -> MemoryDescriptor? {
    switch self {
    case .atHand: atHand ?? MemoryDescriptor(dims, preferred, dtype)
    case .atHandOrAny: atHand ?? MemoryDescriptor(dims, .any, dtype)
    case .preferred: MemoryDescriptor(dims, preferred, dtype)
    case .named(let order): MemoryDescriptor(dims, order, dtype)
    }
  }
}
