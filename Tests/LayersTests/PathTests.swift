import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// Parameters and states by path, in the order of declaration.
func paths(_ graph: Graph) -> [String] {
  (graph.parameters + graph.states).sorted { $0.value.id < $1.value.id }.map(\.parameter.path)
}

/// Only the weights, `weight` cut off: one entry per layer with parameters.
func weights(_ graph: Graph) -> [String] {
  paths(graph).filter { $0.hasSuffix("weight") }.map { $0 == "weight" ? "" : String($0.dropLast(7)) }
}

struct BasicBlock: Layer {
  let channels: Int
  var stride = 1
  var projects = false
  var body: some Layer {
    Add {
      Sequential {
        Conv2D(channels, kernel: 3, stride: stride, padding: .same, bias: false).named("conv1")
        BatchNorm().named("bn1")
        ReLU()
        Conv2D(channels, kernel: 3, padding: .same, bias: false).named("conv2")
        BatchNorm().named("bn2")
      }
      if projects { Projection(channels: channels, stride: stride).named("downsample") } else { Identity() }
    }
    ReLU()
  }
}

struct Bottleneck: Layer {
  let channels: Int
  let stride: Int
  let projects: Bool
  var body: some Layer {
    Add {
      Sequential {
        Conv2D(channels, kernel: 1, bias: false).named("conv1")
        BatchNorm().named("bn1")
        ReLU()
        Conv2D(channels, kernel: 3, stride: stride, padding: .same, bias: false).named("conv2")
        BatchNorm().named("bn2")
        ReLU()
        Conv2D(4 * channels, kernel: 1, bias: false).named("conv3")
        BatchNorm().named("bn3")
      }
      if projects { Projection(channels: 4 * channels, stride: stride).named("downsample") } else { Identity() }
    }
    ReLU()
  }
}

struct Projection: Layer {
  let channels: Int
  let stride: Int
  var body: some Layer {
    Conv2D(channels, kernel: 1, stride: stride, bias: false)
    BatchNorm()
  }
}

/// torchvision's `Conv2dNormActivation`.
struct ConvNorm: Layer {
  let channels: Int
  let kernel: Int
  var groups = 1
  var body: some Layer {
    Conv2D(channels, kernel: kernel, padding: .same, groups: groups, bias: false)
    BatchNorm()
    ReLU()
  }
}

/// torchvision's `InvertedResidual`, whose layers stand in a `Sequential` called `conv`.
struct InvertedResidual: Layer {
  let channels: Int
  let expansion: Int
  var body: some Layer {
    Add {
      Sequential {
        if expansion != 1 { ConvNorm(channels: channels * expansion, kernel: 1) }
        ConvNorm(channels: channels * expansion, kernel: 3, groups: channels * expansion)
        Conv2D(channels, kernel: 1, bias: false)
        BatchNorm()
      }.named("conv")
      Identity()
    }
  }
}

@Suite struct PathTests {
  @Test func residualNetwork() {
    let graph = Model.draft(input: [3, 16, 16]) {
      Conv2D(8, kernel: 3, padding: .same, bias: false).named("conv1")
      BatchNorm().named("bn1")
      ReLU()
      Sequential {
        BasicBlock(channels: 8)
        BasicBlock(channels: 8)
      }.named("layer1")
      Sequential {
        BasicBlock(channels: 16, stride: 2, projects: true)
      }.named("layer2")
      Flatten()
      Dense(10).named("fc")
    }
    #expect(graph.mistakes.isEmpty)
    let block = ["conv1.weight"] + norm("bn1") + ["conv2.weight"] + norm("bn2")
    let projection = ["downsample.0.weight"] + norm("downsample.1")
    let expected =
      ["conv1.weight"] + norm("bn1") + block.map { "layer1.0.\($0)" } + block.map { "layer1.1.\($0)" }
      + (block + projection).map { "layer2.0.\($0)" } + ["fc.weight", "fc.bias"]
    #expect(paths(graph) == expected)
  }

