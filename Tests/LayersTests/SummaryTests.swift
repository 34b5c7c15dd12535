import Foundation
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
        layer  type                   output        parameters  multiply-adds  receptive field
        ──────────────────────────────────────────────────────────────────────────────────────
        conv1  Conv2D(32, kernel: 5)  [1×32×24×24]         832        460,800  5×5
        1      ReLU()                 [1×32×24×24]           0              0  5×5
        2      MaxPool2D(2)           [1×32×12×12]           0              0  6×6
        conv2  Conv2D(64, kernel: 5)  [1×64×8×8]        51,264      3,276,800  14×14
        4      ReLU()                 [1×64×8×8]             0              0  14×14
        5      MaxPool2D(2)           [1×64×4×4]             0              0  16×16
        6      Flatten()              [1×1024]               0              0  28×28
        fc     Dense(10)              [1×10]            10,250         10,240  28×28
        ──────────────────────────────────────────────────────────────────────────────────────
        parameters     62,346: 62,346 trainable, 0 not
        multiply-adds  3,747,840 per example, weights only; 3,770,378 with biases for a batch of 1
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
