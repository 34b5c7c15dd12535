import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct BuilderTests {
  private func operators(_ graph: Graph) -> [String] { graph.nodes.map(\.op) }

  @Test(arguments: [false, true]) func conditionsAndLoops(_ deep: Bool) {
    let extra: (any Layer)? = deep ? Dropout(0.1) : nil
    let list: [any Layer] = [ReLU(), MaxPool2D(2)]
    let graph = Model.draft(input: [3, 16, 16]) {
      for channels in [4, 8] {
        Conv2D(channels, kernel: 3)
        if deep { BatchNorm() }
      }
      if deep { ReLU() } else { Softmax() }
      if let extra { extra }
      list
      switch deep {
      case true: Flatten()
      case false: Identity()
      }
    }
    #expect(graph.mistakes.isEmpty)
    #expect(
      operators(graph)
        == (deep
          ? [
            "Conv", "BatchNormalization", "Conv", "BatchNormalization", "Relu", "Dropout", "Relu", "MaxPool", "Flatten",
          ]
          : ["Conv", "Conv", "Softmax", "Relu", "MaxPool"]))
  }

  @Test func everyLayerKnowsItsLine() {
    let first = UInt(#line) + 2
    let graph = Model.draft(input: [3, 16, 16]) {
      ReLU()
      ReLU()
    }
    #expect(graph.nodes.map { $0.origin.source?.line } == [first, first + 1])
    #expect(
      graph.nodes.map { $0.origin.source?.fileID } == [
        "LayersTests/BuilderTests.swift", "LayersTests/BuilderTests.swift",
      ])
  }

  @Test func paddingsBecomeAttributes() {
    func pads(_ padding: Padding, kernel: any PerAxis = 3, dilation: any PerAxis = 1) -> [Int] {
      let graph = Model.draft(input: [1, 16, 16]) { Conv2D(1, kernel: kernel, padding: padding, dilation: dilation) }
      return graph.nodes[0].attributes.ints("pads", default: [])
    }
    #expect(pads(.valid) == [])
    #expect(pads(.same) == [1, 1, 1, 1])
    #expect(pads(.same, kernel: [1, 4]) == [0, 1, 0, 2])
    #expect(pads(.same, dilation: [2, 1]) == [2, 1, 2, 1])
    #expect(pads(.full) == [2, 2, 2, 2])
    #expect(pads(2) == [2, 2, 2, 2])
    #expect(pads(.explicit([1, 2])) == [1, 2, 1, 2])
    #expect(pads(.explicit(before: [1, 2], after: [3, 4])) == [1, 2, 3, 4])
    let upper = Model.draft(input: [1, 5, 5]) { Conv2D(1, kernel: 2, stride: 2, padding: .sameUpper) }
    #expect(upper.nodes[0].attributes.string("auto_pad", default: "") == "SAME_UPPER")
    #expect(upper.shape(upper.outputs[0].value) == [1, 1, 3, 3])
    let causal = Model.draft(input: [1, 16]) { Conv1D(1, kernel: 3, padding: .causal, dilation: 2) }
    #expect(causal.nodes[0].attributes.ints("pads", default: []) == [4, 0])
    #expect(causal.shape(causal.outputs[0].value) == [1, 1, 16])
  }

  @Test func layersPrintAsTheyWereTyped() {
    #expect("\(Conv2D(64, kernel: 5, padding: .same))" == "Conv2D(64, kernel: 5, padding: .same)")
    #expect(
      "\(Conv2D(8, kernel: [1, 7], stride: 2, padding: .explicit([0, 3]), dilation: 2, groups: 4, bias: false))"
        == "Conv2D(8, kernel: [1, 7], stride: 2, padding: .explicit([0, 3]), dilation: 2, groups: 4, bias: false)")
    #expect("\(Conv2D(8, kernel: 3, stride: 1, padding: 1))" == "Conv2D(8, kernel: 3, padding: 1)")
    #expect("\(Conv1D(15, kernel: 3, stride: 2))" == "Conv1D(15, kernel: 3, stride: 2)")
    #expect("\(MaxPool2D(3, stride: 2))" == "MaxPool2D(3, stride: 2)")
    #expect("\(Dense(10)) \(Dense(10, bias: false))" == "Dense(10) Dense(10, bias: false)")
    #expect("\(BatchNorm()) \(BatchNorm(momentum: 0.01))" == "BatchNorm() BatchNorm(momentum: 0.01)")
    #expect("\(ReLU()) \(Flatten()) \(Softmax()) \(Identity())" == "ReLU() Flatten() Softmax() Identity()")
    #expect("\(Dropout(0.5).tap("d").named("drop"))" == "Dropout(0.5).named(\"drop\").tap(\"d\")")
    #expect("\(StochasticDepth(0.25))" == "StochasticDepth(0.25)")
    #expect(
      "\(ResNet(blocks: [1], of: .bottleneck(groups: 2), classes: 3))"
        == "ResNet(blocks: [1], of: .bottleneck(groups: 2), classes: 3)")
    #expect("\(VGG(stages: [1, 2], norms: true, classes: 3))" == "VGG(stages: [1, 2], norms: true, classes: 3)")
    #expect(
      "\(SqueezeExcitation(8, squeezed: 2, gate: HardSigmoid()))"
        == "SqueezeExcitation(8, squeezed: 2, gate: HardSigmoid())")
    #expect("\(TwoConv(classes: 10))" == "TwoConv(classes: 10)")
    let network = Sequential {
      ReLU()
      Add {
        BasicBlock(channels: 8, stride: 2)
        Identity()
      }.named("block")
    }
    #expect(
      "\(network)" == """
        Sequential {
          ReLU()
          Add {
            BasicBlock(channels: 8, stride: 2, projects: false)
            Identity()
          }.named("block")
        }
        """)
  }

  @Test func tapsAndSidesAreOutputs() {
    let graph = Model.draft(input: [3, 8, 8]) {
      Conv2D(4, kernel: 3).named("conv").tap("early")
      Side {
        Flatten()
        Dense(2).named("head")
      }.tap("aux")
      ReLU()
    }
    #expect(graph.mistakes.isEmpty)
    #expect(graph.outputs.map(\.name) == ["output", "early", "aux"])
    #expect(graph.outputs.map { graph.shape($0.value) } == [[1, 4, 6, 6], [1, 4, 6, 6], [1, 2]])
    #expect(weights(graph) == ["conv", "head"])
    #expect(graph.nodes.last?.inputs.first == graph.output("early"))
  }

  @Test func aLayerOfOnesOwn() throws {
    struct Shift: Layer {
      func declare(_ x: Symbol) -> Symbol {
        let shift = x.parameter("shift", [x.channels, 1, 1], role: .shift, initializer: .constant(2))
        return x.applying(Op.Add.self, to: [shift])
      }
    }
    let model = try Model(input: [3, 2, 2]) { Shift().named("own") }
    #expect(try model.parameterTensors().map(\.path) == ["own.shift"])
    #expect(try model.parameterTensors()[0].tensor.array(of: Float.self) == [2, 2, 2])
    #expect(model.graph.nodes[0].origin.layer == "Shift()")
  }
}
