import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// The message of the error that `body` throws.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing was thrown"
  } catch { return "\(error)" }
}

/// A message without line numbers, which move whenever a test is edited.
func withoutLines(_ text: String) -> String {
  var result = ""
  var rest = Substring(text)
  while let range = rest.firstRange(of: ".swift:") {
    result += rest[..<range.upperBound] + "L"
    rest = rest[range.upperBound...].drop(while: \.isNumber)
  }
  return result + rest
}

@Suite struct MistakeTests {
  @Test func everyMistakeIsNamedAtOnce() {
    let text = message {
      _ = try Model(input: [3, 32, 32]) {
        Conv2D(64, kernel: 0, padding: .same).named("conv1")
        ReLU()
        Conv2D(96, kernel: 3, groups: 5).named("conv2")
        Sequential {
          Conv2D(32, kernel: 40, padding: .same).named("wide")
          Add {
            Conv2D(48, kernel: 1).named("left")
            Identity()
          }
        }.named("block")
        Dropout(1.5)
        Dense(10).named("fc")
      }
    }
    #expect(
      withoutLines(text) == """
        the network has 5 mistakes:
          1. conv1 Conv2D(64, kernel: 0, padding: .same) at LayersTests/MistakeTests.swift:L: kernel 0 is less than 1
            given:   [1×3×32×32]
            the way: input [1×3×32×32]
            mend:    give a kernel of at least 1
          2. conv2 Conv2D(96, kernel: 3, groups: 5) at LayersTests/MistakeTests.swift:L: 64 input and 96 output channels do not split into 5 groups
            given:   [1×64×?×?]
            the way: input [1×3×32×32] → conv1 [1×64×?×?] → 1 [1×64×?×?]
            mend:    choose a number of groups that divides both numbers of channels
          3. block.1 Add at LayersTests/MistakeTests.swift:L: cannot add [1×48×?×?] and [1×32×?×?]
            given:   [1×48×?×?]
            the way: input [1×3×32×32] → conv1 [1×64×?×?] → 1 [1×64×?×?] → conv2 [1×96×?×?] → block.wide [1×32×?×?] → block.left [1×48×?×?]
            mend:    give both the same channels, e.g. Conv2D(48, kernel: 1) on the second branch
          4. 4 Dropout(1.5) at LayersTests/MistakeTests.swift:L: a rate of 1.5 drops everything or is no probability
            given:   [1×?×?×?]
            the way: input [1×3×32×32] → … → 1 [1×64×?×?] → conv2 [1×96×?×?] → block.wide [1×32×?×?] → block.left [1×48×?×?] → block.1 [1×?×?×?]
            mend:    use a rate from 0 to below 1
          5. fc Dense(10) at LayersTests/MistakeTests.swift:L: the input [1×?×?×?] has 4 axes, but 2 are needed (N×features)
            given:   [1×?×?×?]
            the way: input [1×3×32×32] → … → 1 [1×64×?×?] → conv2 [1×96×?×?] → block.wide [1×32×?×?] → block.left [1×48×?×?] → block.1 [1×?×?×?]
            mend:    put Flatten() before the layer
        """)
  }

  @Test func shapesBehindAMistakeAreStillChecked() {
    let graph = Model.draft(input: [3, 8, 8]) {
      Conv2D(0, kernel: 3).named("a")
      Conv2D(8, kernel: 3).named("b")
      Dense(10).named("c")
      Softmax(axis: 2).named("d")
    }
    #expect(
      graph.mistakes.map { "\($0.origin.path): \($0.problem)" } == [
        "a: channels 0 is less than 1",
        "c: the input [1×8×?×?] has 4 axes, but 2 are needed (N×features)",
        "d: the input [1×10] has no axis 2",
      ])
    #expect(graph.nodes.map(\.op) == ["Unknown", "Conv", "Unknown"])
  }

  @Test func bothShapesTheWayAndTheMend() {
    let text = message {
      _ = try Model(input: [1, 16, 12]) {
        TwoConv(classes: 10)
      }
    }
    #expect(
      withoutLines(text) == """
        the network has 1 mistake:
          1. conv2 Conv2D(64, kernel: 5) at FoveaLayers/TwoConv.swift:L: a kernel of 5 does not fit width 4
            given:   [1×32×6×4]
            the way: input [1×1×16×12] → conv1 [1×32×12×8] → 1 [1×32×12×8] → 2 [1×32×6×4]
            mend:    use a kernel of at most 4, pad more, or pool less before it
        """)
  }

  @Test func residualBranchesMustAgree() {
    let graph = Model.draft(input: [64, 8, 8]) {
      Add {
        Conv2D(128, kernel: 3, stride: 2, padding: .same).named("conv")
        Identity()
      }.named("block")
      Conv2D(8, kernel: 1)
    }
    #expect(graph.mistakes.map(\.problem) == ["cannot add [1×128×4×4] and [1×64×8×8]"])
    #expect(
      graph.mistakes.map(\.mend) == [
        "project the second branch, e.g. Conv2D(128, kernel: 1, stride: 2); or check the padding"
      ])
    #expect(graph.mistakes.first?.origin.path == "block")
    #expect(graph.mistakes.first?.origin.layer == "Add")
  }

  @Test func attributesOutOfRange() {
    func problems(_ input: InputShape = [3, 8, 8], @LayerBuilder _ layers: () -> [Placed]) -> [String] {
      Model.draft(input: input, layers).mistakes.map(\.problem)
    }
    #expect(
      problems { Conv2D(4, kernel: 3, stride: 0, dilation: -1) } == [
        "stride 0 is less than 1", "dilation -1 is less than 1",
      ])
    #expect(
      problems { Conv2D(4, kernel: [3, 3, 3]) } == ["kernel [3, 3, 3] does not give 2 sizes, one per axis"])
    #expect(
      problems { Conv2D(4, kernel: 3, padding: .causal) } == [
        "padding .causal means something along one axis only, not along 2"
      ])
    #expect(problems { Conv2D(4, kernel: 3, padding: -1) } == ["padding -1 is less than 0"])
    #expect(problems { Conv2D(4, kernel: 3, padding: .explicit(before: [1], after: [1, 1])) }.count == 1)
    #expect(problems { Conv2D(4, kernel: 3, groups: 0) } == ["groups 0 is less than 1"])
    #expect(
      problems { Conv2D(4, kernel: 3, groups: 2) } == ["3 input channels do not split into 2 groups"])
    #expect(problems { Dropout(.nan) }.count == 1)
    #expect(problems { StochasticDepth(1) }.count == 1)
    #expect(problems { BatchNorm(epsilon: 0, momentum: 2) }.count == 2)
    #expect(problems { MaxPool2D(0) }.first == "kernel 0 is less than 1")
    #expect(problems([3, 0, 8]) { ReLU() } == ["no input can have the shape [3×0×8], as \"input\" should"])
    #expect(problems {} == ["the network has no layers"])
    #expect(problems { Add { Identity() } } == ["only one branch to add up"])
    #expect(problems { Add {} } == ["nothing to add up"])
    #expect(problems { ReLU().named("") } == ["the name is empty"])
  }

  @Test func absurdSizesOverflowNothing() {
    func problems(_ input: InputShape = [3, 8, 8], @LayerBuilder _ layers: () -> [Placed]) -> [String] {
      Model.draft(input: input, layers).mistakes.map(\.problem)
    }
    #expect(problems { Conv2D(Int.max, kernel: 3) } == ["channels \(Int.max) is absurdly large"])
    #expect(problems { Conv2D(4, kernel: Int.max, dilation: Int.max) }.count == 2)
    #expect(problems { Conv2D(1 << 30, kernel: 1 << 30, padding: .full, dilation: 1 << 30) }.count >= 1)
    #expect(
      problems {
        Flatten(); Dense(1 << 30); Dense(1 << 30)
      } == [
        "its weight [1073741824×1073741824] has too many elements to be held"
      ])
    #expect(
      problems([1 << 30, 1 << 30, 1 << 30]) {
        ReLU(); Conv2D(4, kernel: 3)
      }.count == 1)
    #expect(
      problems {
        Conv2D(1 << 30, kernel: 1 << 10, padding: .sameUpper); ReLU()
      } == [
        "its weight [1073741824×3×1024×1024] has too many elements to be held"
      ])
    let error = #expect(throws: ExecutionError.self) {
      _ = try Model(input: [1 << 19, 1, 1]) {
        Flatten(); Dense(1 << 20)
      }
    }
    guard case .tooLarge = error else { return #expect(Bool(false), "\(String(describing: error))") }
  }

  @Test func valuesOfAnotherNetworkAreAMistake() throws {
    var stranger: Symbol?
    _ = Model.draft(inputs: ["x": [3, 8, 8]]) { inputs in
      stranger = inputs["x"]
      return ["y": ReLU()(inputs["x"])]
    }
    let other = try #require(stranger)
    let graph = Model.draft(inputs: ["x": [3, 8, 8]]) { inputs in ["y": inputs["x"] + other, "z": other] }
    #expect(
      graph.mistakes.map(\.problem) == [
        "a value [1×3×8×8] of another network is used here", "output \"z\" is a value of another network",
      ])
  }

  @Test func namesOfInputsAndOutputs() {
    let graph = Model.draft(inputs: ["image": [3, 8, 8]]) { inputs in
      ["y": ReLU().tap("y")(inputs["imag"])]
    }
    #expect(
      graph.mistakes.map(\.problem) == [
        "there is no input \"imag\"; did you mean \"image\"?", "there is already an output \"y\"",
      ])
    #expect(Model.draft(inputs: ["x": [1]]) { _ in [:] }.mistakes.map(\.problem) == ["the network has no outputs"])
  }

  @Test func endlessNestingStops() {
    struct Endless: Layer {
      var body: some Layer {
        ReLU()
        AnyLayerBox { Endless() }
        AnyLayerBox { Endless() }
      }
    }
    let graph = Model.draft(input: [3, 8, 8]) { Endless() }
    #expect(graph.mistakes.map(\.problem) == ["layers nest more than 200 deep"])
  }

  @Test func layersThatDoNothingAreReported() {
    struct Nothing: Layer {}
    let graph = Model.draft(input: [3, 8, 8]) { Nothing() }
    #expect(graph.mistakes.map(\.problem) == ["Nothing does nothing"])
  }
}

/// Makes its layer only when it is declared, so that a body can contain its own kind.
struct AnyLayerBox: Layer {
  let make: @Sendable () -> any Layer
  init(_ make: @escaping @Sendable () -> any Layer) { self.make = make }
  func declare(_ x: Symbol) -> Symbol {
    // Not `make()(x)`: that crashes the compiler of Swift 6.3.1.
    let layer = make()
    return layer(x)
  }
}
