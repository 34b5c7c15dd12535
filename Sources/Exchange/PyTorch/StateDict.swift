import FoveaTensors

/// The tensors of a pickle by name: those of the dictionary itself, or of the one that a checkpoint keeps among other
/// things.
struct StateDict {
  /// In the order in which they were saved.
  let tensors: [(name: String, tensor: PickleTensor)]
  /// What was left out.
  let remarks: [String]

  /// What checkpoints call their weights, the most telling first.
  private static let usual = ["state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights"]
  /// How deep a checkpoint may keep them.
  private static let depth = 3

  private typealias Found = (path: [String], tensors: [(name: String, tensor: PickleTensor)], others: [String])

  /// - Throws: `PyTorchProblem.noTensors` where nothing is a tensor by name, `.ambiguous` where several sets are.
  init(_ root: PickleValue, _ pickle: PickleReader) throws(PyTorchProblem) {
    guard case .dict(let number) = root else { throw .noTensors(found: root.kind) }
    var level: [(path: [String], dict: Int)] = [([], number)]
    var seen: Set<Int> = [number]
    var found: [Found] = []
    var siblings: [String] = []
    for _ in 0...StateDict.depth where found.isEmpty && !level.isEmpty {
      var next: [(path: [String], dict: Int)] = []
      for (path, dict) in level {
        let (tensors, others, inner) = StateDict.contents(of: dict, pickle)
        if !tensors.isEmpty { found.append((path, tensors, others)) }
        for (name, number) in inner where seen.insert(number).inserted { next.append((path + [name], number)) }
        if path.isEmpty { siblings = others }
      }
      level = next
    }
    guard let first = found.first else { throw .noTensors(found: "a dict") }
    var chosen = first
    if found.count > 1 {
      let named = StateDict.usual.lazy.compactMap { name in found.first { $0.path.last == name } }.first
      guard let named else { throw .ambiguous(found.map { $0.path.joined(separator: ".") }) }
      chosen = named
    }
    let key = chosen.path.joined(separator: ".")
    var remarks: [String] = []
    let left = (chosen.path.isEmpty ? chosen.others : siblings.filter { $0 != key && !key.hasPrefix($0 + ".") })
    if !chosen.path.isEmpty {
      remarks.append("takes the tensors under \(Named.short(key))" + StateDict.leaving(left, " and leaves out "))
    } else if !left.isEmpty {
      remarks.append(StateDict.leaving(left, "leaves out "))
    }
    tensors = chosen.tensors
    self.remarks = remarks
  }

  private static func leaving(_ names: [String], _ words: String) -> String {
    guard !names.isEmpty else { return "" }
    let few = names.prefix(5).map(Named.short).joined(separator: ", ")
    return words + few + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }

  /// What a dictionary holds by name: tensors, everything else, and the dictionaries among that. Of one name the last
  /// counts, in the place of the first, as in Python.
  private static func contents(
    of dict: Int, _ pickle: PickleReader
  ) -> (tensors: [(name: String, tensor: PickleTensor)], others: [String], inner: [(name: String, dict: Int)]) {
    var order: [String] = []
    var values: [String: PickleValue] = [:]
    for (key, value) in pickle.dicts[dict] {
      guard case .string(let name) = key else { continue }
      if values.updateValue(value, forKey: name) == nil { order.append(name) }
    }
    var tensors: [(name: String, tensor: PickleTensor)] = []
    var others: [String] = []
    var inner: [(name: String, dict: Int)] = []
    for name in order {
      switch values[name] {
      case .tensor(let number)?: tensors.append((name, pickle.tensors[number]))
      case .dict(let number)?:
        others.append(name)
        inner.append((name, number))
      default: others.append(name)
      }
    }
    return (tensors, others, inner)
  }
}
