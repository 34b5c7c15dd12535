import Fovea
import Testing

@Suite struct DetectionPictureTests {
  @Test func outlinesLieInsideTheirBoxes() throws {
    let image = try Image8(height: 40, width: 60, channels: 1, pixels: [UInt8](repeating: 7, count: 2400))
    let box = Box(left: 10, top: 5, right: 30, bottom: 25)
    let drawn = try image.drawing([Detection(box: box, classIndex: 3, score: 1)])
    #expect(drawn.channels == 3 && drawn.height == 40 && drawn.width == 60)
    let colour = Image8.colour(ofClass: 3)
    for row in 0..<40 {
      for column in 0..<60 {
        let isInside = (5..<25).contains(row) && (10..<30).contains(column)
        let isEdge = isInside && (row == 5 || row == 24 || column == 10 || column == 29)
        let at = (row * 60 + column) * 3
        #expect(Array(drawn.pixels[at..<at + 3]) == (isEdge ? colour : [7, 7, 7]), "\(row), \(column)")
      }
    }
  }

  @Test func anyBoxCanBeDrawn() throws {
    let image = try Image8(height: 3, width: 2, channels: 3, pixels: [UInt8](repeating: 0, count: 18))
    let boxes = [
      Box(left: -.infinity, top: -.infinity, right: .infinity, bottom: .infinity),
      Box(left: .nan, top: 0, right: 1, bottom: 1), Box(left: 5, top: 5, right: 9, bottom: 9),
      Box(left: 1, top: 1, right: 0, bottom: 0), Box(left: 0.2, top: 0.2, right: 0.3, bottom: 0.3),
      Box(left: -1e300, top: 1e300, right: 1e300, bottom: -1e300),
    ]
    for box in boxes {
      _ = try image.drawing([Detection(box: box, classIndex: .max, score: .nan)])
    }
    // The surest lies on top.
    let whole = Box(left: 0, top: 0, right: 2, bottom: 3)
    let both = [0, 1].map { Detection(box: whole, classIndex: $0, score: 1) }
    #expect(try Array(image.drawing(both).pixels[..<3]) == Image8.colour(ofClass: 0))
    #expect(Set((0..<80).map(Image8.colour)).count == 80)
  }
}
