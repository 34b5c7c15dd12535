import Fovea
import Testing

/// Systems A12–A34 that answer for every place.
@Suite struct DenseRows {
  @Test func a12_downAndUpAgain() throws {
    let summary = try network("deconvnet")
    #expect(summary.rows.contains { $0.type == "Conv2D" && $0.output == [1, 4096, 1, 1] })
    // 7·7·512 numbers to each of 4,096.
    #expect(summary.rows.contains { $0.parameters == 102_764_544 })
    #expect(summary.rows.filter { $0.type == "MaxUnpool" }.map { $0.output[3] } == [14, 28, 56, 112, 224])
    #expect(summary.rows.last?.output == [1, 21, 224, 224])
  }

  @Test func a14_uNet() throws {
    let summary = try network("unet-2015")
    #expect(summary.parameters == 31_030_658)
    #expect(summary.rows.last?.output == [1, 2, 388, 388])
    let convolutions = summary.rows.filter { $0.type == "Conv2D" || $0.type == "ConvTranspose2D" }
    #expect(convolutions.count == 23)
    let sides = convolutions.map { $0.output[3] }
    for side in [568, 280, 136, 64, 28] { #expect(sides.contains(side)) }
    let padded = try network("unet")
    #expect(padded.parameters == 31_030_658 && padded.rows.last?.output == [1, 2, 256, 256])
  }

  @Test func a15_hourglass() throws {
    let summary = try network("hourglass")
    #expect(summary.rows.last?.output == [1, 16, 64, 64])
    // A residual of 256 channels: 213,504 parameters without the norms.
    let residual = summary.rows.filter { $0.name.hasPrefix("stacks.0.residual.") && $0.type == "Conv2D" }
    #expect(residual.reduce(0) { $0 + $1.parameters } == 213_504)
    #expect(summary.rows.filter { $0.name.hasPrefix("stacks.0.hourglass") }.map { $0.output[3] }.min() == 4)
    let entry = try Zoo.standard.entry("hourglass8")
    let eight = Model.draft(input: entry.input) { entry.network(16) }
    #expect(eight.outputs.count == 8)
    #expect(eight.outputs.allSatisfy { eight.shape($0.value) == [1, 16, 64, 64] })
  }

  @Test func a16_dilatedContext() throws {
    let four = try table([1, 64, 64]) {
      for dilation in [1, 2, 4, 8] { Conv2D(1, kernel: 3, padding: .same, dilation: dilation) }
    }
    #expect(four.fields(of: ["Conv2D"]) == [3, 7, 15, 31])
    #expect(four.rows.allSatisfy { $0.output == [1, 1, 64, 64] })
    let module = try network("dilated-context")
    #expect(module.rows.last?.output == [1, 21, 64, 64])
    #expect(module.fields(of: ["Conv2D"]).last == 67)
  }

  @Test func a32_quantities() throws {
    let summary = try network("regression-cnn")
    #expect(summary.rows.last?.type == "Dense" && summary.rows.last?.output == [1, 1])
  }

  @Test func a33_decoder() throws {
    let summary = try network("autoencoder")
    #expect(summary.rows.contains { $0.type == "ConvTranspose2D" })
    #expect(summary.rows.map { $0.output.count }.min() == 64)
    #expect(summary.rows.last?.output == [1, 1, 28, 28])
  }

  @Test func a34_forecastsFromThePast() throws {
    let entry = try Zoo.standard.entry("causal-1d")
    let x = draw([1, 1, 64], seed: 211)
    let late = tensor(x.numbers.enumerated().map { $0.offset < 40 ? $0.element : 3 }, x.shape)
    let (before, after) = (try apply(x) { entry.network(1) }, try apply(late) { entry.network(1) })
    #expect(before.shape == [1, 1, 64])
    #expect(before.numbers.prefix(40) == after.numbers.prefix(40) && before.numbers != after.numbers)
  }
}
