import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct LayerTests {
  /// The output's shape, or what is wrong.
  private func end(_ input: InputShape, @LayerBuilder _ layers: () -> [Placed]) -> String {
    let graph = Model.draft(input: input, layers)
    if let first = graph.mistakes.first { return "\(first.problem); \(first.mend)" }
    return graph.outputs.map { "\(graph.shape($0.value))" }.joined()
  }

  @Test func layersPrintAsTheyWereTyped() {
    let layers: [(any Layer, String)] = [
      (Conv3D(8, kernel: [1, 3, 3], padding: .same), "Conv3D(8, kernel: [1, 3, 3], padding: .same)"),
      (ConvTranspose1D(8, kernel: 4, stride: 2, padding: 1), "ConvTranspose1D(8, kernel: 4, stride: 2, padding: 1)"),
      (
        ConvTranspose2D(8, kernel: 3, stride: 2, padding: .same, outputPadding: 1, dilation: 2, groups: 4, bias: false),
        "ConvTranspose2D(8, kernel: 3, stride: 2, padding: .same, outputPadding: 1, dilation: 2, groups: 4, bias: false)"
      ),
      (ConvTranspose3D(8, kernel: 2), "ConvTranspose3D(8, kernel: 2)"),
      (MaxPool1D(2), "MaxPool1D(2)"),
      (MaxPool3D([1, 2, 2], stride: 2), "MaxPool3D([1, 2, 2], stride: 2)"),
      (MaxPool2D(3, stride: 2, padding: 1, ceilMode: true), "MaxPool2D(3, stride: 2, padding: 1, ceilMode: true)"),
      (AveragePool1D(4), "AveragePool1D(4)"),
      (
        AveragePool2D(3, padding: .same, countsPadding: false),
        "AveragePool2D(3, padding: .same, countsPadding: false)"
      ),
      (AveragePool3D(2), "AveragePool3D(2)"),
      (GlobalAveragePool(), "GlobalAveragePool()"),
      (Sigmoid(), "Sigmoid()"), (Tanh(), "Tanh()"),
      (LeakyReLU(), "LeakyReLU()"), (LeakyReLU(0.1), "LeakyReLU(0.1)"),
      (ELU(), "ELU()"), (ELU(0.5), "ELU(0.5)"), (SELU(), "SELU()"), (GELU(), "GELU()"),
      (GELU(approximate: .tanh), "GELU(approximate: .tanh)"), (SiLU(), "SiLU()"), (Mish(), "Mish()"),
      (Softplus(), "Softplus()"), (PReLU(), "PReLU()"),
      (PReLU(perChannel: true, initial: 0.1), "PReLU(perChannel: true, initial: 0.1)"), (Clip(), "Clip()"),
      (Clip(min: -1, max: 1), "Clip(min: -1.0, max: 1.0)"), (ReLU6(), "ReLU6()"), (HardSigmoid(), "HardSigmoid()"),
      (HardSwish(), "HardSwish()"), (Abs(), "Abs()"), (PixelShuffle(2), "PixelShuffle(2)"),
      (DepthToSpace(2), "DepthToSpace(2)"),
      (SpaceToDepth(3, order: .depthFirst), "SpaceToDepth(3, order: .depthFirst)"),
      (Flip(axes: [2, -1]), "Flip(axes: [2, -1])"),
      (LogSoftmax(), "LogSoftmax()"), (LogSoftmax(axis: -1), "LogSoftmax(axis: -1)"),
      (Reshape([16, -1, 5]), "Reshape([16, -1, 5])"),
      (ZeroPad(before: [0, 1, 1], after: [0, 1, 2]), "ZeroPad(before: [0, 1, 1], after: [0, 1, 2])"),
      (MLP(hidden: [512, 256], classes: 10), "MLP(hidden: [512, 256], classes: 10)"),
      (
        GenericCNN(modules: 2, width: 8, kernel: 5, head: .pool, classes: 3),
        "GenericCNN(modules: 2, width: 8, kernel: 5, head: .pool, classes: 3)"
      ),
      (FoveaLayers.BasicBlock(64), "BasicBlock(64)"),
      (
        FoveaLayers.BasicBlock(64, stride: 2, shortcut: .projection),
        "BasicBlock(64, stride: 2, shortcut: .projection)"
      ),
      (ResNetCIFAR(blocks: 3, classes: 10), "ResNetCIFAR(blocks: 3, classes: 10)"),
    ]
    for (layer, text) in layers { #expect("\(layer)" == text) }
    let joins = Concatenate {
      Identity()
      Multiply {
        Identity(); Sigmoid()
      }
    }
    #expect(
      "\(joins)" == """
        Concatenate {
          Identity()
          Multiply {
            Identity()
            Sigmoid()
          }
        }
        """)
  }

  @Test func shapes() {
    #expect(end([2, 8, 9, 10]) { Conv3D(4, kernel: 3, stride: [1, 2, 2]) } == "[1×4×6×4×4]")
    #expect(end([2, 10]) { MaxPool1D(3, stride: 2, padding: 1) } == "[1×2×5]")
    #expect(end([2, 10]) { MaxPool1D(3, stride: 2, ceilMode: true) } == "[1×2×5]")
    #expect(end([2, 4, 6, 8]) { MaxPool3D([1, 2, 4]) } == "[1×2×4×3×2]")
    #expect(end([2, 4, 6, 8]) { AveragePool3D(2) } == "[1×2×2×3×4]")
    #expect(end([2, 7, 7]) { AveragePool2D(3, stride: 2, padding: .same) } == "[1×2×4×4]")
    #expect(end([2, 9]) { AveragePool1D(2) } == "[1×2×4]")
    #expect(end([6, 5, 4]) { GlobalAveragePool() } == "[1×6×1×1]")
    #expect(end([6, 5]) { GlobalAveragePool() } == "[1×6×1]")
    #expect(end([400]) { Reshape([16, -1, 5]) } == "[1×16×5×5]")
    #expect(end([2, 4, 4]) { ZeroPad(before: [0, 1, 2], after: [3, 0, -1]) } == "[1×5×5×5]")
    #expect(end([12, 4, 5]) { PixelShuffle(2) } == "[1×3×8×10]")
    #expect(end([12, 4]) { DepthToSpace(3) } == "[1×4×12]")
    #expect(end([3, 4, 6, 8]) { SpaceToDepth(2) } == "[1×24×2×3×4]")
    #expect(end([3, 4, 5]) { Flip(axes: [1, 3]) } == "[1×3×4×5]")
    // Twice the size, three ways.
    #expect(end([4, 7, 7]) { ConvTranspose2D(2, kernel: 2, stride: 2) } == "[1×2×14×14]")
    #expect(end([4, 7]) { ConvTranspose1D(2, kernel: 4, stride: 2, padding: 1) } == "[1×2×14]")
    #expect(
      end([4, 3, 4, 5]) { ConvTranspose3D(2, kernel: 3, stride: 2, padding: .same, outputPadding: 1) }
        == "[1×2×6×8×10]")
  }

  @Test func activationsByTheirNumbers() throws {
    func run(@LayerBuilder _ layers: () -> [Placed]) throws -> [Double] {
      try Net([5], [:], layers)(tensor([-6, -1.5, 0, 1.5, 9], [1, 5])).numbers
    }
    #expect(try run { ReLU6() } == [0, 0, 0, 1.5, 6])
    #expect(try run { HardSigmoid() } == [0, 0.25, 0.5, 0.75, 1])
    #expect(try run { HardSwish() } == [0, -0.375, 0, 1.125, 9])
    #expect(try run { Clip(max: 1) } == [-6, -1.5, 0, 1, 1])
    #expect(try run { Abs() } == [6, 1.5, 0, 1.5, 9])
    #expect(try run { Flip(axes: [1]) } == [9, 1.5, 0, -1.5, -6])
    // PyTorch 2's numbers.
    let pairs: [([Double], [Double])] = [
      (try run { ELU() }, [-0.9975212478233336, -0.7768698398515702, 0, 1.5, 9]),
      (try run { GELU() }, [-5.919525869479969e-09, -0.10021080190328704, 0, 1.399789198096713, 9]),
      (try run { SiLU() }, [-0.014835738939808647, -0.2736382857095345, 0, 1.2263617142904655, 8.998889448816124]),
      (
        try run { Softplus() },
        [0.002475685137730452, 0.2014132779827524, 0.6931471805599453, 1.7014132779827524, 9.000123402189724]
      ),
      (try run { Mish() }, [-0.014854080479424995, -0.29809974216680674, 0, 1.4033782663958028, 8.999999725928019]),
    ]
    for (found, expected) in pairs { #expect(difference(found, expected) < 1e-8) }
    let graph = Model.draft(input: [3, 4, 4]) {
      PReLU()
      PReLU(perChannel: true, initial: 0.5)
    }
    #expect(
      graph.parameters.map { "\($0.parameter.path) \(graph.shape($0.value))" } == ["0.weight [1]", "1.weight [3]"])
    #expect(graph.parameters.map(\.parameter.initializer) == [.constant(0.25), .constant(0.5)])
    let sloped = try Net([2, 2], ["weight": tensor([0.5, -1], [2])]) { PReLU(perChannel: true) }
    #expect(try sloped(tensor([-2, 4, -6, 8], [1, 2, 2])).numbers == [-1, 4, 6, 8])
  }

  @Test func pixelsAndChannels() throws {
    let deep = tensor((0..<8).map { Double($0) }, [1, 8, 1, 1])
    #expect(try Net([8, 1, 1]) { PixelShuffle(2) }(deep).numbers == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(try Net([8, 1, 1]) { DepthToSpace(2) }(deep).numbers == [0, 2, 4, 6, 1, 3, 5, 7])
    for order in [BlockOrder.depthFirst, .depthLast] {
      let there = try Net([8, 3, 2]) {
        DepthToSpace(2, order: order)
        SpaceToDepth(2, order: order)
      }
      let x = draw([2, 8, 3, 2], seed: 4)
      #expect(try there(x).numbers == x.numbers)
    }
  }

  @Test func shapesFollowOpenSizes() throws {
    let model = try Model(input: .picture(channels: 2, height: 8, width: 8)) {
      Concatenate {
        Identity()
        Sequential {
          MaxPool2D(2); ConvTranspose2D(3, kernel: 2, stride: 2)
        }
      }
      Multiply {
        Identity()
        Sequential {
          GlobalAveragePool(); Conv2D(5, kernel: 1); Sigmoid()
        }
      }
      GlobalAveragePool()
      Reshape([-1])
      LogSoftmax()
    }
    let graph = try model.graph.specialized(to: ["input": [3, 2, 12, 10]])
    #expect(graph.shape(graph.outputs[0].value) == [3, 5])
  }

  /// ⟨conv(x), y⟩ = ⟨x, transposed(y)⟩ with the same arguments and weights.
  @Test func aTransposedConvolutionIsTheAdjoint() throws {
    let cases: [(Int, Int, Padding, Int, Int, Int)] = [
      // kernel, stride, padding, dilation, groups, output padding for 8 inputs
      (3, 1, .valid, 1, 1, 0), (3, 2, .same, 1, 2, 1), (2, 2, .valid, 1, 1, 0), (3, 2, .full, 1, 1, 1),
      (3, 3, 1, 2, 2, 2), (3, 1, .explicit(before: [0, 2], after: [1, 0]), 2, 1, 0), (3, 2, .sameUpper, 1, 1, 0),
      (3, 2, .sameLower, 1, 1, 0),
    ]
    for (index, (kernel, stride, padding, dilation, groups, further)) in cases.enumerated() {
      let conv = try Net([4, 8, 8]) {
        Conv2D(
          6, kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: false)
      }
      let x = draw([2, 4, 8, 8], seed: UInt64(index))
      let image = try conv(x)
      let back = try Net(InputShape(Shape(Array(image.shape.dims.dropFirst()))), conv.values) {
        ConvTranspose2D(
          4, kernel: kernel, stride: stride, padding: padding, outputPadding: further, dilation: dilation,
          groups: groups, bias: false)
      }
      let y = draw(image.shape, seed: UInt64(50 + index))
      let adjoint = try back(y)
      #expect(adjoint.shape == x.shape, "case \(index)")
      let left = zip(image.numbers, y.numbers).reduce(0) { $0 + $1.0 * $1.1 }
      let right = zip(x.numbers, adjoint.numbers).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(left - right) < 1e-12 * max(abs(left), 1), "case \(index)")
    }
  }

  @Test func numbers() throws {
    let x = tensor([1, 1, 2, 4, 5, 6, 7, 8, 3, 2, 1, 0, 1, 2, 3, 4], [1, 1, 4, 4])
    func run(@LayerBuilder _ layers: () -> [Placed]) throws -> [Double] {
      try Net([1, 4, 4]) { Sequential(layers()) }(x).numbers
    }
    #expect(try run { AveragePool2D(2) } == [3.25, 5.25, 2, 2])
    #expect(try run { GlobalAveragePool() } == [3.125])
    // The corner window holds 1, 1, 5, 6 and five zeros.
    #expect(abs(try run { AveragePool2D(3, stride: 3, padding: 1) }[0] - 13.0 / 9) < 1e-14)
    #expect(try run { AveragePool2D(3, stride: 3, padding: 1, countsPadding: false) }[0] == 13.0 / 4)
    #expect(try run { ZeroPad(before: [0, 0, 0], after: [1, -3, -3]) } == [1, 0])
    #expect(
      try run {
        Add {
          Identity(); LeakyReLU(0.5)
        }
      }[3] == 8)
    let below = try Net([2]) {
      LeakyReLU(0.5); Tanh()
    }(tensor([-2, 0], [1, 2])).numbers
    #expect(abs(below[0] + 0.7615941559557649) < 1e-15 && below[1] == 0)
    let gate = try Net([2]) {
      Multiply {
        Identity(); Sigmoid()
      }
    }(tensor([0, 3], [1, 2])).numbers
    #expect(gate[0] == 0 && abs(gate[1] - 3 * 0.9525741268224334) < 1e-14)
    let both = try Net([1, 2]) {
      Concatenate {
        Identity(); Identity()
      }
    }(tensor([1, 2, 3, 4], [2, 1, 2]))
    #expect(both.shape == [2, 2, 2] && both.numbers == [1, 2, 1, 2, 3, 4, 3, 4])
  }

  @Test func pathsOfConcatenations() {
    // torchvision's inception module: named branches, positions inside.
    let graph = Model.draft(input: [8, 8, 8]) {
      Concatenate {
        Conv2D(4, kernel: 1).named("branch1")
        Sequential {
          Conv2D(2, kernel: 1)
          Conv2D(4, kernel: 3, padding: .same)
        }.named("branch2")
        Sequential {
          MaxPool2D(3, stride: 1, padding: .same)
          Conv2D(2, kernel: 1).named("branch4")
        }
      }.named("inception3a")
      Multiply {
        Identity()
        Sequential {
          GlobalAveragePool()
          Conv2D(2, kernel: 1).named("fc1")
          ReLU()
          Conv2D(10, kernel: 1).named("fc2")
        }
      }
    }
    #expect(graph.mistakes.isEmpty)
    #expect(
      weights(graph) == [
        "inception3a.branch1", "inception3a.branch2.0", "inception3a.branch2.1", "inception3a.branch4", "fc1", "fc2",
      ])
  }

  @Test func initialWeightsOfATransposedConvolutionArePyTorchs() {
    let graph = Model.draft(input: [6, 4, 4]) { ConvTranspose2D(4, kernel: 3, groups: 2) }
    #expect(graph.parameters.map { "\(graph.shape($0.value))" } == ["[6×2×3×3]", "[4]"])
    #expect(graph.parameters.allSatisfy { $0.parameter.initializer == .fan(nil, fanIn: 18, fanOut: 54) })
  }

  @Test func zeroShortcutsOnlyAddChannels() {
    #expect(
      end([8, 4, 4]) { FoveaLayers.BasicBlock(4, shortcut: .zeros) }
        == "4 channels from 8; zeros only add channels: use .projection to lose some")
  }
}
