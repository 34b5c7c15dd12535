import FoveaGraphs
import FoveaTensors

/// What is known of a network's inputs when it is read.
struct ONNXGiven {
  /// Whole shapes of inputs, by name.
  var shapes: [String: Shape] = [:]
  /// What a run is given; their numbers are looked at only where the network's form depends on them.
  var arrays: [String: Tensor] = [:]
  /// True where the network is read for these shapes and for no others.
  var isExact = false

  /// The inputs of a network: those that the file has no numbers for, and those that are given others.
  func inputs(of graph: ONNXGraph) -> [ONNXValueInfo] {
    let stored = Set(graph.initializers.map(\.name))
    var seen: Set<String> = []
    return graph.inputs.filter {
      (shapes[$0.name] != nil || !stored.contains($0.name)) && seen.insert($0.name).inserted
    }
  }

  /// Holds the shapes against what the file says.
  /// - Throws: `ONNXError.damaged` for a file with impossible ones, `.openSizes` where an input has none at all;
  ///   `GraphError.missingInput` and `.inputShape`.
  func check(_ graph: ONNXGraph, _ path: String) throws {
    let inputs = inputs(of: graph)
    let names = inputs.map(\.name)
    for name in shapes.keys.sorted() where !names.contains(name) {
      throw GraphError.missingInput(name: name, known: names)
    }
    for input in inputs {
      let given = shapes[input.name]
      if isExact, given == nil { throw GraphError.missingInput(name: input.name, known: names) }
      guard let dims = input.dims else { continue }
      let known = dims.map { extent -> Int in if case .known(let size) = extent { size } else { 1 } }
      guard dims.count <= 8, known.allSatisfy({ $0 <= 1 << 30 }), Shape(known).isCountable(upTo: 1 << 40) else {
        throw ONNXError.damaged(
          path: path, problem: "its input \(Named.short(input.name)) has the impossible shape \(known)")
      }
      guard let given else { continue }
      let isBatch = dims.first == .known(1) && dims.count > 1
      let fits =
        dims.count == given.rank
        && dims.enumerated().allSatisfy { axis, extent in
          guard case .known(let size) = extent else { return true }
          return size == given[axis] || (axis == 0 && isBatch)
        }
      guard fits else {
        let expected = dims.map { extent -> Int? in if case .known(let size) = extent { size } else { nil } }
        throw GraphError.inputShape(
          name: input.name, expected: PartialShape(expected), found: PartialShape(given))
      }
    }
  }
}
