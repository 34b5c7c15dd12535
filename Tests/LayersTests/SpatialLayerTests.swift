import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// Layers that move, pool or normalize maps.
@Suite struct SpatialLayerTests {
  /// The output's shape, or what is wrong.
  private func end(_ input: InputShape, @LayerBuilder _ layers: () -> [Placed]) -> String {
    let graph = Model.draft(input: input, layers)
    if let first = graph.mistakes.first { return "\(first.problem); \(first.mend)" }
    return graph.outputs.map { "\(graph.shape($0.value))" }.joined()
  }

  private func said(_ input: InputShape, @LayerBuilder _ layers: () -> [Placed]) -> [String] {
    Model.draft(input: input, layers).mistakes.map(\.problem)
  }

  /// A network in function form.
  private func network(_ input: InputShape, _ body: (Symbol) -> Symbol) throws -> Model {
    try Model(inputs: ["input": input]) { ["output": body($0["input"])] }
  }

  @Test func layersPrintAsTheyWereTyped() {
    let layers: [(any Layer, String)] = [
      (LocalResponseNorm(5, alpha: 5e-4, k: 2), "LocalResponseNorm(5, alpha: 0.0005, k: 2.0)"),
      (Upsample2D(scale: 2), "Upsample2D(scale: 2)"),
      (Upsample1D(scale: 2, mode: .linear), "Upsample1D(scale: 2, mode: .linear)"),
      (
        Upsample2D(scale: [2, 3], mode: .bilinear, alignCorners: true),
        "Upsample2D(scale: [2, 3], mode: .bilinear, alignCorners: true)"
      ),
      (Upsample3D(scale: 2), "Upsample3D(scale: 2)"), (MinPool1D(2), "MinPool1D(2)"),
      (MinPool2D(3, stride: 2, padding: 1), "MinPool2D(3, stride: 2, padding: 1)"),
      (MinPool3D([1, 2, 2]), "MinPool3D([1, 2, 2])"), (LpPool1D(4), "LpPool1D(4)"),
      (LpPool2D(3, stride: 2, p: 4), "LpPool2D(3, stride: 2, p: 4.0)"), (LpPool3D(2), "LpPool3D(2)"),
      (GlobalMaxPool(), "GlobalMaxPool()"), (GlobalMinPool(), "GlobalMinPool()"), (GlobalLpPool(), "GlobalLpPool()"),
      (GlobalLpPool(p: 1), "GlobalLpPool(p: 1.0)"), (AdaptiveAveragePool1D(4), "AdaptiveAveragePool1D(4)"),
      (AdaptiveAveragePool2D([6, 7]), "AdaptiveAveragePool2D([6, 7])"),
      (AdaptiveAveragePool3D(1), "AdaptiveAveragePool3D(1)"), (LayerNorm(), "LayerNorm()"),
      (LayerNorm(axes: 3, epsilon: 1e-6, affine: false), "LayerNorm(axes: 3, epsilon: 1e-06, affine: false)"),
      (ChannelNorm(), "ChannelNorm()"), (GroupNorm(32), "GroupNorm(32)"), (InstanceNorm(), "InstanceNorm()"),
      (InstanceNorm(affine: true), "InstanceNorm(affine: true)"),
      (
        LocallyConnected2D(16, kernel: 3, stride: 2, bias: false),
        "LocallyConnected2D(16, kernel: 3, stride: 2, bias: false)"
      ),
      (Conv2D(4, kernel: 3, padding: .full, flipped: true), "Conv2D(4, kernel: 3, padding: .full, flipped: true)"),
    ]
    for (layer, text) in layers { #expect("\(layer)" == text) }
    let joins = Concatenate(cropping: true) {
      Identity()
      ResizedToInput(mode: .nearest) { MaxPool2D(2) }
    }
    #expect(
      "\(joins)" == """
        Concatenate(cropping: true) {
          Identity()
          ResizedToInput(mode: .nearest) {
            MaxPool2D(2)
          }
        }
        """)
  }

