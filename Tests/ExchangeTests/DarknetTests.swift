import Foundation
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import FoveaVision
import Testing

/// Networks that `make_darknet.py` has computed with PyTorch, layer by layer as darknet's C has them.
@Suite struct DarknetTests {
  private func path(_ name: String) -> String { golden("Darknet/\(name)") }

  /// What the graph makes of the golden input, by output.
  private func outputs(_ model: Model, _ input: Tensor) throws -> [String: Tensor] {
    let graph = try model.graph.specialized(to: ["input": input.shape])
    var feeds = [graph.inputs[0]: input]
    for (value, parameter) in graph.parameters + graph.states { feeds[value] = try model.store.tensor(parameter.path) }
    let results = try Interpreter.run(graph, feeds)
    return Dictionary(uniqueKeysWithValues: graph.outputs.map { ($0.name, results[$0.value] ?? Tensor(zeros: [0])) })
  }

  private func expectClose(_ found: Tensor?, _ name: String) throws {
    let expected = try Tensor(npy: path(name))
    let found = try #require(found)
    #expect(found.shape == expected.shape, "\(name)")
    let (a, b) = (found.array(of: Double.self), expected.array(of: Double.self))
    let largest = b.map(abs).max() ?? 0
    let difference = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
    #expect(difference <= 2e-6 * max(largest, 1), "\(name): \(difference) of \(largest)")
  }

