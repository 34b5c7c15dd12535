import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The sum of each channel over samples and places, in the order the operand has: the gradient of a bias needs
/// no reorder of the whole tensor.
struct ChannelSum: Implementation {
  var name: String { "any order" }

  func refusal(of site: NodeSite) -> String? {
    let rank = site.inputShape(0).rank
    let axes = site.attributes.ints("axes", default: []).map { $0 < 0 ? $0 + rank : $0 }
    guard rank >= 3, rank <= 5, Set(axes) == Set(0..<rank).subtracting([1]) else {
      return "a sum over other axes than all but the channels"
    }
    return site.commonRefusal(of: "a sum")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let shape = site.inputShape(0)
    let given = (request.inputLayouts[0] ?? .plain).widened(shape.dims)
    // An order without a name is brought to the plain one.
    let order = given.order
    let layout = order == .any ? .plain : given
    // Runs of neighbouring channels, and how often they come before the next sample.
    let places = shape.dims.dropFirst(2).reduce(1, *)
    let channels = shape[1]
    let loop =
      switch order {
      case .channelsLast: Sums(samples: shape[0], groups: 1, places: places, lanes: channels, channels: channels)
      case .blocked:
        Sums(samples: shape[0], groups: (channels + 15) / 16, places: places, lanes: 16, channels: channels)
      default: Sums(samples: shape[0], groups: channels, places: places, lanes: 1, channels: channels)
      }
    return Proposal(inputs: [layout], outputs: [.plain], detail: "loop") { () throws(ExecutionError) in loop }
  }

  /// x[sample][group][place][lane] summed into y[group·lanes + lane].
  private struct Sums: Kernel {
    let samples: Int
    let groups: Int
    let places: Int
    let lanes: Int
    let channels: Int

    func bind(
      inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
    ) throws(ExecutionError) -> any BoundKernel {
      guard let x = inputs[0], let y = outputs[0] else { throw OneDNN.failure("a sum") }
      return Bound(self, x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Float.self))
    }
  }

  private final class Bound: BoundKernel {
    private let sums: Sums
    private let x: UnsafePointer<Float>
    private let y: UnsafeMutablePointer<Float>

    init(_ sums: Sums, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
      self.sums = sums
      self.x = x
      self.y = y
    }

    func run() throws(ExecutionError) {
      y.update(repeating: 0, count: sums.channels)
      var run = x
      for _ in 0..<sums.samples {
        for group in 0..<sums.groups {
          let first = group * sums.lanes
          // The last block may be wider than what is left.
          let width = min(sums.lanes, sums.channels - first)
          if sums.lanes == 1 {
            var part: Float = 0
            for place in 0..<sums.places { part += run[place] }
            y[first] += part
            run += sums.places
          } else {
            for _ in 0..<sums.places {
              for lane in 0..<width { y[first + lane] += run[lane] }
              run += sums.lanes
            }
          }
        }
      }
    }
  }
}
