import FoveaGraphs

/// One use of a layer, in the tree from which parameter paths are computed.
final class Scope {
  /// Not owned: the declaration owns the root, and each scope those below it.
  unowned let parent: Scope?
  let text: String
  let source: SourceLine?
  let modifiers: Modifiers
  /// `Sequential`, `Add` …: adds nothing to a path when its elements already tell themselves apart.
  let isCombinator: Bool
  /// This element's number among its parent's.
  let position: Int
  let depth: Int

  var children: [Scope] = []
  var parameters: [(name: String, value: Value)] = []
  /// The first use of the same shared layer; its parameters serve this one too.
  var twin: Scope?
  var sharesBadly = false
  /// What a tap on this scope names instead of its output: the end of a side branch.
  var sideOutput: Value?
  var result: Value?
  var hasNodes = false

  /// Prefix of this layer's own parameters.
  var element = ""
  /// Prefix of what its elements are called.
  var prefix = ""
  /// `element` made unique among all layers: the name in messages, summaries and the graph.
  var path = ""

  init(
    parent: Scope?, text: String = "", source: SourceLine? = nil, modifiers: Modifiers = Modifiers(),
    isCombinator: Bool = false
  ) {
    self.parent = parent
    self.text = text
    self.source = source
    self.modifiers = modifiers
    self.isCombinator = isCombinator
    position = parent?.children.count ?? 0
    depth = (parent?.depth ?? -1) + 1
  }

  var origin: Origin { Origin(path: path, layer: text, source: source) }

  private(set) lazy var hasParameters: Bool =
    !(twin ?? self).parameters.isEmpty || children.contains(where: \.hasParameters)

  private var isNamed: Bool { modifiers.name != nil || modifiers.sharing != nil }

  /// Adds nothing to the paths below it. To be asked when everything is declared.
  private(set) lazy var isTransparent: Bool =
    isCombinator && !isNamed
    && children.allSatisfy { !$0.hasParameters || $0.isNamed || $0.isTransparent }

  /// Calls `body` for this scope and all below it, parents first.
  func forEach(_ body: (Scope) -> Void) {
    body(self)
    for child in children { child.forEach(body) }
  }
}

extension Scope {
  /// Computes every path below a root.
  ///
  /// A named element adds its name, an unnamed one its position; an unnamed combinator whose elements tell
  /// themselves apart adds nothing; the elements of a body count from 0; a shared layer's path is its
  /// sharing name; a root with one element is that element. These are the paths that torchvision's modules
  /// have, so that its weights load as they are.
  func assignPaths() {
    assignElements(isRoot: true)
    var used: Set<String> = []
    func assign(_ scope: Scope) {
      let wanted = scope.element.isEmpty ? "network" : scope.element
      var (path, number) = (wanted, 2)
      while !used.insert(path).inserted {
        path = "\(wanted)#\(number)"
        number += 1
      }
      scope.path = path
    }
    // A layer with parameters keeps the plain path, whatever stands before it; one that only groups
    // others gives way to all that compute something.
    var ranks: [[Scope]] = [[], [], []]
    for child in children {
      child.forEach { ranks[$0.parameters.isEmpty || $0.twin != nil ? ($0.hasNodes ? 1 : 2) : 0].append($0) }
    }
    for group in ranks { group.forEach(assign) }
  }

  private func assignElements(isRoot: Bool) {
    for child in children {
      if let sharing = child.modifiers.sharing {
        child.element = sharing
      } else if isRoot && children.count == 1 && child.modifiers.name == nil {
        child.element = ""
      } else {
        let own = child.modifiers.name ?? String(child.position)
        child.element = prefix.isEmpty ? own : "\(prefix).\(own)"
      }
      child.prefix = child.isTransparent ? prefix : child.element
      child.assignElements(isRoot: false)
    }
  }
}
