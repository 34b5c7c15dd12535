import Fovea
import Testing

/// Systems A3–A10 as their papers describe them.
@Suite struct HistoryRows {
  /// Places of the maps of a row, each counted once.
  private func places(_ row: SummaryTable.Row) -> Int { row.output.count / row.output[1] }

  @Test func a3_timeDelayNetwork() throws {
    let summary = try network("tdnn")
    #expect(summary.learned.map(\.parameters) == [392, 123] && summary.parameters == 515)
    #expect(summary.learned.map(\.output) == [[1, 8, 13], [1, 3, 9]])
    #expect(summary.rows.last?.output == [1, 3])
  }

  @Test func a4_theFirstOnes() throws {
    let first = try network("lecun-1989")
    #expect(first.parameters == 2_578)
    #expect(first.learned.map(\.parameters) == [104, 8, 512, 24, 1_930])
    #expect(
      first.learned.map(\.output) == [[1, 4, 24, 24], [1, 4, 12, 12], [1, 12, 8, 8], [1, 12, 4, 4], [1, 10]])
    // Each parameter of a convolution is used once at each place; a subsampling unit has five connections.
    let connections = first.learned.reduce(0) { sum, row in
      row.output.rank == 2
        ? sum + row.parameters
        : sum + (row.type.hasPrefix("Subsampling") ? 5 * row.output.count : row.parameters * places(row))
    }
    #expect(connections == 98_442)
    let zip = try network("lecun-1989-zip")
    #expect(zip.parameters == 9_760)
    #expect(zip.rows.filter { $0.output.rank == 4 }.last?.output == [1, 12, 4, 4])
  }

  @Test func a5_leNet() throws {
    let published = try network("lenet5-1998")
    #expect(published.trainableParameters == 60_000)
    #expect(published.learned.map(\.parameters) == [156, 12, 1_516, 32, 48_120, 10_164])
    #expect(published.learned.map { $0.output[1] } == [6, 6, 16, 16, 120, 84])
    let connections = published.learned.reduce(840) { sum, row in
      row.output.rank == 2
        ? sum + row.parameters
        : sum + (row.type.hasPrefix("Subsampling") ? 5 * row.output.count : row.parameters * places(row))
    }
    #expect(connections == 340_908)
    let taught = try network("lenet5")
    #expect(taught.learned.map(\.parameters) == [156, 2_416, 48_120, 10_164, 850] && taught.parameters == 61_706)
  }

  @Test func a6_alexNet() throws {
    let summary = try network("alexnet-2012")
    let counts = [34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000]
    #expect(summary.learned.map(\.parameters) == counts && summary.parameters == 60_965_224)
    #expect(counts.suffix(3).reduce(0, +) * 100 / summary.parameters == 96)
    #expect(summary.rows.filter { $0.type == "Conv2D" }.map { $0.output[3] } == [55, 27, 13, 13, 13])
    #expect(summary.multiplyAdds == 724_406_816)
    #expect(summary.rows.filter { $0.type == "LocalResponseNorm" }.count == 2)
    #expect(try network("alexnet").parameters == 61_100_840)
    // In one tower.
    let whole = try table([3, 227, 227]) {
      Conv2D(96, kernel: 11, stride: 4)
      MaxPool2D(3, stride: 2)
      Conv2D(256, kernel: 5, padding: 2)
      MaxPool2D(3, stride: 2)
      for channels in [384, 384, 256] { Conv2D(channels, kernel: 3, padding: 1) }
      MaxPool2D(3, stride: 2)
      Flatten()
      for units in [4096, 4096, 1000] { Dense(units) }
    }
    #expect(whole.parameters == 62_378_344)
  }

  @Test func a8_inception() throws {
    let published = try network("googlenet-2014")
    #expect(published.parameters == 13_378_280)
    let heads = published.rows.filter { $0.name.hasPrefix("aux") }.reduce(0) { $0 + $1.parameters }
    #expect(published.parameters - heads == 6_998_552)
    let widths = published.rows.filter { $0.type == "Concatenate" }.map { $0.output[1] }
    #expect(widths == [256, 480, 512, 512, 512, 528, 832, 832, 1024])
    #expect(try network("googlenet").parameters == 6_624_904)
  }

  @Test(arguments: [
    ("resnet20", 269_722), ("resnet32", 464_154), ("resnet44", 658_586), ("resnet56", 853_018),
    ("resnet110", 1_727_962), ("resnet18", 11_689_512), ("resnet34", 21_797_672), ("resnet50", 25_557_032),
    ("resnet101", 44_549_160), ("resnet152", 60_192_808),
  ])
  func a9_residualNetworks(name: String, parameters: Int) throws {
    #expect(try network(name).parameters == parameters)
  }

  @Test(arguments: [
    ("densenet121", 7_978_856), ("densenet169", 14_149_480), ("densenet201", 20_013_928), ("densenet161", 28_681_000),
    ("densenet40", 1_019_722), ("densenet100", 6_979_642), ("densenet100-bc", 769_162), ("densenet190-bc", 25_624_430),
  ])
  func a10_denselyConnectedNetworks(name: String, parameters: Int) throws {
    #expect(try network(name).parameters == parameters)
  }

  @Test(arguments: [
    ("vgg11", 132_863_336), ("vgg13", 133_047_848), ("vgg16", 138_357_544), ("vgg19", 143_667_240),
    ("vgg16_bn", 138_365_992), ("vgg19_bn", 143_678_248),
  ])
  func a7_threeByThree(name: String, parameters: Int) throws {
    let summary = try network(name)
    #expect(summary.parameters == parameters)
    #expect(summary.learned.suffix(3).reduce(0) { $0 + $1.parameters } == 123_642_856)
    if name == "vgg16" { #expect(summary.multiplyAdds == 15_470_264_320) }
    if name == "vgg19" { #expect(summary.multiplyAdds / 10_000_000 == 1963) }
  }

  @Test func w43_picturesOfImageNet() throws {
    for name in ["alexnet", "vgg16", "resnet50"] {
      let entry = try Zoo.standard.entry(name)
      #expect(entry.input.shape == [3, 224, 224] && entry.classes == 1000)
      #expect(entry.preprocessing == .imageNet())
    }
  }

  /// Every total of the column of architectures, beside those of the rows above.
  @Test(arguments: [
    ("lecun-1989", 2_578), ("lecun-1989-zip", 9_760), ("lenet5", 61_706), ("alexnet-2012", 60_965_224),
    ("alexnet", 61_100_840), ("vgg19", 143_667_240), ("googlenet-2014", 13_378_280), ("googlenet", 6_624_904),
    ("resnet152", 60_192_808), ("densenet161", 28_681_000), ("yolov1", 271_703_550), ("unet-2015", 31_030_658),
    ("mnist-1d-conv", 2_050), ("mnist-1d-fc", 59_065), ("mnist-1d-baseline", 15_210), ("shape-tracking", 69_706),
    ("tiny-vgg", 19_920),
  ])
  func w85_totals(name: String, parameters: Int) throws {
    #expect(try network(name).parameters == parameters)
  }
}