  private func norm(_ path: String) -> [String] {
    ["weight", "bias", "running_mean", "running_var"].map { "\(path).\($0)" }
  }

  @Test func bottlenecks() {
    let graph = Model.draft(input: [3, 16, 16]) {
      Sequential {
        Bottleneck(channels: 4, stride: 1, projects: true)
        for _ in 1..<3 { Bottleneck(channels: 4, stride: 1, projects: false) }
      }.named("layer1")
    }
    #expect(graph.mistakes.isEmpty)
    let inner = ["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"]
    #expect(
      weights(graph) == inner.map { "layer1.0.\($0)" } + ["layer1.0.downsample.0", "layer1.0.downsample.1"]
        + inner.map { "layer1.1.\($0)" } + inner.map { "layer1.2.\($0)" })
  }

  @Test func featuresAndClassifier() {
    let graph = Model.draft(input: [3, 8, 8]) {
      Sequential {
        for channels in [4, 8] {
          Conv2D(channels, kernel: 3, padding: .same)
          BatchNorm()
          ReLU()
          MaxPool2D(2)
        }
      }.named("features")
      Flatten()
      Sequential {
        Dense(32)
        ReLU()
        Dropout(0.5)
        Dense(10)
      }.named("classifier")
    }
    #expect(weights(graph) == ["features.0", "features.1", "features.4", "features.5", "classifier.0", "classifier.3"])
    let dropout = graph.nodes.first { $0.op == "Dropout" }
    #expect(dropout?.origin.path == "classifier.2")
    #expect(dropout?.attributes.string("stream", default: "") == "classifier.2")
  }

  @Test func invertedResiduals() {
    let graph = Model.draft(input: [3, 8, 8]) {
      Sequential {
        ConvNorm(channels: 4, kernel: 3)
        InvertedResidual(channels: 4, expansion: 1)
        InvertedResidual(channels: 4, expansion: 2)
      }.named("features")
    }
    #expect(graph.mistakes.isEmpty)
    #expect(
      weights(graph) == [
        "features.0.0", "features.0.1",
        "features.1.conv.0.0", "features.1.conv.0.1", "features.1.conv.1", "features.1.conv.2",
        "features.2.conv.0.0", "features.2.conv.0.1", "features.2.conv.1.0", "features.2.conv.1.1",
        "features.2.conv.2", "features.2.conv.3",
      ])
  }

  @Test func unnamedCombinatorsOfNamedElementsAddNothing() {
    let graph = Model.draft(input: [3, 8, 8]) {
      Sequential {
        Sequential {
          Conv2D(4, kernel: 1).named("a")
          ReLU()
        }
        Conv2D(4, kernel: 1).named("b")
      }
      Sequential {
        Conv2D(4, kernel: 1).named("c")
        Conv2D(4, kernel: 1)
      }
    }
    #expect(weights(graph) == ["a", "b", "1.c", "1.1"])
  }

  @Test func nestedSequentialsCount() {
    let graph = Model.draft(input: [3, 8, 8]) {
      ReLU()
      Sequential {
        Conv2D(4, kernel: 1)
        Sequential { Conv2D(4, kernel: 1) }
      }
      Conv2D(4, kernel: 1)
    }
    #expect(weights(graph) == ["1.0", "1.1.0", "2"])
  }

  @Test func rootWithOneElementIsThatElement() {
    #expect(weights(Model.draft(input: [3, 8, 8]) { BasicBlock(channels: 3) }) == ["conv1", "bn1", "conv2", "bn2"])
    #expect(
      weights(Model.draft(input: [3, 8, 8]) { Projection(channels: 3, stride: 1).named("net") }) == ["net.0", "net.1"])
    #expect(
      weights(
        Model.draft(input: [3, 8, 8]) {
          Sequential {
            Conv2D(3, kernel: 1); ReLU(); Conv2D(3, kernel: 1)
          }
        }) == ["0", "2"])
    let single = Model.draft(input: [3, 8, 8]) { Conv2D(3, kernel: 1) }
    #expect(paths(single) == ["weight", "bias"])
    #expect(single.nodes.map(\.origin.path) == ["network"])
  }

  @Test func sharedLayersHaveOneSetOfParameters() throws {
    let graph = Model.draft(inputs: ["left": [3, 8, 8], "right": [3, 8, 8]]) { inputs in
      let eye = Projection(channels: 4, stride: 1).sharing("eye")
      let both = eye(inputs["left"]) + eye(inputs["right"])
      return ["logits": Dense(2).named("fc")(Flatten()(both))]
    }
    #expect(graph.mistakes.isEmpty)
    #expect(
      paths(graph) == [
        "eye.0.weight", "eye.1.weight", "eye.1.bias", "eye.1.running_mean", "eye.1.running_var", "fc.weight", "fc.bias",
      ])
    let convolutions = graph.nodes.filter { $0.op == "Conv" }
    #expect(convolutions.map(\.origin.path) == ["eye.0", "eye.0#2"])
    #expect(convolutions[0].inputs[1] == convolutions[1].inputs[1])
    #expect(graph.outputs.map(\.name) == ["logits"])
  }

  @Test func badSharingIsAMistake() {
    let channels = Model.draft(input: [3, 8, 8]) {
      Conv2D(4, kernel: 1).sharing("a")
      Conv2D(4, kernel: 1).sharing("a")
    }
    #expect(
      channels.mistakes.map(\.problem) == [
        "weight is [4×4×1×1] here, but [4×3×1×1] where the shared layer stood first"
      ])
    let bias = Model.draft(input: [3, 8, 8]) {
      Conv2D(3, kernel: 1).sharing("a")
      Conv2D(3, kernel: 1, bias: false).sharing("a")
    }
    #expect(bias.mistakes.count == 1)
    #expect(
      bias.mistakes.first?.problem.hasPrefix("the layers that share \"a\" do not have the same parameters") == true)
    let deeper = Model.draft(input: [3, 8, 8]) {
      Sequential { Conv2D(3, kernel: 1) }.sharing("a")
      Sequential {
        Conv2D(3, kernel: 1); BatchNorm()
      }.sharing("a")
    }
    #expect(deeper.mistakes.count == 1)
  }

  @Test func functionFormCountsCalls() {
    struct Branches: Layer {
      func declare(_ x: Symbol) -> Symbol {
        let a = Conv2D(4, kernel: 1)(x)
        let b = ReLU()(Conv2D(4, kernel: 1).named("right")(x))
        return Conv2D(4, kernel: 1)(a + b)
      }
    }
    let graph = Model.draft(input: [3, 8, 8]) {
      Branches()
      Branches().named("again")
    }
    #expect(weights(graph) == ["0.0", "0.right", "0.3", "again.0", "again.right", "again.3"])
    #expect(graph.mistakes.isEmpty)
  }

  @Test func equalPathsAreAMistakeOncePerPair() {
    let graph = Model.draft(input: [3, 8, 8]) {
      Projection(channels: 3, stride: 1).named("a")
      Projection(channels: 3, stride: 1).named("a")
    }
    #expect(graph.mistakes.count == 1)
    #expect(
      graph.mistakes.first?.problem.hasPrefix(
        "two layers have the path \"a\": Projection(channels: 3, stride: 1) at LayersTests/PathTests.swift:") == true)
    #expect(
      graph.mistakes.first?.mend == "give one another name, or make them one set of parameters with .sharing(\"a\")")
  }

  @Test func layersWithoutParametersAreMadeUnique() {
    let graph = Model.draft(input: [3, 8, 8]) {
      Sequential {
        ReLU()
        Conv2D(3, kernel: 1).named("a")
      }
      Sequential {
        ReLU()
        Conv2D(3, kernel: 1).named("b")
      }
    }
    #expect(graph.nodes.map(\.origin.path) == ["0", "a", "0#2", "b"])
    #expect(graph.nodes.map { graph[$0.outputs[0]].name } == ["0", "a", "0#2", "b"])
  }
}
