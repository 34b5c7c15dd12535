import FoveaGraphs
import FoveaTensors

/// A convolution whose output maps see only some of the input maps each, by a table (LeCun et al. 1998,
/// table I). The connections that the table leaves out have no weights.
///
/// [N, C, H, W] → [N, maps, H′, W′]; weight [links, kernel…]: a kernel for each link from an input map to an
/// output map, in the order of the table; bias [maps].
///
/// ```swift
/// PartialConv2D([[0, 1], [1, 2], [0, 1, 2]], kernel: 5)      // 3 maps, 7 links, 7·25 + 3 = 178 parameters
/// ```
public struct PartialConv2D: Layer, CustomStringConvertible {
  let table: [[Int]]
  let kernel: any PerAxis
  let stride: any PerAxis
  let padding: Padding
  let bias: Bool

  /// - Parameter table: for each output map the input maps that it sees, counted from 0, in ascending order.
  public init(
    _ table: [[Int]], kernel: any PerAxis, stride: any PerAxis = 1, padding: Padding = .valid, bias: Bool = true
  ) {
    self.table = table
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.bias = bias
  }

  /// The most numbers that the kernels may hold with the zeros between them, which are constants of the graph.
  static let largest = 1 << 26

  /// The table as it was typed when it is short; else its first row and how many there are.
  public var description: String {
    let rows = table.map(\.typed).joined(separator: ", ")
    let short = rows.count <= 40 ? "[\(rows)]" : "[\(table[0].short), …] (\(table.count) maps)"
    return typed(
      "PartialConv2D", short, "kernel: \(kernel.typed)",
      argument("stride", stride, default: 1), argument("padding", padding, default: .valid),
      argument("bias", bias, default: true))
  }

  public func declare(_ x: Symbol) -> Symbol {
    let fits = x.checkedRank(4, layout: layoutName(axes: 2), mend: "place it before Flatten() and Dense")
    let window = Window(x, axes: 2, kernel: kernel, stride: stride, padding: padding, dilation: 1)
    let inputs = fits ? x.channels : nil
    let isSound = checkedTable(x, inputs: inputs)
    let links = isSound ? table.reduce(0) { $0 + $1.count } : nil
    let area = (window?.kernel ?? []).reduce(1, Convolution.product)
    if isSound, let window, let inputs,
      Convolution.product(Convolution.product(table.count, inputs), area) > PartialConv2D.largest
    {
      x.reject(
        "\(table.count) maps with kernels of \(window.kernel.map(String.init).joined(separator: "×")) over \(inputs) "
          + "inputs hold more than \(PartialConv2D.largest) numbers with the zeros between them",
        mend: "give a smaller kernel or fewer maps")
      return x.poisoned([x.shape[0], table.count, nil, nil])
    }
    // One scale for all: that of the map with the most inputs.
    let fan = Initializer.fan(
      nil, fanIn: Convolution.product(table.map(\.count).max() ?? 1, area),
      fanOut: Convolution.product(max(links ?? 1, 1) / max(x.channels ?? 1, 1), area))
    let extents = window.map { $0.kernel.map(Optional.some) } ?? [nil, nil]
    let weight = x.parameter("weight", [links] + extents, role: .weight, initializer: fan)
    let maps = isSound ? table.count : nil
    let shift = bias ? x.parameter("bias", [maps], role: .bias, initializer: fan) : nil
    guard fits, isSound, let window, let inputs else {
      return x.poisoned([fits ? x.shape[0] : nil, maps, nil, nil])
    }
    let whole = dense(weight, inputs: inputs, kernel: window.kernel)
    return x.applying(Op.Conv.self, to: [whole, shift], window.attributes)
  }

  /// Reports rows that no convolution can have.
  private func checkedTable(_ x: Symbol, inputs: Int?) -> Bool {
    guard !table.isEmpty else {
      x.reject("the table is empty", mend: "give a row for each output map")
      return false
    }
    for (map, row) in table.enumerated() {
      if row.isEmpty {
        x.reject("output map \(map) sees no input", mend: "give each row at least one input map")
        return false
      }
      if let bad = row.first(where: { $0 < 0 || $0 >= inputs ?? Int.max }) {
        x.reject(
          "output map \(map) wants the input map \(bad) of \(inputs.map { "0 to \($0 - 1)" } ?? "0 and more")",
          mend: "count the input maps from 0")
        return false
      }
      if zip(row, row.dropFirst()).contains(where: { $0 >= $1 }) {
        x.reject("row \(map), \(row.typed), is not ascending", mend: "name each input map once, in ascending order")
        return false
      }
    }
    let pieces = inputs.map { self.runs(inputs: $0).count } ?? 0
    if pieces > Op.Concat.largestCount {
      x.reject(
        "the table falls into \(pieces) pieces, more than \(Op.Concat.largestCount)",
        mend: "let output maps see neighbouring input maps, or use Conv2D with groups")
      return false
    }
    return true
  }

  /// The table row by row as runs of links and of gaps.
  private func runs(inputs: Int) -> [(isLinked: Bool, count: Int)] {
    var runs: [(isLinked: Bool, count: Int)] = []
    func add(_ isLinked: Bool, _ count: Int) {
      guard count > 0 else { return }
      if let last = runs.last, last.isLinked == isLinked {
        runs[runs.count - 1].count += count
      } else {
        runs.append((isLinked, count))
      }
    }
    for row in table {
      var next = 0
      for input in row {
        add(false, input - next)
        add(true, 1)
        next = input + 1
      }
      add(false, inputs - next)
    }
    return runs
  }

  /// The weights with zeros where the table has no link, so that fast convolutions can be used.
  private func dense(_ weight: Symbol, inputs: Int, kernel: [Int]) -> Symbol {
    let runs = runs(inputs: inputs)
    let linked = runs.filter(\.isLinked).map(\.count)
    var next = 0
    let pieces = linked.count > 1 ? weight.applying(Op.Split.self, ["axis": .int(0), "split": .ints(linked)]) : weight
    var zeros: [Int: Symbol] = [:]
    let parts = runs.map { run -> Symbol in
      if run.isLinked {
        defer { next += 1 }
        // Outputs of one node are numbered one after the other.
        return Symbol(Value(id: pieces.value.id + next), in: pieces.declaration)
      }
      let gap = zeros[run.count] ?? weight.constant(Tensor(zeros: Shape([run.count] + kernel)))
      zeros[run.count] = gap
      return gap
    }
    let rows =
      parts.count > 1 ? parts[0].applying(Op.Concat.self, to: Array(parts.dropFirst()), ["axis": .int(0)]) : parts[0]
    return rows.applying(Op.Reshape.self, ["shape": .ints([table.count, inputs] + kernel)])
  }
}

extension [Int] {
  /// As it was typed, cut after the fourth number.
  fileprivate var short: String {
    count <= 4 ? typed : "[" + prefix(4).map(String.init).joined(separator: ", ") + ", …]"
  }
}