  @Test func shapes() {
    #expect(end([6, 5, 7]) { LocalResponseNorm(5) } == "[1×6×5×7]")
    #expect(end([2, 5, 7]) { Upsample2D(scale: [2, 3]) } == "[1×2×10×21]")
    #expect(end([2, 5]) { Upsample1D(scale: 4, mode: .linear) } == "[1×2×20]")
    #expect(end([2, 3, 4, 5]) { Upsample3D(scale: 2, mode: .trilinear) } == "[1×2×6×8×10]")
    #expect(end([2, 5, 7]) { MinPool2D(2) } == "[1×2×2×3]")
    #expect(end([2, 9]) { LpPool1D(2, ceilMode: true) } == "[1×2×5]")
    #expect(end([2, 4, 6, 8]) { MinPool3D([1, 2, 4]) } == "[1×2×4×3×2]")
    #expect(end([6, 5, 4]) { GlobalMaxPool() } == "[1×6×1×1]")
    #expect(end([6, 5]) { GlobalMinPool() } == "[1×6×1]")
    #expect(end([6, 5, 4, 3]) { GlobalLpPool() } == "[1×6×1×1×1]")
    #expect(end([256, 6, 6]) { AdaptiveAveragePool2D(6) } == "[1×256×6×6]")
    #expect(end([4, 13, 9]) { AdaptiveAveragePool2D([6, 7]) } == "[1×4×6×7]")
    #expect(end([8]) { LayerNorm() } == "[1×8]")
    #expect(end([4, 3, 5]) { ChannelNorm() } == "[1×4×3×5]")
    #expect(end([4, 3, 5]) { LocallyConnected2D(7, kernel: [2, 3], padding: .same) } == "[1×7×3×5]")
    // Rectangles, all the way.
    #expect(end([1, 8, 20]) { Conv2D(2, kernel: [3, 5], stride: [1, 2], padding: .full) } == "[1×2×10×12]")
    #expect(end([1, 9, 14]) { MaxPool2D([2, 3], stride: [1, 4], padding: .explicit([1, 0])) } == "[1×1×10×3]")
    #expect(end([1, 9, 14]) { AveragePool2D([3, 2], ceilMode: true) } == "[1×1×3×7]")
  }

  @Test func aRectangleIsATransposedRectangle() throws {
    // Turning picture and window around turns the answer around.
    let x = draw([1, 2, 5, 8], seed: 1)
    func turned(_ x: Tensor) -> Tensor {
      var numbers: [Double] = []
      for c in 0..<x.shape[1] {
        for w in 0..<x.shape[3] { for h in 0..<x.shape[2] { numbers.append(x.at(0, c, h, w)) } }
      }
      return tensor(numbers, [1, x.shape[1], x.shape[3], x.shape[2]])
    }
    let pairs: [(any Layer, any Layer)] = [
      (MaxPool2D([2, 3], stride: [1, 2]), MaxPool2D([3, 2], stride: [2, 1])),
      (AveragePool2D([2, 3], padding: .explicit([1, 0])), AveragePool2D([3, 2], padding: .explicit([0, 1]))),
      (LpPool2D([1, 4]), LpPool2D([4, 1])), (MinPool2D([2, 1]), MinPool2D([1, 2])),
      (Upsample2D(scale: [2, 3], mode: .bilinear), Upsample2D(scale: [3, 2], mode: .bilinear)),
      (AdaptiveAveragePool2D([2, 3]), AdaptiveAveragePool2D([3, 2])),
    ]
    for (tall, wide) in pairs {
      let a = try Net([2, 5, 8]) { tall }(x)
      let b = try Net([2, 8, 5]) { wide }(turned(x))
      #expect(difference(turned(a).numbers, b.numbers) < 1e-14, "\(tall)")
    }
    let conv = try Net([2, 5, 8]) { Conv2D(3, kernel: [2, 3], stride: [1, 2], padding: .full) }
    var values = conv.values
    let w = try #require(values["weight"])
    var numbers: [Double] = []
    for o in 0..<3 {
      for i in 0..<2 { for kw in 0..<3 { for kh in 0..<2 { numbers.append(w.at(o, i, kh, kw)) } } }
    }
    values["weight"] = tensor(numbers, [3, 2, 3, 2])
    let other = try Net([2, 8, 5], values) { Conv2D(3, kernel: [3, 2], stride: [2, 1], padding: .full) }
    #expect(difference(turned(try conv(x)).numbers, try other(turned(x)).numbers) < 1e-14)
  }

