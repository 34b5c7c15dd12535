import Foundation
import FoveaGraphs
import Testing

/// What PyTorch computes; `Golden/make_spatial.py` wrote the numbers.
struct SpatialGoldenTests {
  static func cases() throws -> [GoldenTests.Case] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appending(path: "Golden/spatial.json"))
    return try JSONDecoder().decode(GoldenTests.File.self, from: data).cases
  }

  @Test func allCasesAreThere() throws { #expect(try Self.cases().count == 63) }

  @Test(arguments: try SpatialGoldenTests.cases())
  func agreesWithPyTorch(_ item: GoldenTests.Case) throws { try GoldenTests().agreesWithPyTorch(item) }
}
