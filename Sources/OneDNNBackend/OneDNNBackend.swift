import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The CPU through oneDNN, opened at run time.
public struct OneDNNBackend: Backend {
  /// Which order activations take between layers.
  public enum Preference: String, Sendable, CaseIterable {
    /// What each convolution likes best.
    case any
    /// Channels innermost, as PyTorch's channels_last.
    case channelsLast = "channels-last"
    /// Channels in blocks of 16.
    case blocked
  }

  /// In which type convolutions and matrix products read their operands. Sums inside them, losses, gradients of
  /// parameters and whatever the store keeps are f32 always.
  public enum Precision: String, Sendable, CaseIterable {
    /// 32 bits.
    case f32
    /// The upper half of f32: its range, and 8 binary digits. Half the memory traffic, twice the speed where the
    /// processor multiplies it (AVX512-BF16).
    case bf16
  }

  public let preference: Preference
  /// The type that was asked for.
  public let precision: Precision
  /// How ways of running convolutions are chosen.
  public var tuning: Tuning { chooser.tuning }
  private let functions: fovea_onednn
  private var chooser: ConvChooser

  /// Nil when the library cannot be had; `unavailable` says why.
  ///
  /// - Parameters:
  ///   - precision: the type of convolutions' operands; see `bf16Support`.
  ///   - tuning: how ways of running convolutions are chosen.
  ///   - choices: what was measured before; the standard file when nil.
  ///   - winograd: whether measuring may choose Winograd's way, the library's or ours; when nil, as `FOVEA_WINOGRAD`
  ///     says: `0` for neither, `own` or `library` for one of them, else both.
  public init?(
    preference: Preference = .blocked, precision: Precision = .f32, tuning: Tuning = .fixed,
    choices: ConvolutionChoices? = nil, winograd: Bool? = nil
  ) {
    guard let functions = OneDNN.functions else { return nil }
    self.functions = functions
    self.preference = preference
    self.precision = precision
    chooser = ConvChooser(
      order: Order(preference),
      dtype: precision == .bf16 && OneDNNBackend.bf16Support != .none ? .bf16 : .f32, tuning: tuning,
      winograd: winograd.map { $0 ? .all : .none }
        ?? getenv("FOVEA_WINOGRAD").flatMap { WinogradWays(rawValue: String(cString: $0)) } ?? .all,
      choices: choices ?? ConvolutionChoices(directory: tuning == .fixed ? nil : ConvolutionChoices.standardDirectory))
  }

  /// One whose ways are drawn, not timed, so that tests run every one of them.
  /// - Parameter draw: the number of the way to take, of `count`, for the convolution that `key` tells apart.
  package init?(
    preference: Preference, precision: Precision = .f32, winograd: Bool? = nil,
    drawing draw: @escaping @Sendable (_ key: String, _ count: Int) -> Int
  ) {
    self.init(
      preference: preference, precision: precision, tuning: .measured, choices: ConvolutionChoices(directory: nil),
      winograd: winograd)
    chooser.draw = draw
  }

  public var name: String { "oneDNN \(OneDNN.version)" + (precision == .f32 ? "" : ", \(precision.rawValue)") }

  /// What a processor does with bf16.
  public enum Support: Sendable {
    /// Nothing: all is computed in f32.
    case none
    /// It rounds to bf16 and multiplies in f32, which takes longer than f32 itself.
    case emulated
    /// It multiplies it.
    case native
  }

  /// What this machine's processor does with bf16, as the library sees it; none without the library.
  public static var bf16Support: Support {
    switch OneDNN.functions?.bf16 {
    case Int32(FOVEA_BF16_NATIVE.rawValue)?: .native
    case Int32(FOVEA_BF16_EMULATED.rawValue)?: .emulated
    default: .none
    }
  }

  /// Why there is no oneDNN, nil when there is.
  public static var unavailable: String? { OneDNN.functions == nil ? OneDNN.problem : nil }

  /// The library's version, nil when it cannot be had.
  public static var version: String? { OneDNN.functions == nil ? nil : OneDNN.version }

  public func prepare(threads: Int) { functions.set_threads(Int32(threads)) }

  public func planned() { chooser.choices.save() }