  @Test func theMathematiciansConvolution() throws {
    // W81.
    let kernel = ["weight": tensor([1, 0, -1], [1, 1, 3])]
    let net = try Net([1, 5], kernel) { Conv1D(1, kernel: 3, padding: .full, bias: false, flipped: true) }
    let x = tensor([1, 2, 3, 4, 5], [1, 1, 5])
    #expect(try net(x).numbers == [1, 2, 2, 2, 2, -4, -5])
    // It commutes, which cross-correlation does not: [1,0,−1] ∗ [1,2,3,4,5].
    let swapped = try Net([1, 3], ["weight": tensor([1, 2, 3, 4, 5], [1, 1, 5])]) {
      Conv1D(1, kernel: 5, padding: .full, bias: false, flipped: true)
    }
    #expect(try swapped(tensor([1, 0, -1], [1, 1, 3])).numbers == [1, 2, 2, 2, 2, -4, -5])
    // Its weights' gradient is turned back: y₀ = x₀·w₀, y₁ = x₁·w₀ + x₀·w₁, …
    let gradients = try net.gradients(x, weights: tensor([1, 0, 0, 0, 0, 0, 0], [1, 1, 7]))
    #expect(gradients["weight"]?.numbers == [1, 0, 0])
    // In two dimensions with channels: the same as cross-correlation with turned weights.
    let plain = try Net([2, 5, 6]) { Conv2D(3, kernel: [2, 3]) }
    var values = plain.values
    let w = try #require(values["weight"])
    values["weight"] = tensor(
      (0..<36).map { index in w.numbers[index / 6 * 6 + 5 - index % 6] }, w.shape)
    let flipped = try Net([2, 5, 6], values) { Conv2D(3, kernel: [2, 3], flipped: true) }
    let picture = draw([2, 2, 5, 6], seed: 3)
    #expect(difference(try flipped(picture).numbers, try plain(picture).numbers) < 1e-14)
  }