  @Test func aDetectorComputesWhatDarknetDoes() throws {
    let model = try Darknet.read(path("detector.cfg"))
    #expect(model.name == "detector" && model.preprocessing.size == [24, 32])
    #expect(
      model.detection == [
        YOLOHead(output: "yolo1", anchors: [[9, 7], [14, 12]], classes: 2, scale: 1.1),
        YOLOHead(output: "yolo2", anchors: [[4, 5]], classes: 2),
      ])
    let found = try outputs(model, try Tensor(npy: path("detector-input.npy")))
    #expect(found.count == 2)
    try expectClose(found["yolo1"], "detector-yolo1.npy")
    try expectClose(found["yolo2"], "detector-yolo2.npy")
  }

  @Test func aClassifierComputesWhatDarknetDoes() throws {
    let model = try Darknet.read(path("classifier.cfg"))
    #expect(model.detection.isEmpty && model.preprocessing.channels == .gray)
    let found = try outputs(model, try Tensor(npy: path("classifier-input.npy")))
    try expectClose(found["output"], "classifier-output.npy")
  }

  /// Boxes by darknet's formulas, and torchvision's suppression.
  @Test func boxesAreDarknets() throws {
    let text = try Data(contentsOf: URL(fileURLWithPath: path("detector-boxes.json")))
    let expected = try #require(try JSONSerialization.jsonObject(with: text) as? [[Double]])
    let model = try Darknet.read(path("detector.cfg"))
    var all: [Detection] = []
    for head in model.detection {
      let raw = try Tensor(npy: path("detector-\(head.output).npy"))
      let count = raw.count / raw.shape[0]
      all += try head.detections(
        in: Array(raw.array(of: Float.self)[..<count]), height: raw.shape[2], width: raw.shape[3],
        input: (height: 24, width: 32), score: 0.2)
    }
    let found = nonMaximumSuppression(all, by: Suppression(overlap: 0.45, score: 0.2))
    #expect(found.count == expected.count && found.count > 10)
    for (one, row) in zip(found, expected) {
      #expect(Double(one.classIndex) == row[0])
      let numbers = [one.score, one.box.left, one.box.top, one.box.right, one.box.bottom]
      for (a, b) in zip(numbers, row.dropFirst()) { #expect(abs(a - b) < 1e-6) }
    }
  }

  /// A model file keeps what the YOLO layers mean, and a file that says otherwise is refused.
  @Test func aModelFileKeepsTheYOLOLayers() throws {
    let directory = try TemporaryDirectory()
    let file = directory.file("d.safetensors")
    let model = try Darknet.read(path("detector.cfg"), weights: path("detector.weights"), classNames: ["cat", "dog"])
    try model.save(to: file)
    let read = try ModelFile.read(file)
    #expect(read.detection == model.detection && read.classNames == ["cat", "dog"])
    #expect(read.graph.lines == model.graph.lines)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    let damaged = try #require(bytes.firstRange(of: Data(#"classes\":2"#.utf8)))
    var other = bytes
    other[damaged.upperBound - 1] = UInt8(ascii: "3")
    try other.write(to: URL(fileURLWithPath: file))
    let error = #expect(throws: ModelFileError.self) { try ModelFile.read(file) }
    #expect(error?.description.contains("what each YOLO layer's anchors and classes are") == true)
  }

  // MARK: Mistakes

  private func read(_ config: String, weights: [UInt8]? = nil) throws -> Model {
    try Array(config.utf8).withUnsafeBytes { text in
      try Darknet.read(config: text, weights: storage(weights ?? DarknetTests.weights(0)), name: "x")
    }
  }

  private static func weights(_ count: Int, version: (UInt8, UInt8) = (0, 2)) -> [UInt8] {
    let header: [UInt8] = [version.0, 0, 0, 0, version.1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    return header + [UInt8](repeating: 0, count: 4 * count)
  }

  static let net = "[net]\nwidth=8\nheight=8\nchannels=3\n"

  @Test(arguments: [
    ("", "x.cfg:1: there are no [sections]; the file is empty"),
    ("a=b", "x.cfg:1: an option before the first [section]; begin with [net]"),
    ("[convolutional]", "x.cfg:1: the first section is [convolutional]; begin with [net]"),
    ("[net", "x.cfg:1: a section without its closing ]; write e.g. [convolutional]"),
    ("[net]\nwidth", "x.cfg:2: neither a [section] nor key=value; the file is probably no darknet configuration"),
    ("\n[net]\nwidth=8", "x.cfg:2: there are no layers behind [net]"),
    ("[net]\nchannels=3\nwidth=8\n[softmax]", "x.cfg:1: [net] says no height; add height=416"),
    (
      "[net]\nchannels=3\nheight=-8\nwidth=8\n[softmax]",
      "x.cfg:3: height=-8 is no number from 1 to 65536; give the size of the network's input"
    ),
  ]) func textsThatAreNoConfiguration(_ config: String, _ text: String) throws {
    let error = #expect(throws: DarknetError.self) { try read(config) }
    #expect(error?.description == text)
  }

  /// All mistakes at once, each with its line.
  @Test func layersThatDoNotFitAreListed() throws {
    let config =
      DarknetTests.net + """
        [convolutional]
        filters=4
        flipped=1
        activation=maxout
        [reorg3d]
        stride=2
        [convolutional]
        filters=many
        size=3
        [route]
        layers=-1,7
        [yolo]
        mask=0,3
        anchors=1,2
        classes=4
        """
    let error = #expect(throws: GraphError.self) { try read(config) }
    let text = error.map { "\($0)" } ?? ""
    for part in [
      "flipped=1 in [convolutional] is not supported", "the activation \"maxout\" is not supported",
      "layers [reorg3d] are not supported", "filters=many", "layer 7 does not stand before layer 3",
      "mask names anchor 3, and anchors has 1 pairs", "x.cfg:5", "x.cfg:9", "x.cfg:14",
    ] {
      #expect(text.contains(part), "\(part) is not in\n\(text)")
    }
  }

  @Test func outputsOfAWrongSizeAreSaid() throws {
    let config =
      DarknetTests.net + "[convolutional]\nfilters=20\n[yolo]\nmask=0,1\nanchors=1,2,3,4\nclasses=4\nnum=2\n"
    let error = #expect(throws: GraphError.self) { try read(config) }
    #expect(
      "\(error!)".contains("[yolo] reads 20 channels, and 2 anchors of 5 + 4 numbers take 18")
        && "\(error!)".contains("filters=18"))
  }

  @Test func weightsMustFitToTheLastByte() throws {
    // 4 biases and 4·3·3·3 weights; 4·5 of a norm and 4·4 more.
    let config =
      DarknetTests.net + "[convolutional]\nfilters=4\nsize=3\n[convolutional]\nfilters=4\nbatch_normalize=1\n"
    let needed = 4 + 108 + 16 + 16
    #expect(try read(config, weights: DarknetTests.weights(needed)).store.paths.count == 7)
    func error(_ bytes: [UInt8]) -> String? {
      do {
        _ = try read(config, weights: bytes)
        return nil
      } catch { return "\(error)" }
    }
    #expect(
      error(DarknetTests.weights(needed - 1))
        == "x.weights holds \(needed - 1) numbers, and the network of x.cfg takes "
        + "\(needed); they end within layer1: give the weights that belong to this configuration")
    #expect(
      error(DarknetTests.weights(needed + 2))
        == "x.weights holds \(needed + 2) numbers, and the network of x.cfg takes "
        + "\(needed); 2 are left over: give the weights that belong to this configuration")
    // In version 0.1 the number of pictures seen has four bytes: these four are one float more.
    #expect(error(DarknetTests.weights(needed - 1, version: (0, 1))) == nil)
    #expect(
      error(Array(DarknetTests.weights(needed).dropLast()))?.contains(
        "behind its header of 20 bytes it has \(4 * needed - 1), which is no whole number of floats") == true)
    #expect(error([1, 2, 3])?.contains("it has 3 bytes, and its header alone takes 16 or 20") == true)
    #expect(error([UInt8](repeating: 0xff, count: 40))?.contains("its header says version -1.-1") == true)
  }

  /// Sizes that no machine holds are said, not tried.
  @Test func absurdSizesTakeNoMemory() throws {
    for config in [
      "[net]\nwidth=65536\nheight=65536\nchannels=65536\n[convolutional]\nfilters=1000000\nsize=999\n",
      DarknetTests.net + String(repeating: "[route]\nlayers=-1,-1\n", count: 200),
      DarknetTests.net + String(repeating: "[upsample]\nstride=1000\n", count: 20),
      DarknetTests.net + String(repeating: "[convolutional]\n", count: 5000),
      DarknetTests.net + "[connected]\noutput=100000000\n[connected]\noutput=100000000\n",
    ] {
      #expect(throws: (any Error).self) { try read(config) }
    }
  }
}
