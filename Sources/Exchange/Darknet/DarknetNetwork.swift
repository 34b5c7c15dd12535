import FoveaGraphs
import FoveaLayers
import FoveaTensors
import FoveaVision

/// The graph of a configuration, the order of its weights, and what its YOLO layers say.
struct DarknetNetwork {
  let graph: Graph
  let heads: [YOLOHead]
  /// The paths of parameters and statistics, in the order in which darknet writes their numbers.
  let order: [String]
  let preprocessing: Preprocessing
  /// Each section as a summary shows it, by path.
  let composites: [String: String]

  /// - Throws: `DarknetError.config`; `GraphError.mistakes` with everything that does not fit, each with its line.
  init(_ config: DarknetConfig) throws {
    let input = try DarknetNetwork.inputShape(config)
    var heads: [YOLOHead] = []
    graph = Model.draft(input: "input", InputShape(input)) { input in
      var made: [Symbol] = []
      var ends: [(name: String, symbol: Symbol)] = []
      var x = input
      for (index, section) in config.layers.enumerated() {
        let sources = DarknetNetwork.sources(section, index).map { number in
          (number, made.indices.contains(number) ? Reference(made[number]) : nil)
        }
        let layer = DarknetLayer(section: section, index: index, sources: sources)
        x = layer.named("layer\(index)")(x, fileID: config.path, line: UInt(section.line))
        made.append(x)
        guard section.kind == "yolo" else { continue }
        let head = DarknetNetwork.head(section, x, named: "yolo\(heads.count + 1)")
        heads.append(head)
        ends.append((head.output, x))
      }
      return ends.isEmpty ? [("output", x)] : ends
    }
    try graph.check()
    self.heads = heads
    composites = Dictionary(
      uniqueKeysWithValues: config.layers.enumerated().map { index, section in
        ("layer\(index)", DarknetLayer(section: section, index: index, sources: []).description)
      })
    order = config.layers.enumerated().flatMap { DarknetNetwork.paths($0.element, $0.offset) }
    var preprocessing = Preprocessing(for: input)
    preprocessing.antialias = false
    self.preprocessing = preprocessing
  }

  /// The shape of a picture, [C, H, W], that `[net]` says.
  private static func inputShape(_ config: DarknetConfig) throws(DarknetError) -> Shape {
    var dims: [Int] = []
    for key in ["channels", "height", "width"] {
      let line = config.net.options.first { $0.key == key }?.line ?? config.net.line
      guard let text = config.net[key] else {
        throw .config(
          path: config.path, line: line, problem: "[net] says no \(key); add \(key)=\(key == "channels" ? 3 : 416)")
      }
      guard let number = Int(text), (1...65_536).contains(number) else {
        throw .config(
          path: config.path, line: line,
          problem: "\(key)=\(Named.cut(text)) is no number from 1 to 65536; give the size of the network's input")
      }
      dims.append(number)
    }
    return Shape(dims)
  }

  /// The numbers of the layers that a section reads besides the one before it.
  private static func sources(_ section: DarknetConfig.Section, _ index: Int) -> [Int] {
    let key = section.kind == "route" ? "layers" : "from"
    guard ["route", "shortcut", "scale_channels"].contains(section.kind), let text = section[key] else { return [] }
    return text.split(separator: ",").prefix(DarknetLayer.mostSources + 1).map { part in
      // What is no number is a layer that does not exist, and is reported as one.
      guard let number = Int(part), abs(number) <= DarknetConfig.most else { return DarknetConfig.most + 1 }
      return number < 0 ? index + number : number
    }
  }

  /// What the numbers of a YOLO layer mean; what is wrong with them is reported at `x`.
  private static func head(_ section: DarknetConfig.Section, _ x: Symbol, named name: String) -> YOLOHead {
    let options = DarknetOptions(section, x)
    options.refuse([("new_coords", 0)])
    let classes = options.int("classes", default: 20, in: 1...1_000_000)
    let number = options.int("num", default: 1, in: 1...1000)
    let all = options.numbers("anchors") ?? []
    let mask = section["mask"] == nil ? Array(0..<number) : options.integers("mask") ?? []
    let scale = options.number("scale_x_y", default: 1)
    if !(scale > 0) { x.reject("scale_x_y=\(scale)", mend: "give a number above 0, such as 1.05") }
    var anchors: [[Double]] = []
    for place in mask {
      guard place >= 0, all.count >= 2, place <= all.count / 2 - 1, all[2 * place] > 0, all[2 * place + 1] > 0 else {
        x.reject(
          "mask names anchor \(place), and anchors has \(all.count / 2) pairs",
          mend: "give a positive width and height for each anchor, and count from 0")
        continue
      }
      anchors.append([all[2 * place], all[2 * place + 1]])
    }
    let head = YOLOHead(output: name, anchors: anchors, classes: classes, scale: scale)
    if let channels = x.channels, anchors.count == mask.count, channels != head.channels {
      x.reject(
        "[yolo] reads \(channels) channels, and \(anchors.count) anchors of 5 + \(classes) numbers take "
          + "\(head.channels)",
        mend: "give the convolution before it filters=\(head.channels)")
    }
    return head
  }

  /// The paths of a layer's numbers, as darknet orders them.
  private static func paths(_ section: DarknetConfig.Section, _ index: Int) -> [String] {
    let norm = ["bn.weight", "bn.running_mean", "bn.running_var"]
    let names: [String] =
      switch section.kind {
      case "convolutional", "conv":
        section.hasNorm ? ["bn.bias"] + norm + ["conv.weight"] : ["conv.bias", "conv.weight"]
      case "connected", "conn": section.hasNorm ? ["bn.bias", "fc.weight"] + norm : ["fc.bias", "fc.weight"]
      default: []
      }
    return names.map { "layer\(index).\($0)" }
  }
}
