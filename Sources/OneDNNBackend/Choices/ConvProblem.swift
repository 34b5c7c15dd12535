import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// A convolution, in one direction, for which one of the library's ways is to be chosen.
struct ConvProblem {
  /// As reports show it, e.g. `forward`.
  let direction: String
  let site: NodeSite
  let request: ProposalRequest
  let sizes: ConvSizes
  /// The order the picture side has now; nil when the primitive makes it.
  let x: Layout?
  /// The same for the output side.
  let y: Layout?
  /// The node's inputs that are read; those behind only say a shape.
  let reads: Int
  /// The type in which pictures and weights are read; gradients of weights are f32 always.
  var dtype = DType.f32
  /// Which input the weights are, where they are read.
  let weights: Int?
  /// What is done with the result in the same step, for people and for telling problems apart.
  var after = ""
  /// What our own Winograd's way would do; nil where it has no step for what follows.
  var role: WinogradRole?
  /// The library is asked for this, in these orders.
  let ask: (MemoryDescriptor?, MemoryDescriptor?) -> Request
  /// The whole step around the primitive.
  let answer: (PrimitiveDescription) throws(ExecutionError) -> Proposal

  /// The primitive that answers a wish, nil when the library has none.
  func describe(_ wish: ConvWish, _ preferred: Order) -> PrimitiveDescription? {
    var request = ask(
      wish.x.descriptor(sizes.x, atHand: x.flatMap { $0.descriptor(sizes.x, dtype) }, preferred, dtype),
      wish.y.descriptor(sizes.y, atHand: y.flatMap { $0.descriptor(sizes.y, dtype) }, preferred, dtype))
    request.algorithm = wish.algorithm
    return request.describe().flatMap { isWrong($0) ? nil : $0 }
  }

  /// Ways of the library's, in version 2.6, that answer wrongly. `make check-plans` found all but the last.
  private func isWrong(_ found: PrimitiveDescription) -> Bool {
    let isRagged = sizes.x[1] % 16 != 0 || sizes.y[1] % 16 != 0
    let toData = direction == "backward data"
    // Winograd takes uneven padding for even in the gradient of pictures.
    if toData, found.name.hasPrefix("jit_wino") {
      return (0..<sizes.geometry.axes).contains { axis in
        let pad = sizes.geometry.padding(axis, extent: sizes.x[axis + 2])
        return pad.before != pad.after
      }
    }
    // The 1×1 kernel, channels last, writes past its scratch memory with strides and channels that do not fill blocks.
    if toData, isRagged, found.name.hasPrefix("jit_1x1"), sizes.geometry.strides.contains(where: { $0 > 1 }) {
      return found.layout(FOVEA_DIFF_SRC, sizes.x).order == .channelsLast
    }
    // Batched products, channels last, whose results do not fill blocks: now and then a number is off by any amount.
    if direction == "forward", sizes.y[1] % 16 != 0 || (isRagged && dtype == .bf16), found.name.hasPrefix("brgconv") {
      return true
    }
    guard dtype == .bf16 else { return false }
    // Gradients of weights from channels that do not fill blocks, in another order than blocks, read what was never
    // written.
    if direction == "backward weights", isRagged, found.name.hasPrefix("jit_bf16") {
      return found.layout(FOVEA_SRC, sizes.x).order != .blocked
    }
    // Groups of channels that do not fill blocks: promised, and refused when it is built.
    let groups = sizes.geometry.groups
    if groups > 1, groups < sizes.x[1], sizes.x[1] / groups % 16 != 0 || sizes.y[1] / groups % 16 != 0 {
      return found.name.hasPrefix("jit_bf16")
    }
    // The 1×1 kernel for bf16, channels last, gives wrong gradients of channels that do not fill blocks.
    guard toData, isRagged, found.name.hasPrefix("jit_bf16_1x1") else { return false }
    return [(FOVEA_DIFF_SRC, sizes.x), (FOVEA_DIFF_DST, sizes.y)].contains {
      found.layout($0.0, $0.1).order == .channelsLast
    }
  }

  /// Whether Winograd's way exists: 3×3, each place, one group.
  var canBeWinograd: Bool {
    let geometry = sizes.geometry
    return dtype == .f32 && geometry.kernel == [3, 3] && geometry.strides == [1, 1] && geometry.dilations == [1, 1]
      && geometry.groups == 1
  }

  /// Everything on which times and orders depend, but for machine, library and threads.
  func key(_ preferred: Order) -> String {
    let geometry = sizes.geometry
    func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: "x") }
    let pads = (0..<geometry.axes).map { axis in
      let pad = geometry.padding(axis, extent: sizes.x[axis + 2])
      return "\(pad.before)+\(pad.after)"
    }
    let atHand = request.inputLayouts.prefix(reads).map { $0?.description ?? "-" }.joined(separator: ",")
    var parts = [
      direction, "\(list(sizes.x)) * \(list(sizes.w)) = \(list(sizes.y))", "strides \(list(geometry.strides))",
      "dilations \(list(geometry.dilations))", "pads \(pads.joined(separator: ","))", "groups \(geometry.groups)",
      dtype.rawValue, "at hand \(atHand)", "preferred \(preferred)", "results \(site.outputs.count)",
      request.training ? "training" : "inference",
    ]
    if !after.isEmpty { parts.append("then \(after)") }
    return parts.joined(separator: "; ")
  }
}
