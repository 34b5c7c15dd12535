import Foundation
import FoveaGraphs
import FoveaTensors
import Testing

struct RegistryTests {
  /// The folder `Sources/Graphs/Operators`, as text.
  private func sources() throws -> [(file: String, text: String)] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = root.appending(path: "Sources/Graphs/Operators")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      ($0, try String(contentsOf: folder.appending(path: $0), encoding: .utf8))
    }
  }

  @Test func folderAndRegistryAgree() throws {
    var named: [String] = []
    for (file, text) in try sources() {
      let own = text.matches(of: /static let name = "(\w+)"/).map { String($0.1) }
      #expect(!own.isEmpty, "\(file) holds no operator")
      #expect(own.first.map { $0 + ".swift" } == file, "a file is called after its first operator")
      named += own
    }
    #expect(Set(named).count == named.count, "two operators of one name")
    for name in named { #expect(Registry.standard[name] != nil, "\(name) is not registered") }
    for name in Registry.standard.names { #expect(named.contains(name), "\(name) has no file") }
  }

  @Test func everyOperatorHasAllItsParts() throws {
    for (file, text) in try sources() {
      let operators = text.components(separatedBy: "static let name = ").count - 1
      for part in ["static func explain(", "static func infer(", "static func reference<", "static func gradient("] {
        let found = text.components(separatedBy: part).count - 1
        #expect(found == operators, "\(file): \(found) of \(part) for \(operators) operators")
      }
      // Unspecialized generic loops run some thirty times slower.
      let loops = text.components(separatedBy: "@specialized(where T == Float)").count - 1
      #expect(loops == operators || ["Flatten.swift", "Fused.swift"].contains(file), "\(file): unspecialized loop")
    }
  }

  @Test func theRegistryIsSorted() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "Sources/Graphs/Registry.swift"), encoding: .utf8)
    let lines = text.matches(of: /Op\.(\w+)\.self/).map { String($0.1) }
    #expect(lines == lines.sorted())
    #expect(lines.count == Registry.standard.names.count)
  }

  @Test func positionsThatOperatorsNameExist() throws {
    for name in Registry.standard.names {
      let op = try #require(Registry.standard[name])
      #expect(op.name == name)
      for index in op.shapeOnlyInputs.union(op.optionalInputs) { #expect(index < op.inputNames.count, "\(name)") }
      for pair in op.inPlace {
        #expect(pair.input < op.inputNames.count, "\(name)")
        #expect(!op.shapeOnlyInputs.contains(pair.input), "\(name)")
      }
      if case .no(let reason) = op.differentiability { #expect(reason.count > 20, "\(name): \(reason)") }
    }
  }

  @Test func explanationsCarryTheNodesOwnNumbers() throws {
    func text(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) throws -> String {
      var graph = Graph()
      let values = operands.map { $0.map { graph.addInput("x", $0) } }
      graph.add(op, values, attributes)
      try graph.check()
      return op.explain(graph.site(graph.nodes[0]))
    }
    #expect(
      try text(Op.Gemm.self, [f32(8, 1024), f32(10, 1024), f32(10)], ["transB": .int(1)])
        == "Each of the 8×10 results is a sum of 1024 products plus a bias: 8·10·1024 = 81920 multiply-adds.")
    #expect(
      try text(
        Op.Conv.self, [f32(1, 3, 32, 32), f32(8, 3, 5, 5)], ["strides": .ints([2, 1]), "pads": .ints([2, 0, 2, 0])])
        == "Each of 8 kernels of 5×5 over 3 channels slides over the input [1×3×32×32] and sums products; "
        + "output size (32 + 2 + 2 − 5)/2 + 1 = 16, (32 + 0 + 0 − 5)/1 + 1 = 28.")
    #expect(
      try text(Op.MaxPool.self, [f32(1, 8, 28, 28)], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
        == "Keeps the largest of each window of 2×2, 2×2 apart: [1×8×28×28] becomes [1×8×14×14], and a small shift of "
        + "the picture changes little.")
    #expect(
      try text(Op.SoftmaxCrossEntropyLoss.self, [f32(4, 10), i32(4)])
        == "The mean over 4 labels of −log p(right class), p the softmax of 10 scores; guessing blindly costs ln 10.")
    #expect(
      try text(Op.Dropout.self, [f32(4, 10)], ["ratio": .float(0.2), "training_mode": .int(1)])
        == "Sets a random 0.2 of the 40 numbers to 0 and scales the others by 1.25, so that their mean stays.")
    #expect(
      try text(Op.ReduceMean.self, [f32(2, 8, 7, 7)], ["axes": .ints([2, 3])])
        == "Takes the mean of each 49 of the 784 numbers: [2×8×7×7] becomes [2×8×1×1].")
    #expect(
      try text(Op.SGDUpdate.self, [f32(5), f32(5), f32(5), f32(), f32()], ["weight_decay": .float(0.5)])
        == "Moves 5 weights against their gradient by the learning rate, with momentum, and toward 0 by weight decay 0.5."
    )
    let vector = f32(8)
    #expect(
      try text(
        Op.BatchNormalization.self, [f32(2, 8, 3, 3), vector, vector, vector, vector], ["training_mode": .int(1)])
        == "Brings each of 8 channels to mean 0 and variance 1 by the 18 numbers of this batch, then scales and shifts "
        + "it by two learned numbers.")
    // The others: something that ends as a sentence and names a size.
    let all = OperatorWords.all
    for (op, operands, attributes) in all {
      let found = try text(op, operands, attributes)
      #expect(found.hasSuffix(".") && found.contains(where: \.isNumber), "\(op.name): \(found)")
    }
    let tried = all.map { $0.0.name }
    #expect(Set(tried + ["Fused"]) == Set(Registry.standard.names), "an operator whose words nobody read")
  }

  enum Twice: Operator {
    static let name = "Twice"
    static let inputNames = ["X"]
    static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(0))] }
    static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      builder.outputGradients[0].map { builder.add(Twice.self, [$0]) } ?? []
    }
    static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in
        for index in 0..<count { buffers.output(0, as: T.self)[index] = 2 * buffers.input(0, as: T.self)[index] }
      }
    }
    static func explain(_ site: NodeSite) -> String { "Doubles \(site.outputShape().count) numbers." }
  }

  @Test func usersOperatorsAreFirstClass() throws {
    #expect(Registry.standard.adding(Twice.self)["Twice"] != nil)
    #expect(Registry.standard["Twice"] == nil, "adding leaves the original as it was")
    var draws = Draws(seed: 1)
    try checkGradient(Twice.self, [draws.tensor([3, 2])])
  }
}
