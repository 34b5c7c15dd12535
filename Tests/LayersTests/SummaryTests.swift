import Foundation
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct SummaryTests {
  @Test func twoConv() throws {
    let summary = try Zoo.standard.model("two-conv").summary()
    #expect(
      summary.description == """
        two-conv, batch 1
        layer    type                   output        parameters  multiply-adds  receptive field
        ────────────────────────────────────────────────────────────────────────────────────────
        network  Sequential             [1×10]            62,346      3,747,840  28×28
          conv1  Conv2D(32, kernel: 5)  [1×32×24×24]         832        460,800  5×5
          1      ReLU()                 [1×32×24×24]           0              0  5×5
          2      MaxPool2D(2)           [1×32×12×12]           0              0  6×6
          conv2  Conv2D(64, kernel: 5)  [1×64×8×8]        51,264      3,276,800  14×14
          4      ReLU()                 [1×64×8×8]             0              0  14×14
          5      MaxPool2D(2)           [1×64×4×4]             0              0  16×16
          6      Flatten()              [1×1024]               0              0  28×28
          fc     Dense(10)              [1×10]            10,250         10,240  28×28
        ────────────────────────────────────────────────────────────────────────────────────────
        parameters     62,346: 62,346 trainable, 0 not
        multiply-adds  3,747,840 per example, weights only; 3,770,378 (3.77 M) with biases for a batch of 1
        memory         0.00 MB input, 0.18 MB forward and backward, 0.25 MB parameters, 0.43 MB in all
        """)
  }

  /// The convolutional network for MNIST-1D with a batch of 100 (Prince 2023), as torchinfo counts it:
  /// 2,050 parameters, 1.07 million multiply-adds, 0.02 + 0.39 + 0.01 = 0.42 MB.
  @Test func theCoursesCount() throws {
    let model = try Model(input: [1, 40]) {
      for _ in 0..<3 {
        Conv1D(15, kernel: 3, stride: 2)
        ReLU()
      }
      Flatten()
      Dense(10)
    }
    let summary = model.summary(batch: 100)
    #expect(summary.rows.map(\.type) == ["Conv1D", "ReLU", "Conv1D", "ReLU", "Conv1D", "ReLU", "Flatten", "Dense"])
    #expect(
      summary.rows.map(\.output) == [
        [100, 15, 19], [100, 15, 19], [100, 15, 9], [100, 15, 9], [100, 15, 4], [100, 15, 4], [100, 60], [100, 10],
      ])
    #expect(summary.rows.map(\.parameters) == [60, 0, 690, 0, 690, 0, 0, 610])
    #expect(summary.rows.map { $0.receptiveField[0][1] } == [3, 3, 7, 7, 15, 15, 40, 40])
    #expect(summary.parameters == 2_050)
    #expect(summary.multiplyAdds == 10_230)
    #expect(summary.multiplyAddsWithBiases == 1_072_000)
    #expect(summary.inputBytes == 16_000)
    #expect(summary.activationBytes == 392_000)
    #expect(summary.parameterBytes == 8_200)
    #expect(
      summary.description.hasSuffix("0.02 MB input, 0.39 MB forward and backward, 0.01 MB parameters, 0.42 MB in all"))
  }

  /// W31, number by number.
  @Test func theCoursesTable() throws {
    #expect(
      try Zoo.standard.model("mnist-1d-conv").summary(batch: 100).description == """
        mnist-1d-conv, batch 100
        layer    type                              output       parameters  multiply-adds  receptive field
        ──────────────────────────────────────────────────────────────────────────────────────────────────
        network  Sequential                        [100×10]          2,050         10,230  40
          0      Conv1D(15, kernel: 3, stride: 2)  [100×15×19]          60            855  3
          1      ReLU()                            [100×15×19]           0              0  3
          2      Conv1D(15, kernel: 3, stride: 2)  [100×15×9]          690          6,075  7
          3      ReLU()                            [100×15×9]            0              0  7
          4      Conv1D(15, kernel: 3, stride: 2)  [100×15×4]          690          2,700  15
          5      ReLU()                            [100×15×4]            0              0  15
          6      Flatten()                         [100×60]              0              0  40
          7      Dense(10)                         [100×10]            610            600  40
        ──────────────────────────────────────────────────────────────────────────────────────────────────
        parameters     2,050: 2,050 trainable, 0 not
        multiply-adds  10,230 per example, weights only; 1,072,000 (1.07 M) with biases for a batch of 100
        memory         0.02 MB input, 0.39 MB forward and backward, 0.01 MB parameters, 0.42 MB in all
        """)
  }

  @Test func nestedNetworksAreTrees() throws {
    let summary = try Zoo.standard.model("resnet20").summary()
    let stages = summary.lines(depth: 1)
    #expect(
      stages.map(\.label) == [
        "network", "conv1", "bn1", "2", "layer1", "layer2", "layer3", "avgpool", "7", "linear",
      ])
    #expect(stages.map(\.row.parameters) == [269_722, 432, 32, 0, 14_016, 51_072, 203_520, 0, 0, 650])
    #expect(stages.dropFirst().reduce(0) { $0 + $1.row.multiplyAdds } == summary.multiplyAdds)
    #expect(stages.filter(\.isComposite).map(\.label) == ["network", "layer1", "layer2", "layer3"])
    // The block whose last layer bears the path under which the shortcut holds its parts.
    let lines = summary.lines()
    let block = lines.firstIndex { $0.row.layer == "BasicBlock(64, stride: 2, shortcut: .zeros)" } ?? 0
    #expect(
      lines[block..<(block + 11)].map { "\(String(repeating: " ", count: $0.depth))\($0.label) \($0.row.type)" } == [
        "  0 BasicBlock", "   conv1 Conv2D", "   bn1 BatchNorm", "   2 ReLU", "   conv2 Conv2D", "   bn2 BatchNorm",
        "   1 ZeroShortcut", "    0 AveragePool2D", "    1 ZeroPad", "   0 Add", "   1 ReLU",
      ])
    #expect(lines.filter { !$0.isComposite }.count == summary.rows.count)
    #expect(summary.text(depth: 0).split(separator: "\n").count == 8)
    let single = try Model(input: [3]) { Dense(2) }.summary()
    #expect(single.lines().map(\.label) == ["network"])
  }

  /// A layer that computes something itself beside its parts is one line with them below.
  @Test func whatComputesItselfIsItsOwnBranch() throws {
    let summary = try Model(input: [4, 8, 8]) {
      ReLU()
      Add {
        Sequential {
          Conv2D(4, kernel: 1); ReLU()
        }
        Identity()
      }
    }.summary()
    #expect(
      summary.lines().map { "\($0.depth) \($0.label) \($0.row.layer) \($0.row.parameters)" } == [
        "0 network Sequential 20", "1 0 ReLU() 0", "1 1 Add 20", "2 0 Sequential 20", "3 0 Conv2D(4, kernel: 1) 20",
        "3 1 ReLU() 0",
      ])
  }

  /// M7: every number of any network's summary, from its shapes alone.
  @Test(arguments: Zoo.standard.entries.map(\.name)) func m7EveryNumberFollowsFromTheShapes(name: String) throws {
    let entry = try Zoo.standard.entry(name)
    // Without values: some networks have more than a gigabyte of them.
    let model = Model(graph: Model.draft(input: entry.input) { entry.network(entry.classes) }, store: Store())
    let (one, three) = (model.summary(), model.summary(batch: 3))
    #expect(one.parameters == three.parameters && one.multiplyAdds == three.multiplyAdds)
    #expect(one.parameters == one.rows.reduce(0) { $0 + $1.parameters })
    #expect(one.multiplyAdds == one.rows.reduce(0) { $0 + $1.multiplyAdds })
    #expect(one.parameterBytes == 4 * one.parameters)
    #expect(three.inputBytes == 3 * one.inputBytes && three.activationBytes == 3 * one.activationBytes)
    #expect(three.multiplyAddsWithBiases == 3 * one.multiplyAddsWithBiases)
    // Layers of other kinds, such as locally connected ones, count differently.
    let known = ["Conv1D", "Conv2D", "Dense", "BatchNorm"]
    guard one.rows.allSatisfy({ $0.parameters == 0 || known.contains($0.type) }) else { return }
    let learned = one.rows.filter { known.contains($0.type) }
    #expect(one.activationBytes == 8 * learned.reduce(0) { $0 + $1.output.count })
    // Each weight of a convolution or a dense layer is used once at each of its positions.
    var products = 0
    var sums = 0
    for row in learned where row.type != "BatchNorm" {
      let channels = row.output[1]
      let places = row.output.count / channels
      let bias = model.graph.parameters.contains { $0.parameter.path == row.name + ".bias" } ? channels : 0
      products += (row.parameters - bias) * places
      sums += bias * places
    }
    #expect(one.multiplyAdds == products)
    #expect(one.multiplyAddsWithBiases == products + sums)
  }

  @Test func branchesHaveASmallestAndALargestField() throws {
    let model = try Model(input: [4, 16, 16]) {
      BasicBlock(channels: 4)
      BatchNorm(frozen: true).named("bn")
    }
    let rows = model.summary().rows
    #expect(rows.map(\.type) == ["Conv2D", "BatchNorm", "ReLU", "Conv2D", "BatchNorm", "Add", "ReLU", "BatchNorm"])
    #expect(rows.first { $0.type == "Add" }?.receptiveField == [[1, 5], [1, 5]])
    #expect(model.summary().trainableParameters == 2 * (144 + 8))
    #expect(model.summary().parameters == 2 * (144 + 8) + 8)
    #expect(model.summary().states == 24)
    #expect(model.summary().description.contains("1…5×1…5"))
  }

  @Test func sharedParametersCountOnce() throws {
    let model = try Model(input: [4, 8, 8]) {
      Conv2D(4, kernel: 1).sharing("a")
      Conv2D(4, kernel: 1).sharing("a")
    }
    #expect(model.summary().rows.map { "\($0.name) \($0.parameters)" } == ["a 20", "a#2 0"])
    #expect(model.summary().parameters == 20)
  }

  @Test func encodesAsTheContractSays() throws {
    let model = try Model(input: [1, 4, 4]) { Conv2D(2, kernel: [3, 1]).named("conv") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = String(decoding: try encoder.encode(model.summary(batch: 2)), as: UTF8.self)
    #expect(
      text == #"{"activation_bytes":256,"layers":[{"name":"conv","output":[2,2,2,4],"parameters":8,"#
        + #""receptive_field":[[3,3],[1,1]],"type":"Conv2D"}],"multiply_adds":48,"parameter_bytes":32,"parameters":8}"#)
  }

  @Test func preprocessingDecodesWithDefaults() throws {
    let value = Preprocessing(resize: 256, size: [224, 224], mean: [0.5], std: [0.25])
    #expect(try JSONDecoder().decode(Preprocessing.self, from: JSONEncoder().encode(value)) == value)
    let text = Data(#"{"channels":"bgr"}"#.utf8)
    #expect(try JSONDecoder().decode(Preprocessing.self, from: text) == Preprocessing(channels: .bgr))
  }
}
