import FoveaGraphs
import FoveaTensors

extension ONNXSizes {
  /// The extent that stands for an open spatial one, best first.
  private static let spatial = [224, 256, 320, 299, 416, 512, 640, 128, 96, 64, 32, 28]

  /// The choices of sizes to try, those with the most open axes first.
  /// - Throws: `ONNXError.damaged` where an input has no shape.
  static func choices(_ index: ONNXIndex, _ path: String) throws(ONNXError) -> [ONNXSizes] {
    let model = index.model
    let stored = Set(model.graph.initializers.map(\.name))
    let inputs = model.graph.inputs.filter { !stored.contains($0.name) }
    for input in inputs {
      guard let dims = input.dims else {
        throw .damaged(path: path, problem: "its input \(Named.short(input.name)) has no shape; export it with one")
      }
      let known = dims.map { extent -> Int in if case .known(let size) = extent { size } else { 1 } }
      guard dims.count <= 8, known.allSatisfy({ $0 <= 1 << 30 }), Shape(known).isCountable(upTo: 1 << 40) else {
        throw .damaged(path: path, problem: "its input \(Named.short(input.name)) has the impossible shape \(known)")
      }
    }
    func isOpen(_ input: ONNXValueInfo, _ axis: Int) -> Bool {
      if case .open? = input.dims.flatMap({ $0.indices.contains(axis) ? $0[axis] : nil }) { return true }
      return false
    }
    let hasOpenPlaces = inputs.contains { input in (1..<max(input.dims?.count ?? 0, 1)).contains { isOpen(input, $0) } }
    let hasOpenBatch = inputs.contains { isOpen($0, 0) }
    let isSingle = inputs.allSatisfy { $0.dims?.first == .known(1) && ($0.dims?.count ?? 0) > 1 }
    var result: [ONNXSizes] = []
    for place in hasOpenPlaces ? spatial : [224] {
      if isSingle { result.append(sizes(inputs, index, place, opens: { _, _ in true }, opensBatch: true)) }
      result.append(sizes(inputs, index, place, opens: { _, _ in true }))
    }
    if hasOpenPlaces {
      for place in spatial {
        if isSingle { result.append(sizes(inputs, index, place, opens: { _, axis in axis == 0 }, opensBatch: true)) }
        result.append(sizes(inputs, index, place, opens: { _, axis in axis == 0 }))
      }
    }
    if hasOpenBatch {
      for place in hasOpenPlaces ? spatial : [224] {
        result.append(sizes(inputs, index, place, opens: { _, _ in false }))
      }
    }
    // A huge file is not read twenty times.
    return model.graph.nodes.count > 20_000 ? [result[0], result[result.count - 1]] : result
  }

  private static func sizes(
    _ inputs: [ONNXValueInfo], _ index: ONNXIndex, _ place: Int, opens: (ONNXValueInfo, Int) -> Bool,
    opensBatch: Bool = false
  ) -> ONNXSizes {
    var named: [String: (here: Int, there: Int)] = [:]
    var result = ONNXSizes()
    result.opensBatch = opensBatch
    for (number, input) in inputs.enumerated() {
      var own = Input(here: [], there: [], open: [])
      for (axis, extent) in (input.dims ?? []).enumerated() {
        switch extent {
        case .known(let size):
          let isBatch = opensBatch && axis == 0
          own.here.append(size)
          own.there.append(isBatch ? 3 : size)
          if isBatch { own.open.insert(0) }
        case .open(let name):
          var pair = name.isEmpty ? nil : named[name]
          if pair == nil {
            if axis == 0 {
              pair = (1, 3)
            } else if axis == 1, (input.dims?.count ?? 0) > 2, let channels = index.channels[input.name] {
              pair = (channels, channels)
            } else {
              // Multiples of 32, which networks that halve sizes want, different ones along each axis and of each input;
              // the first input is the largest, as what others are cut out of.
              let here = place + 64 * min(inputs.count - 1 - number, 8)
              pair = (here, here + 32 * (axis - 1) * min(number + 1, 9))
            }
            if !name.isEmpty { named[name] = pair }
          }
          let (here, there) = pair ?? (1, 1)
          let staysOpen = opens(input, axis) && here != there
          own.here.append(here)
          own.there.append(staysOpen ? there : here)
          if staysOpen { own.open.insert(axis) }
        }
      }
      result.inputs[input.name] = own
    }
    return result
  }
}
