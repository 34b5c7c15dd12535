import FoveaTensors

/// The windows of a pooling, position by position: which numbers lie in each, and how many count for a mean.
struct PoolWindows: Sendable {
  /// The taps of one window along one axis that meet numbers, and how many count for the mean.
  private struct Taps {
    let first: Int
    let last: Int
    let counted: Int
  }

  /// The numbers of one window as rows: where each begins, how many, how far apart.
  struct Rows {
    let start: Int
    let counts: (Int, Int, Int)
    let steps: (Int, Int, Int)

    @inline(__always)
    func forEach(_ body: (_ start: Int, _ count: Int, _ step: Int) -> Void) {
      guard counts.2 > 0 else { return }
      for d in 0..<counts.0 {
        for h in 0..<counts.1 { body(start + d * steps.0 + h * steps.1, counts.2, steps.2) }
      }
    }
  }

  private let loop: WindowLoop
  private let after: (Int, Int, Int)
  private let countsPadding: Bool

  init(_ site: NodeSite, input x: Shape, output y: Shape) {
    let geometry = Op.MaxPool.geometry(site)
    loop = WindowLoop(geometry, input: x, output: y)
    let behind = (0..<geometry.axes).map { geometry.padding($0, extent: x[$0 + 2]).after }
    let three = [Int](repeating: 0, count: 3 - behind.count) + behind
    after = (three[0], three[1], three[2])
    countsPadding = site.attributes.flag("count_include_pad")
  }

  /// - Parameter start: the input position of the first tap.
  @inline(__always)
  private func taps(_ start: Int, _ kernel: Int, _ dilation: Int, _ extent: Int, _ after: Int) -> Taps {
    // Taps before `end`: as many as fit, rounded up.
    func before(_ end: Int) -> Int { max(min((end - start + dilation - 1) / dilation, kernel), 0) }
    let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
    let last = start >= extent ? 0 : before(extent)
    // A window that was rounded up to reaches behind the padding: what lies there does not count.
    return Taps(first: first, last: last, counted: countsPadding ? before(extent + after) : max(last - first, 0))
  }

  /// Calls `body` with each output position, the number to divide by, and the numbers of its window.
  @inline(__always)
  func forEach(_ body: (_ y: Int, _ divisor: Int, _ rows: Rows) -> Void) {
    var at = 0
    let (height, width) = (loop.input.1, loop.input.2)
    for plane in 0..<(loop.batch * loop.inChannels) {
      for d in 0..<loop.output.0 {
        let xd = d * loop.stride.0 - loop.pad.0
        let deep = taps(xd, loop.kernel.0, loop.dilation.0, loop.input.0, after.0)
        for h in 0..<loop.output.1 {
          let xh = h * loop.stride.1 - loop.pad.1
          let high = taps(xh, loop.kernel.1, loop.dilation.1, height, after.1)
          for w in 0..<loop.output.2 {
            let xw = w * loop.stride.2 - loop.pad.2
            let wide = taps(xw, loop.kernel.2, loop.dilation.2, width, after.2)
            let start =
              plane * loop.inputPlane + (xd + deep.first * loop.dilation.0) * height * width
              + (xh + high.first * loop.dilation.1) * width + xw + wide.first * loop.dilation.2
            let rows = Rows(
              start: start,
              counts: (
                max(deep.last - deep.first, 0), max(high.last - high.first, 0), max(wide.last - wide.first, 0)
              ),
              steps: (loop.dilation.0 * height * width, loop.dilation.1 * width, loop.dilation.2))
            body(at, deep.counted * high.counted * wide.counted, rows)
            at += 1
          }
        }
      }
    }
  }
}
