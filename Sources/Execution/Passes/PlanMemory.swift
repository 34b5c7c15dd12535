import FoveaGraphs
import FoveaTensors

/// Where a placement's bytes are.
enum Residence: Sendable, Equatable {
  /// In the context's arena, shared over time with others.
  case arena(offset: Int)
  /// In the context's own memory for as long as it lives: inputs, and what derives from parameters.
  case kept(offset: Int)
  /// In the store.
  case store(path: String)
  case constant(Value)
}

/// Memory: one arena for everything between input and output, planned by lifetimes; state changes in
/// place; steps that may write over an operand they are the last to read do so.
struct MemoryPass {
  private(set) var residence: [Residence]
  private(set) var arenaBytes = 0
  private(set) var keptBytes = 0
  /// Of the scratch memory that steps share, and of those that have theirs in the arena where it is.
  private(set) var scratchBytes = 0
  private(set) var scratchOffsets: [Int: Int] = [:]
  /// The sum of all arena placements, had none shared memory.
  private(set) var unsharedBytes = 0
  /// State changes that could not happen in place: (from placement, to placement).
  private(set) var copies: [(from: Int, to: Int)] = []

  private static let alignment = 64
  /// Up to here scratch memory is shared by all steps, which keeps it in the caches.
  private static let smallScratch = 1 << 20

  init(
    graph: Graph, placements: [Placement], copiesOf: [Value: [Int]], prologue: [DraftStep], steps: [DraftStep]
  ) throws(ExecutionError) {
    residence = [Residence](repeating: .arena(offset: -1), count: placements.count)
    func align(_ bytes: Int) -> Int { (max(bytes, 1) + Self.alignment - 1) / Self.alignment * Self.alignment }

    // Leaves have a place of their own.
    for (value, list) in copiesOf {
      switch graph[value].source {
      case .parameter(let parameter), .state(let parameter): residence[list[0]] = .store(path: parameter.path)
      case .constant: residence[list[0]] = .constant(value)
      case .input: residence[list[0]] = keep(align(placements[list[0]].byteCount))
      case .node, .ghost: break
      }
    }
    for step in prologue {
      for output in step.outputs { residence[output] = keep(align(placements[output].byteCount)) }
    }

    // Lifetimes in the main sequence.
    let end = steps.count
    var born = [Int](repeating: -1, count: placements.count)
    var dies = [Int](repeating: -1, count: placements.count)
    for (time, step) in steps.enumerated() {
      for output in step.outputs {
        born[output] = time
        dies[output] = time
      }
      for input in step.inputs.compactMap({ $0 }) { dies[input] = time }
    }
    for output in graph.outputs {
      if let copy = copiesOf[output.value]?.last(where: { placements[$0].layout == .plain }) { dies[copy] = end }
    }

    var makers: [Int: Int] = [:]
    for (time, step) in steps.enumerated() {
      for output in step.outputs where makers[output] == nil { makers[output] = time }
    }
    let uses = Dictionary(graph.updates.map { ($0.after, 1) }, uniquingKeysWith: +)
    // A state's new value goes straight into the store where the step allows it.
    var alias: [Int: Int] = [:]
    for update in graph.updates {
      guard let target = copiesOf[update.before]?.first, let made = copiesOf[update.after] else { continue }
      let source = made.last { placements[$0].layout == placements[target].layout } ?? made[0]
      let direct = makers[source].map { time in
        let step = steps[time]
        let output = step.outputs.firstIndex(of: source)!
        let readsItself = step.inputs.contains(target)
        let mayShare = step.proposal.inPlace.contains { $0.output == output && step.inputs[$0.input] == target }
        return dies[target] <= time && (!readsItself || mayShare) && dies[source] < end
          && uses[update.after] == 1
      }
      if direct == true {
        residence[source] = residence[target]
      } else if source != target {
        dies[source] = end
        copies.append((source, target))
      }
    }

    // In place: the last reader of an arena value may write its result there.
    for (time, step) in steps.enumerated() {
      for (output, input) in step.proposal.inPlace {
        guard output < step.outputs.count, input < step.inputs.count, let from = step.inputs[input] else { continue }
        let to = step.outputs[output]
        guard residence[to] == .arena(offset: -1), residence[from] == .arena(offset: -1), alias[to] == nil,
          dies[from] == time, placements[from].byteCount == placements[to].byteCount,
          !step.outputs.contains(where: { alias[$0] == (alias[from] ?? from) }),
          step.inputs.compactMap({ $0 }).filter({ $0 == from }).count == 1
        else { continue }
        let root = alias[from] ?? from
        alias[to] = root
        dies[root] = max(dies[root], dies[to])
      }
    }
    // A chain of aliases lives as long as its last member.
    for (member, root) in alias { dies[root] = max(dies[root], dies[member]) }

    let roots = placements.indices.filter { residence[$0] == .arena(offset: -1) && alias[$0] == nil && born[$0] >= 0 }
    // Large scratch memory lives for one step: mostly there is a hole for it.
    let wanting = steps.indices.filter { steps[$0].proposal.scratchBytes > Self.smallScratch }
    let packing = ArenaPacking(
      roots.map { (align(placements[$0].byteCount), born[$0]...dies[$0]) }
        + wanting.map { (align(steps[$0].proposal.scratchBytes), $0...$0) })
    for (index, offset) in zip(roots, packing.offsets) { residence[index] = .arena(offset: offset) }
    scratchOffsets = Dictionary(uniqueKeysWithValues: zip(wanting, packing.offsets.dropFirst(roots.count)))
    arenaBytes = packing.size
    unsharedBytes = roots.reduce(0) { $0 + align(placements[$1].byteCount) }
    for (member, root) in alias { residence[member] = residence[root] }
    let others = steps.indices.filter { scratchOffsets[$0] == nil }.map { steps[$0].proposal.scratchBytes }
    scratchBytes = (prologue.map(\.proposal.scratchBytes) + others).max() ?? 0
  }

  private mutating func keep(_ bytes: Int) -> Residence {
    defer { keptBytes += bytes }
    return .kept(offset: keptBytes)
  }
}
