import FoveaData
import FoveaVision

extension Image8 {
  /// The picture in colour with the outline of each detection's box, in a colour that tells its class from others.
  ///
  /// The first detections, which are the surest, are drawn last and so lie on top. Lines are as wide as a 200th of the
  /// shorter side, and lie inside the box.
  /// - Throws: `DataError` when the picture has an impossible size.
  public func drawing(_ detections: [Detection]) throws(DataError) -> Image8 {
    let whole = rgb()
    var pixels = whole.pixels
    let line = max(1, min(height, width) / 200)
    let bounds = Box(left: 0, top: 0, right: Double(width), bottom: Double(height))
    for detection in detections.reversed() {
      let box = detection.box.clipped(to: bounds)
      guard !box.isEmpty else { continue }
      let (left, right) = (Int(box.left.rounded(.down)), min(Int(box.right.rounded(.up)), width))
      let (top, bottom) = (Int(box.top.rounded(.down)), min(Int(box.bottom.rounded(.up)), height))
      let colour = Image8.colour(ofClass: detection.classIndex)
      func fill(_ rows: Range<Int>, _ columns: Range<Int>) {
        for row in rows {
          for column in columns {
            let at = (row * width + column) * 3
            for channel in 0..<3 { pixels[at + channel] = colour[channel] }
          }
        }
      }
      let (high, wide) = (min(line, bottom - top), min(line, right - left))
      fill(top..<(top + high), left..<right)
      fill((bottom - high)..<bottom, left..<right)
      fill(top..<bottom, left..<(left + wide))
      fill(top..<bottom, (right - wide)..<right)
    }
    return try Image8(height: height, width: width, channels: 3, pixels: pixels)
  }

  /// Red, green and blue of a class: hues a golden section apart, so that neighbours differ most.
  public static func colour(ofClass index: Int) -> [UInt8] {
    let turn = Double(index &* 0x9e37 & 0xffff) / 65536
    // Each colour is full along a third of the circle and falls off linearly beside it.
    return [0.0, 1 / 3, 2 / 3].map { center in
      let distance = abs(turn - center)
      let share = 2 - 6 * min(distance, 1 - distance)
      return UInt8((255 * min(max(share, 0), 1)).rounded())
    }
  }
}
