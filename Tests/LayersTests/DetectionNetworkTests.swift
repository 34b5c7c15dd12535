import FoveaGraphs
import FoveaLayers
import FoveaTensors
import FoveaVision
import Testing

@Suite struct DetectionNetworkTests {
  /// The paper's layers, with biases; Fast YOLO's as its authors' file lists them.
  @Test(arguments: [("yolov1", 24, 271_703_550), ("yolov1-tiny", 9, 45_089_374)])
  func parameters(name: String, convolutions: Int, expected: Int) throws {
    let entry = try Zoo.standard.entry(name)
    let graph = Model.draft(input: entry.input) { entry.network(entry.classes) }
    #expect(graph.mistakes.isEmpty)
    #expect(parameterCount(graph) == expected)
    #expect(
      graph.parameters.count { $0.parameter.path.hasSuffix(".weight") && graph.shape($0.value).rank == 4 }
        == convolutions)
    #expect(graph.outputs.map { graph.shape($0.value) } == [[1, 1470]])
    #expect(YOLOGrid(classes: entry.classes).numbers == 1470)
    #expect(try graph.specialized(to: ["input": [3, 3, 448, 448]]).mistakes.isEmpty)
    // Figure 3: the last map has a place for each of 7×7 cells.
    let flatten = try #require(graph.nodes.first { $0.op == "Flatten" }?.inputs.first ?? nil)
    #expect(graph.shape(flatten) == [1, 1024, 7, 7])
  }

  /// 60,155,968 of the parameters are the convolutions'.
  @Test func mostOfTheNetworkIsItsFirstDenseLayer() {
    let graph = Model.draft(input: [3, 448, 448]) { YOLOv1(classes: 20) }
    func count(_ prefix: String) -> Int {
      graph.parameters.filter { $0.parameter.path.hasPrefix(prefix) }.reduce(0) { $0 + graph.shape($1.value).count }
    }
    #expect(count("conv") == 60_155_968 && count("fc1") == 205_524_992 && count("fc2") == 6_022_590)
  }

  @Test func namesAndRectifiers() {
    let graph = Model.draft(input: [3, 448, 448]) { YOLOv1(classes: 20) }
    let layers = (1...24).map { "conv\($0)" } + ["fc1", "fc2"]
    #expect(graph.parameters.map(\.parameter.path) == layers.flatMap { ["\($0).weight", "\($0).bias"] })
    #expect(graph.nodes.count { $0.op == "LeakyRelu" && $0.attributes.float("alpha", default: 0) == 0.1 } == 25)
    #expect(graph.nodes.map(\.op).suffix(4) == ["Gemm", "LeakyRelu", "Dropout", "Gemm"])
    let fast = Model.draft(input: [3, 448, 448]) { FastYOLOv1(classes: 20) }
    #expect(fast.nodes.map(\.op).suffix(6) == ["Flatten", "Gemm", "Gemm", "LeakyRelu", "Dropout", "Gemm"])
    #expect(fast.nodes.count { $0.op == "MaxPool" } == 6)
  }

  @Test func otherGridsAndPictures() {
    let graph = Model.draft(input: [1, 192, 192]) { YOLOv1(classes: 4, cells: 3, boxes: 1, width: 2) }
    #expect(graph.mistakes.isEmpty && graph.outputs.map { graph.shape($0.value) } == [[1, 81]])
    #expect("\(YOLOv1(classes: 20))" == "YOLOv1(classes: 20)")
    #expect("\(YOLOv1(classes: 4, cells: 3, boxes: 1, width: 2))" == "YOLOv1(classes: 4, cells: 3, boxes: 1, width: 2)")
    #expect("\(FastYOLOv1(classes: 4, width: 2))" == "FastYOLOv1(classes: 4, width: 2)")
    #expect(FastYOLOv1(classes: 4, cells: 5).grid == YOLOGrid(cells: 5, classes: 4))
  }

  @Test func mistakes() throws {
    for (classes, cells, boxes) in [(0, 7, 2), (20, -1, 2), (20, 7, 0), (.max, 7, 2), (20, .max, .max)] {
      for layer in [
        YOLOv1(classes: classes, cells: cells, boxes: boxes) as any Layer,
        FastYOLOv1(classes: classes, cells: cells, boxes: boxes),
      ] {
        let mistakes = Model.draft(input: [3, 448, 448]) { layer }.mistakes
        #expect(mistakes.map(\.mend) == ["give at least 1 of each, and at most 2²⁸ numbers and scores"], "\(layer)")
      }
    }
    for width in [0, -3, Int.max] {
      #expect(!Model.draft(input: [3, 448, 448]) { YOLOv1(classes: 20, width: width) }.mistakes.isEmpty)
      #expect(!Model.draft(input: [3, 448, 448]) { FastYOLOv1(classes: 20, width: width) }.mistakes.isEmpty)
    }
    #expect(!Model.draft(input: [3, 16, 16]) { YOLOv1(classes: 20) }.mistakes.isEmpty, "a picture that is too small")
  }
}
