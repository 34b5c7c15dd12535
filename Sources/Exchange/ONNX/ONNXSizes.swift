import FoveaGraphs
import FoveaTensors

/// The sizes that the inputs are read for.
///
/// Where an extent stays open the network is read at two: what comes out differently depends on it. Those two are never
/// shown, and no network is made for them alone.
struct ONNXSizes {
  struct Input {
    var here: [Int]
    var there: [Int]
    var open: Set<Int>
    /// The axes of which nobody has said how long they are.
    var unsaid: Set<Int> = []
  }

  var inputs: [String: Input] = [:]
  /// True where the file fixes the batch at 1, and it is tried as open.
  var opensBatch = false

  /// True where an extent besides the batch is open and nobody has said how long it is.
  var hasUnsaid: Bool { inputs.values.contains { !$0.unsaid.isEmpty } }
}

/// Makes the choices of sizes to try.
struct ONNXSizeChoices {
  let index: ONNXIndex
  let given: ONNXGiven
  let inputs: [ONNXValueInfo]

  /// Extents that stand for an open one, best first.
  private static let lengths = [224, 256, 320, 299, 416, 512, 640, 128, 96, 64, 32, 28]

  init(_ index: ONNXIndex, _ given: ONNXGiven) {
    self.index = index
    self.given = given
    inputs = given.inputs(of: index.model.graph)
  }

  /// Which extents stay open.
  private enum Opening { case all, batch, none }

  /// The choices, those with the most open axes first.
  func all() -> [ONNXSizes] {
    let isSingle = !inputs.isEmpty && inputs.allSatisfy { $0.dims?.first == .known(1) && ($0.dims?.count ?? 0) > 1 }
    if given.isExact {
      let isMore = inputs.contains { input in
        input.dims?.first == .known(1) && given.shapes[input.name]?.dims.first != 1
      }
      return [sizes(0, isMore ? .batch : .none, opensBatch: isMore && isSingle)]
    }
    var result: [ONNXSizes] = []
    for length in hasUnsaid ? ONNXSizeChoices.lengths : [224] {
      if isSingle { result.append(sizes(length, .all, opensBatch: true)) }
      result.append(sizes(length, .all))
    }
    // What nobody says cannot be settled.
    if !hasUnsaid {
      for opening in [Opening.batch, .none] {
        if isSingle, opening == .batch { result.append(sizes(0, opening, opensBatch: true)) }
        result.append(sizes(0, opening))
      }
    }
    // A huge file is not read twenty times.
    return index.model.graph.nodes.count > 20_000 ? [result[0], result[result.count - 1]] : result
  }

  /// Other sizes of the same open axes, odd, small and large ones: what follows open sizes truly follows these too.
  func others(_ sizes: ONNXSizes) -> [ONNXSizes] {
    let lengths = index.model.graph.nodes.count > 20_000 ? [237] : [237, 75, 1047]
    return lengths.map { length in
      var result = sizes
      for (number, input) in inputs.enumerated() {
        guard var own = result.inputs[input.name] else { continue }
        for axis in own.open where axis > 0 {
          // Axes of one name stay of one length; others differ.
          let shift = 7 * axis + 14 * (8 - min(number, 8))
          (own.here[axis], own.there[axis]) = (length + shift, length + 2 * shift + 27 + axis)
        }
        result.inputs[input.name] = own
      }
      shareNames(&result, keepingGiven: false)
      return result
    }
  }

  private func isOpen(_ extent: ONNXExtent) -> Bool { if case .open = extent { true } else { false } }

  /// True where an extent besides the batch is open that no shape says and no convolution.
  var hasUnsaid: Bool {
    let named = namedExtents
    return inputs.contains { input in
      guard given.shapes[input.name] == nil else { return false }
      return (input.dims ?? []).enumerated().contains { axis, extent in
        guard axis > 0, case .open(let name) = extent else { return false }
        return named[name] == nil && channels(input, axis) == nil
      }
    }
  }

  /// Extents that a given shape says by the name that the file has for them.
  private var namedExtents: [String: Int] {
    var result: [String: Int] = [:]
    for input in inputs {
      guard let shape = given.shapes[input.name] else { continue }
      for case (let axis, .open(let name)) in (input.dims ?? []).enumerated() where !name.isEmpty {
        if shape.dims.indices.contains(axis) { result[name] = result[name] ?? shape[axis] }
      }
    }
    return result
  }

  private func channels(_ input: ONNXValueInfo, _ axis: Int) -> Int? {
    axis == 1 && (input.dims?.count ?? 0) > 2 ? index.channels[input.name] : nil
  }

  private func sizes(_ length: Int, _ opening: Opening, opensBatch: Bool = false) -> ONNXSizes {
    let said = namedExtents
    var result = ONNXSizes()
    result.opensBatch = opensBatch
    for (number, input) in inputs.enumerated() {
      var own = ONNXSizes.Input(here: [], there: [], open: [])
      // The first input grows fastest, as what others are cut out of.
      let growth = min(inputs.count - number, 9)
      let shape = given.shapes[input.name]
      let dims = input.dims ?? shape?.dims.map { ONNXExtent.known($0) } ?? []
      for (axis, extent) in dims.enumerated() {
        var pair: (here: Int, there: Int)
        switch extent {
        case .known(let size):
          pair = (size, opensBatch && axis == 0 ? (shape?[0] == 1 ? nil : shape?[0]) ?? 3 : size)
        case .open(let name):
          if let known = shape?[axis] ?? said[name] {
            pair = (known, axis == 0 ? known + 2 : known + 32 * axis * growth)
          } else if axis == 0 {
            pair = (1, 3)
          } else if let channels = channels(input, axis) {
            pair = (channels, channels)
          } else {
            // Multiples of 32, which networks that halve sizes want, different ones along each axis and of each input;
            // the first input is the largest.
            let here = length + 64 * min(inputs.count - 1 - number, 8)
            pair = (here, here + 32 * axis * growth)
            own.unsaid.insert(axis)
          }
          if opening == .none || (opening == .batch && axis > 0) { pair.there = pair.here }
        }
        own.here.append(pair.here)
        own.there.append(pair.there)
        if pair.here != pair.there { own.open.insert(axis) }
      }
      result.inputs[input.name] = own
    }
    shareNames(&result)
    return result
  }

  /// Extents of one name are the same: those of the first input that has it.
  private func shareNames(_ sizes: inout ONNXSizes, keepingGiven: Bool = true) {
    guard !given.isExact else { return }
    var named: [String: (here: Int, there: Int)] = [:]
    for input in inputs {
      guard var own = sizes.inputs[input.name] else { continue }
      let isGiven = keepingGiven && given.shapes[input.name] != nil
      for case (let axis, .open(let name)) in (input.dims ?? []).enumerated() where !name.isEmpty {
        guard let pair = named[name], !isGiven else {
          named[name] = named[name] ?? (own.here[axis], own.there[axis])
          continue
        }
        (own.here[axis], own.there[axis]) = pair
        if pair.here == pair.there { own.open.remove(axis) } else { own.open.insert(axis) }
      }
      sizes.inputs[input.name] = own
    }
  }
}
