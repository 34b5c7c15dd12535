import FoveaTensors

extension WindowLoop {
  /// Calls `body` for every row of every (sample, input channel, tap) when the output is a matrix of columns, one row
  /// per channel and tap: the offsets of the row's first elements in picture and matrix, and the row's length. Along
  /// a row the picture advances by `stride.2`, the matrix by one.
  @inline(__always)
  func forEachTapRow(_ body: (_ x: Int, _ column: Int, _ count: Int) -> Void) {
    var row = 0
    for plane in 0..<(batch * inChannels) {
      for kd in 0..<kernel.0 {
        for kh in 0..<kernel.1 {
          for kw in 0..<kernel.2 {
            let (first, last) = rowRange(kw)
            if first < last {
              let xw = first * stride.2 - pad.2 + kw * dilation.2
              for od in 0..<output.0 {
                let xd = od * stride.0 - pad.0 + kd * dilation.0
                if xd < 0 || xd >= input.0 { continue }
                for oh in 0..<output.1 {
                  let xh = oh * stride.1 - pad.1 + kh * dilation.1
                  if xh < 0 || xh >= input.1 { continue }
                  body(
                    plane * inputPlane + (xd * input.1 + xh) * input.2 + xw,
                    row * outputPlane + (od * output.1 + oh) * output.2 + first, last - first)
                }
              }
            }
            row += 1
          }
        }
      }
    }
  }

  /// Calls `body` for every row of taps of every (place, sample, output channel, input channel) when each place has
  /// weights of its own [places, O, C·taps]: the offsets of the row's first elements in input and weights, the
  /// output's place, and the row's length. Along a row the input advances by `dilation.2`, the weights by one.
  @inline(__always)
  func forEachOwnRow(_ body: (_ x: Int, _ weight: Int, _ y: Int, _ count: Int) -> Void) {
    let window = inChannels * taps
    var place = 0
    for od in 0..<output.0 {
      for oh in 0..<output.1 {
        for ow in 0..<output.2 {
          // The taps of this place that meet numbers.
          let start = ow * stride.2 - pad.2
          let first = start >= 0 ? 0 : min((-start + dilation.2 - 1) / dilation.2, kernel.2)
          let last = start >= input.2 ? 0 : min((input.2 - start + dilation.2 - 1) / dilation.2, kernel.2)
          for n in 0..<(first < last ? batch : 0) {
            for o in 0..<outChannels {
              let y = (n * outChannels + o) * outputPlane + place
              let own = (place * outChannels + o) * window
              for i in 0..<inChannels {
                let plane = (n * inChannels + i) * inputPlane
                for kd in 0..<kernel.0 {
                  let xd = od * stride.0 - pad.0 + kd * dilation.0
                  if xd < 0 || xd >= input.0 { continue }
                  for kh in 0..<kernel.1 {
                    let xh = oh * stride.1 - pad.1 + kh * dilation.1
                    if xh < 0 || xh >= input.1 { continue }
                    body(
                      plane + (xd * input.1 + xh) * input.2 + start + first * dilation.2,
                      own + ((i * kernel.0 + kd) * kernel.1 + kh) * kernel.2 + first, y, last - first)
                  }
                }
              }
            }
          }
          place += 1
        }
      }
    }
  }
}
