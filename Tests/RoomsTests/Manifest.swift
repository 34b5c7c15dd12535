/// A target of `Package.swift` that lives under `Sources`.
struct ManifestTarget: Equatable {
  /// The folder, as in the rooms table.
  let folder: String
  let dependencies: [String]
  let line: Int
}

/// The rooms of a manifest: its `room(…)` lines and its executable.
func roomTargets(inManifest text: String) -> [ManifestTarget] {
  var found: [ManifestTarget] = []
  let rooms = /\n *room\(\s*"(?<folder>\w+)"(?:,\s*\[(?<list>[^\]]*)\])?/
  for match in text.matches(of: rooms) {
    found.append(target(match.folder, match.list ?? "", at: match.range.lowerBound, in: text))
  }
  let programs = /\n *\.executableTarget\(\s*name: "Fovea(?<folder>\w+)",\s*dependencies: \[(?<list>[^\]]*)\]/
  for match in text.matches(of: programs) {
    found.append(target(match.folder, match.list, at: match.range.lowerBound, in: text))
  }
  return found
}

/// The C targets of a manifest: its `shim(…)` lines.
func shimTargets(inManifest text: String) -> [String] {
  text.matches(of: /\n *shim\(\s*"(?<name>\w+)"/).map { String($0.name) }
}

private func target(
  _ folder: Substring, _ list: Substring, at start: String.Index, in text: String
) -> ManifestTarget {
  ManifestTarget(
    folder: String(folder),
    dependencies: list.matches(of: /"(?<name>\w+)"/).map { String($0.name) },
    // The match begins with the end of the line before.
    line: text[...start].count { $0 == "\n" } + 1)
}
