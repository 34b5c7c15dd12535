/// The operators a graph may use, by name. A value: adding to a copy leaves the original as it was.
public struct Registry: Sendable {
  private var operators: [String: any Operator.Type]

  public init(_ operators: [any Operator.Type] = []) {
    self.operators = Dictionary(operators.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// The operator called `name`.
  public subscript(name: String) -> (any Operator.Type)? { operators[name] }

  /// All names, sorted.
  public var names: [String] { operators.keys.sorted() }

  /// This registry and one operator more.
  public func adding(_ op: any Operator.Type) -> Registry {
    var copy = self
    copy.add(op)
    return copy
  }

  mutating func add(_ op: any Operator.Type) { if operators[op.name] == nil { operators[op.name] = op } }

  /// Everything in the folder `Operators`, a line each.
  public static let standard = Registry([
    Op.Add.self,
    Op.BroadcastToShape.self,
    Op.Conv.self,
    Op.ConvBackwardData.self,
    Op.ConvBackwardWeights.self,
    Op.SumToShape.self,
  ])
}
