import FoveaGraphs
import FoveaTensors
import Testing

/// A user's operator that is called like a built-in one.
struct OwnOperatorTests {
  /// Doubles.
  enum Relu: Operator {
    static let name = "Relu"
    static let inputNames = ["X"]
    static let differentiability = Differentiability.no(because: "nobody asked")

    static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(0))] }
    static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }
    static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in
        for index in 0..<count { buffers.output(0, as: T.self)[index] = 2 * buffers.input(0, as: T.self)[index] }
      }
    }
    static func explain(_ site: NodeSite) -> String { "Doubles." }
  }

  /// Another of the same name.
  enum Other: Operator {
    static let name = "Relu"
    static let inputNames = ["X", "Y"]
    static let optionalInputs: Set<Int> = [1]
    static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(0))] }
    static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }
    static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel { { _ in } }
    static func explain(_ site: NodeSite) -> String { "" }
  }

  private func run(_ registry: Registry, _ op: any Operator.Type) throws -> (op: String, numbers: [Double]) {
    var graph = Graph(registry: registry)
    let x = graph.addInput("x", TensorType(.f32, [2] as Shape))
    let y = graph.add(op, [x])[0]
    let tensor = try Tensor([-1, 3] as [Float], shape: [2])
    return (graph.nodes[0].op, try #require(try Interpreter.run(graph, [x: tensor])[y]).array(of: Double.self))
  }

  @Test func itIsUsed() throws {
    #expect(try run(.standard, Relu.self) == ("Relu (own)", [-2, 6]))
    #expect(try run(.standard, Op.Relu.self) == ("Relu", [0, 3]))
  }

  @Test func addingReplaces() throws {
    #expect(try run(.standard.adding(Relu.self), Op.Relu.self) == ("Relu (own)", [-2, 6]))
    #expect(try run(.standard.adding(Relu.self), Relu.self).numbers == [-2, 6])
    #expect(try run(.standard.adding(Relu.self).adding(Op.Relu.self), Op.Relu.self).numbers == [0, 3])
    #expect(Registry.standard.adding(Other.self).adding(Relu.self)["Relu"] == Relu.self, "the last counts")
    #expect(Registry.standard["Relu"] == Op.Relu.self)
  }

  @Test(arguments: [[0, 1], [1, 0], [1, 2]])
  func twoOfOneNameAreAMistake(order: [Int]) throws {
    let all: [any Operator.Type] = [Op.Relu.self, Relu.self, Other.self]
    var graph = Graph()
    var x = graph.addInput("x", TensorType(.f32, [2] as Shape))
    for index in order { x = graph.add(all[index], [x])[0] }
    #expect(graph.mistakes.count == 1)
    let names = order.map { String(reflecting: all[$0]) }
    #expect(graph.mistakes.first?.problem == "two operators are called Relu: \(names[0]) and \(names[1])")
  }

  /// Gradients are made of built-in operators, whatever a user's are called.
  @Test func gradientsAreNoSecondUse() throws {
    enum Mul: Operator {
      static let name = "Mul"
      static let inputNames = ["X"]
      static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(0))] }
      static func gradient(_ builder: inout GradientBuilder) -> [Value?] { builder.outputGradients }
      static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
        let count = site.outputShape().count
        return { $0.output(0, as: T.self).update(from: $0.input(0, as: T.self), count: count) }
      }
      static func explain(_ site: NodeSite) -> String { "" }
    }
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [2] as Shape))
    let loss = graph.add(Op.SquaredNorm.self, [graph.add(Op.Exp.self, [graph.add(Mul.self, [x])[0]])[0]])[0]
    let gradient = try #require(try graph.differentiate(loss, withRespectTo: [x])[x])
    let found = try Interpreter.run(graph, [x: Tensor([0, 1] as [Float], shape: [2])])
    #expect(try #require(found[gradient]).array(of: Float.self)[0] == 2)
  }

  @Test func optionalOperandsOfUsers() {
    #expect(infer(Other.self, [f32(2)]).mistakes.isEmpty)
    let tooMany = infer(Other.self, [f32(2), f32(2), f32(2)]).mistakes.map(\.problem)
    #expect(tooMany == ["Relu takes 2 operands (X, Y), not 3"])
    #expect(infer(Relu.self, []).mistakes.map(\.problem) == ["Relu without its operand X"])
    #expect(infer(Relu.self, [f32(2)], ["mode": .int(3), "mine": .string("")]).mistakes.isEmpty, "names are theirs")
  }
}
