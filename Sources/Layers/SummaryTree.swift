import FoveaGraphs
import FoveaTensors

extension SummaryTable {
  /// One line of the tree: a layer, or one made of others with the sums of what it holds.
  public struct Line: Sendable, Equatable {
    /// 0 for the whole network.
    public let depth: Int
    /// The last part of the path.
    public let label: String
    /// What the line says; of a layer made of others the sums of parameters and multiply-adds, and the end's
    /// output and receptive field.
    public let row: Row
    /// True when lines below it say what it is made of, or would if the depth let them.
    public let isComposite: Bool
  }

  /// Parts of a path that are levels of the tree; what is deeper stands in one line, so that a tree is never much
  /// larger than its rows.
  private static let deepest = 32

  /// The layers as a tree, drawn by their paths: the whole network first, then its parts in the order in which
  /// they first compute something.
  ///
  /// - Parameter depth: levels below the whole network; all when nil.
  public func lines(depth: Int? = nil) -> [Line] {
    if rows.count == 1, let row = rows.first, !row.name.contains(".") {
      return [Line(depth: 0, label: row.name, row: row, isComposite: false)]
    }
    let whole = Branch(label: "network", path: "")
    for row in rows {
      whole.rows.append(row)
      let parts = row.name.split(separator: ".", maxSplits: SummaryTable.deepest - 1).map(String.init)
      var branch = whole
      for part in parts.dropLast() {
        branch = branch.child(part)
        branch.rows.append(row)
      }
      guard let last = parts.last else { continue }
      // A layer without parameters may bear the path under which another holds its parts.
      (isOwn(row) ? branch.child(last) : branch.leaf(last)).rows.append(row)
    }
    var result: [Line] = []
    func add(_ branch: Branch, _ level: Int) {
      guard let last = branch.rows.last else { return }
      let isComposite = !branch.children.isEmpty
      result.append(
        Line(
          depth: level, label: branch.label, row: isComposite ? sum(branch, last) : last, isComposite: isComposite))
      if level < depth ?? .max { for child in branch.children { add(child, level + 1) } }
    }
    add(whole, 0)
    return result
  }

  /// True when a row is what a layer made of others computes itself: the sum of an `Add`.
  private func isOwn(_ row: Row) -> Bool { row.layer == composites[row.name] || !row.layer.contains("(") }

  private func sum(_ branch: Branch, _ last: Row) -> Row {
    let own = branch.rows.first { $0.name == branch.path && isOwn($0) }
    let text = composites[branch.path] ?? own?.layer ?? (branch.path.isEmpty ? "Model" : "")
    return Row(
      name: branch.path, type: String(text.prefix { $0 != "(" }), layer: text, shape: last.shape,
      parameters: branch.rows.reduce(0) { Cost.sum($0, $1.parameters) },
      multiplyAdds: branch.rows.reduce(0) { Cost.sum($0, $1.multiplyAdds) }, receptiveField: last.receptiveField,
      isOpen: branch.rows.contains(where: \.isOpen))
  }

  /// A path and all rows at or below it.
  private final class Branch {
    let label: String
    let path: String
    var rows: [Row] = []
    private(set) var children: [Branch] = []
    private var places: [String: Int] = [:]

    init(label: String, path: String) {
      self.label = label
      self.path = path
    }

    func leaf(_ label: String) -> Branch {
      let leaf = Branch(label: label, path: "")
      children.append(leaf)
      return leaf
    }

    func child(_ label: String) -> Branch {
      if let place = places[label] { return children[place] }
      let child = Branch(label: label, path: path.isEmpty ? label : "\(path).\(label)")
      places[label] = children.count
      children.append(child)
      return child
    }
  }
}