  public func implementations(of op: any Operator.Type) -> [any Implementation] {
    // A user's operator may be called like one of these.
    guard Registry.isBuiltIn(op) else { return [] }
    let worksByNumber = ArithmeticProgram.names.contains(op.name) || op.name == Op.SquaredNorm.name
    let readsWeights = op.name.hasPrefix(Op.Conv.name) || op.name == Op.Fused.name
    let all =
      worksByNumber
      ? candidates(for: op) : candidates(for: op).map { OwnAxes($0, hidesUnnamed: !readsWeights) }
    return chooser.dtype == .f32 ? all : all.map(WidenedWhereNeeded.init)
  }

  private func candidates(for op: any Operator.Type) -> [any Implementation] {
    let product = MatrixProduct(dtype: chooser.dtype)
    switch op.name {
    case Op.Conv.name: return [ConvForward(chooser: chooser)]
    case Op.ConvBackwardData.name: return [ConvBackwardData(chooser: chooser)]
    case Op.ConvBackwardWeights.name: return [ConvBackwardWeights(chooser: chooser)]
    case Op.MaxPool.name: return [MaxPoolForward()]
    case Op.MaxPoolBackward.name: return [MaxPoolBackward()]
    case Op.ConvTranspose.name: return [ConvTransposeForward(chooser: chooser)]
    case Op.AveragePool.name, Op.GlobalAveragePool.name: return [AveragePoolForward()]
    case Op.AveragePoolBackward.name, Op.GlobalAveragePoolBackward.name:
      return [AveragePoolBackward(order: chooser.order, dtype: chooser.dtype)]
    case Op.PRelu.name: return [Arithmetic(), SlopeForward()]
    case Op.PReluBackward.name: return [SlopeBackward()]
    case Op.Gemm.name: return [product]
    // Stacks of matrices are multiplied in f32 whatever the precision.
    case Op.MatMul.name: return [product, MatrixProduct()]
    case Op.Concat.name: return [Concatenation()]
    case Op.ConcatBackward.name, Op.Split.name: return [Pieces()]
    case Op.SquaredNorm.name: return [SquareSum()]
    case Op.ReduceSum.name: return [Arithmetic(), ChannelSum()]
    case Op.BatchNormalization.name: return [NormForward()]
    case Op.BatchNormalizationBackward.name: return [NormBackward()]
    case Op.LRN.name: return [ResponseNormForward()]
    case Op.LRNBackward.name: return [ResponseNormBackward()]
    case Op.Resize.name: return [ResizeForward()]
    case Op.ResizeBackward.name: return [ResizeBackward()]
    case Op.LayerNormalization.name: return [LayerNormForward()]
    case Op.LayerNormalizationBackward.name: return [LayerNormBackward()]
    case Op.Fused.name:
      return [
        FusedConv(chooser: chooser), FusedGemm(product: product), FusedNormForward(), FusedNormBackward(),
        Arithmetic(), QuantizedProduct(), QuantizedPool(), QuantizedStep(),
      ]
    default: return ArithmeticProgram.names.contains(op.name) ? [Arithmetic()] : []
    }
  }

  public func reorder(_ type: TensorType, from: Layout, to: Layout) throws(ExecutionError) -> Proposal? {
    guard [.f32, .i8, .u8].contains(type.dtype), let shape = type.shape.concrete, shape.count > 0, from != to else {
      return nil
    }
    return Reorder.proposal(shape.dims, of: type.dtype, from: from, to: to)
  }
}

extension Order {
  init(_ preference: OneDNNBackend.Preference) {
    switch preference {
    case .any: self = .any
    case .channelsLast: self = .channelsLast
    case .blocked: self = .blocked
    }
  }
}

extension NodeSite {
  /// Why oneDNN is not asked at all: it computes in f32 here, on tensors that have elements.
  /// - Parameter whole: true where the step knows what to do with whole numbers.
  func commonRefusal(of names: String, whole: Bool = false) -> String? {
    if !whole, let first = inputs.first??.dtype, !first.isFloat { return "\(names) in \(first.rawValue)" }
    for type in inputs.compactMap({ $0 }) + outputs where type.dtype.isFloat && type.dtype != .f32 {
      return "\(names) in \(type.dtype.rawValue)"
    }
    for type in inputs.compactMap({ $0 }) + outputs {
      guard let shape = type.shape.concrete, shape.count > 0 else { return "\(names) on no elements" }
      // 2.6 takes more, and skips axes of some.
      if shape.rank > 6 { return "\(names) along \(shape.rank) axes" }
    }
    return nil
  }
}