  @Test func numbers() throws {
    let x = tensor([1, 1, 2, 4, 5, 6, 7, 8, 3, 2, 1, 0, 1, 2, 3, 4], [1, 1, 4, 4])
    func run(@LayerBuilder _ layers: () -> [Placed]) throws -> [Double] {
      try Net([1, 4, 4]) { Sequential(layers()) }(x).numbers
    }
    // W74.
    #expect(try run { MinPool2D(2) } == [1, 2, 1, 0])
    #expect(difference(try run { LpPool2D(2) }, [63.0, 133, 18, 26].map { $0.squareRoot() }) < 1e-14)
    #expect(try run { GlobalMaxPool() } == [8])
    #expect(try run { GlobalMinPool() } == [0])
    #expect(try run { LpPool2D(2, p: 1) } == [13, 21, 8, 8])
    #expect(try run { AdaptiveAveragePool2D(2) } == [3.25, 5.25, 2, 2])
    // W72: the stride is the window's unless given, padding never wins.
    #expect(try run { MinPool2D(3, stride: 2, padding: 1) } == [1, 1, 1, 0])
    #expect(
      try run {
        Upsample2D(scale: 2); MaxPool2D(2)
      } == x.numbers)
    #expect(
      try run {
        MaxPool2D(2); Upsample2D(scale: 2)
      }[0...5] == [6, 6, 8, 8, 6, 6])
    let same = try Net([2]) { LayerNorm() }
    #expect(same.graph.parameters.map(\.parameter.path) == ["weight", "bias"])
    let norm = try Net([2], ["weight": tensor([1, 2], [2]), "bias": tensor([0, 5], [2])]) { LayerNorm(epsilon: 1e-12) }
    #expect(difference(try norm(tensor([1, 3], [1, 2])).numbers, [-1, 7]) < 1e-9)
    // Channels at each place: [1, 3] and [2, −2].
    let units = ["weight": tensor([1, 1], [2]), "bias": tensor([0, 0], [2])]
    let channel = try Net([2, 1, 2], units) { ChannelNorm(epsilon: 1e-12) }
    #expect(difference(try channel(tensor([1, 2, 3, -2], [1, 2, 1, 2])).numbers, [-1, 1, 1, -1]) < 1e-9)
    let group = try Net([2, 1, 2]) { GroupNorm(2, affine: false) }
    let instance = try Net([2, 1, 2]) { InstanceNorm() }
    let pair = draw([3, 2, 1, 2], seed: 1)
    #expect(try group(pair).numbers == (try instance(pair).numbers))
  }

  @Test func poolAndUnpoolAreAPair() throws {
    // W67 and W68, and what SegNet and Noh's network do with it.
    let model = try network([1, 4, 4]) { x in
      let (pooled, switches) = MaxPool2D(2).withSwitches(x)
      return MaxUnpool(switches)(pooled)
    }
    let x = tensor([1, 3, 5, 3, 6, 2, 0, 8, 4, 6, 1, 4, 2, 8, 0, 3], [1, 1, 4, 4])
    let graph = model.graph
    let input = try #require(graph.input("input"))
    let found = try Interpreter.run(graph, [input: x.converted(to: .f32)])
    #expect(found[graph.outputs[0].value]?.numbers == [0, 0, 0, 0, 6, 0, 0, 8, 0, 0, 0, 4, 0, 8, 0, 0])
    #expect(graph.nodes.map(\.origin.layer) == ["MaxPool2D(2).withSwitches", "MaxUnpool(to: [1×1×4×4])"])
    // At another size of the picture, too.
    let open = try network(.picture(channels: 2, height: 8, width: 8)) { x in
      let (first, outer) = MaxPool2D(2).withSwitches(Conv2D(4, kernel: 3, padding: .same)(x))
      let (second, inner) = MaxPool2D(2).withSwitches(Conv2D(6, kernel: 3, padding: .same)(first))
      var y = MaxUnpool(inner)(second)
      y = Conv2D(4, kernel: 3, padding: .same)(y)
      return Conv2D(1, kernel: 1)(MaxUnpool(outer)(y))
    }
    let other = try open.graph.specialized(to: ["input": [3, 2, 13, 10]])
    #expect(other.shape(other.outputs[0].value) == [3, 1, 13, 10])
  }

  @Test func cutsAndResizingsFollowOpenSizes() throws {
    // U-Net with valid convolutions (Ronneberger et al. 2015), small.
    let net = try Model(input: .picture(channels: 1, height: 20, width: 24)) {
      Conv2D(4, kernel: 3).named("down")
      Concatenate(cropping: true) {
        Identity()
        Sequential {
          MaxPool2D(2)
          Conv2D(8, kernel: 3).named("bottom")
          ConvTranspose2D(4, kernel: 2, stride: 2).named("up")
        }
      }
      ResizedToInput { Conv2D(2, kernel: 3, stride: 2).named("head") }
    }
    #expect(net.graph.shape(net.graph.outputs[0].value) == [1, 2, 14, 18])
    let other = try net.graph.specialized(to: ["input": [2, 1, 31, 17]])
    #expect(other.shape(other.outputs[0].value).dims.prefix(2) == [2, 2])
    // The function forms.
    let scores = try network(.picture(channels: 3, height: 16, width: 16)) { x in
      let small = Conv2D(3, kernel: 3, stride: 4)(x)
      let cut = x.cropped(like: small, offset: [2, 1])
      return small.resized(like: x, mode: .nearest) + cut.resized(like: x) * small.resized(like: x)
    }
    #expect(scores.graph.nodes.map(\.op) == ["Conv", "Crop", "Resize", "Resize", "Resize", "Mul", "Add"])
    #expect(scores.graph.nodes[1].origin.layer == "Cropped(like: [1×3×4×4], offset: [2, 1])")
    let grown = try scores.graph.specialized(to: ["input": [2, 3, 21, 18]])
    #expect(grown.shape(grown.outputs[0].value) == [2, 3, 21, 18])
  }

  @Test func poolingToTheSizeThatIsThereVanishes() throws {
    let model = try Model(input: .picture(channels: 2, height: 7, width: 7)) {
      AdaptiveAveragePool2D(7)
      Conv2D(3, kernel: 1)
    }
    func ops(_ shape: Shape) throws -> [String] {
      try PlanRequest(mode: .inference, sizes: ["input": shape]).prepare(model.graph).nodes.map(\.op)
    }
    #expect(try ops([1, 2, 7, 7]) == ["Conv"])
    #expect(try ops([1, 2, 9, 7]) == ["AdaptiveAveragePool", "Conv"])
  }

  @Test func ownWeightsForEveryPlace() throws {
    let net = try Net([2, 4, 5]) { LocallyConnected2D(3, kernel: 3, padding: .same) }
    #expect(
      net.graph.parameters.map { "\($0.parameter.path) \(net.graph.shape($0.value))" } == [
        "weight [20×3×18]", "bias [3×4×5]",
      ])
    // 20 times the convolution's weights.
    let conv = try Net([2, 4, 5]) { Conv2D(3, kernel: 3, padding: .same) }
    #expect(net.graph.analysis().multiplyAddsPerExample == conv.graph.analysis().multiplyAddsPerExample)
    #expect(net.graph.analysis().parameters == 20 * conv.graph.analysis().parameters)
    // Taught the same weights everywhere it is that convolution.
    var values = conv.values
    let w = try #require(values["weight"])
    let b = try #require(values["bias"])
    values["weight"] = tensor((0..<1080).map { w.numbers[$0 % 54] }, [20, 3, 18])
    values["bias"] = tensor((0..<60).map { b.numbers[$0 / 20] }, [3, 4, 5])
    let own = try Net([2, 4, 5], values) { LocallyConnected2D(3, kernel: 3, padding: .same) }
    let x = draw([2, 2, 4, 5], seed: 9)
    #expect(difference(try own(x).numbers, try conv(x).numbers) < 1e-14)
  }

  @Test func mistakes() {
    let open = InputShape.picture(channels: 2, height: 8, width: 8)
    #expect(
      said(open) { LocallyConnected2D(3, kernel: 3) } == [
        "axis 2 of the input [1×2×8×8] may change from run to run, but weights of their own for every place need one size"
      ])
    #expect(
      said(open) {
        AdaptiveAveragePool2D(4); LocallyConnected2D(3, kernel: 3)
      }.isEmpty)
    #expect(said(open) { LayerNorm() }.count == 1)
    #expect(said(open) { LayerNorm(affine: false) }.isEmpty)
    #expect(
      said(open) {
        ChannelNorm(); GroupNorm(2); InstanceNorm(affine: true)
      }.isEmpty)
    #expect(said([2, 2, 2]) { LocallyConnected2D(3, kernel: 3) }.count == 1)
    #expect(said([8]) { LocallyConnected2D(3, kernel: 3) }.count == 1)
    #expect(said([2, 8, 8]) { LocallyConnected2D(0, kernel: 0) }.count == 2)
    #expect(said([2, 8, 8]) { LocalResponseNorm(0, alpha: -1, k: 0) }.count == 2)
    #expect(said([2, 8, 8]) { LocalResponseNorm(5, k: 0) } == ["k 0 divides by 0 where a neighbourhood is silent"])
    #expect(said([8]) { LocalResponseNorm(5) }.count == 1)
    #expect(said([2, 8, 8]) { Upsample2D(scale: 2, mode: .linear) } == ["mode .linear along 2 axes"])
    #expect(said([2, 8, 8]) { Upsample2D(scale: 2, alignCorners: true) } == ["alignCorners with mode .nearest"])
    #expect(said([2, 8, 8]) { Upsample1D(scale: 2) } == ["the input [1×2×8×8] has 4 axes, but 3 are needed (N×C×L)"])
    #expect(said([2, 8, 8]) { Upsample2D(scale: 0) } == ["scale 0 is less than 1"])
    #expect(said([2, 8, 8]) { GroupNorm(3) } == ["2 input channels do not split into 3 groups"])
    #expect(said([2, 8, 8]) { GroupNorm(2, epsilon: 0) }.count == 1)
    #expect(said([8]) { InstanceNorm() }.count == 1)
    #expect(said([8]) { LayerNorm(axes: 2) } == ["2 axes of the input [1×8]"])
    #expect(said([8]) { GlobalMaxPool() } == ["the input [1×8] has no positions to pool over"])
    #expect(said([2, 8, 8]) { LpPool2D(2, p: 0.5) } == ["p 0.5"])
    #expect(said([2, 8, 8]) { MinPool1D(2) }.count == 1)
    #expect(said([2, 8, 8]) { AdaptiveAveragePool2D([2, 0]) } == ["size 0 is less than 1"])
    #expect(
      said([2, 8, 8]) {
        Concatenate(cropping: true) {
          MaxPool2D(2)
          Identity()
        }
      }.first?.contains("has no 8 places along axis 2") == true)
  }

  @Test func valuesOfOtherNetworks() {
    var foreign: Switches?
    var picture: Symbol?
    _ = try? network([2, 8, 8]) { x in
      let (y, switches) = MaxPool2D(2).withSwitches(x)
      foreign = switches
      picture = x
      return y
    }
    let text = message {
      _ = try network([2, 4, 4]) { x in
        guard let foreign, let picture else { return x }
        return MaxUnpool(foreign)(x) + x.cropped(like: picture)
      }
    }
    #expect(text.contains("the network has 2 mistakes"), "\(text)")
    #expect(text.contains("a value of another network is referred to"), "\(text)")
    // Also when the other network is gone, and its place in memory is another's.
    for _ in 0..<20 {
      var gone: Switches?
      _ = try? network([2, 8, 8]) { x in
        let (y, switches) = MaxPool2D(2).withSwitches(Conv2D(2, kernel: 1)(x))
        gone = switches
        return y
      }
      let late = message {
        _ = try network([2, 4, 4]) { x in gone.map { MaxUnpool($0)(x) } ?? x }
      }
      #expect(late.contains("a value of another network is referred to"), "\(late)")
    }
    let misfit = message {
      _ = try network([2, 8, 8]) { x in
        let (y, switches) = MaxPool2D(2).withSwitches(x)
        return MaxUnpool(switches)(Conv2D(5, kernel: 1)(y))
      }
    }
    #expect(misfit.contains("the input [1×5×4×4] does not fit the places [1×2×4×4]"), "\(misfit)")
  }
}
