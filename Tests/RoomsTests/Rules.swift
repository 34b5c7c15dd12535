/// The imports of one file that its room's row does not allow, one sentence each.
func importViolations(file: String, source: String, in room: Room, of table: RoomTable) -> [String] {
  let allowed = table.allowedModules(for: room)
  return imports(in: source).filter { !allowed.contains($0.module) }.map {
    "\(file):\($0.line): \(room.folder) must not import \($0.module); allowed: \(list(allowed))"
  }
}

/// Where the manifest and the table disagree.
///
/// A room may leave out what comes through another (`Layers` gets Graphs through Execution), so what counts is
/// all that its dependencies bring.
func manifestViolations(_ text: String, of table: RoomTable) -> [String] {
  let targets = roomTargets(inManifest: text)
  let shims = Set(shimTargets(inManifest: text))
  var found: [String] = []
  for target in targets {
    let place = "Package.swift:\(target.line):"
    guard let room = table.room(folder: target.folder) else {
      found.append("\(place) the room \(target.folder) has no row in the table")
      continue
    }
    let allowed = table.houseModules(for: room)
    for dependency in target.dependencies where !allowed.contains(dependency) {
      found.append("\(place) \(target.folder) must not depend on \(dependency); allowed: \(list(allowed))")
    }
    var brought = Set(target.dependencies)
    for dependency in target.dependencies {
      if let lower = table.room(module: dependency) {
        brought.formUnion(table.reachable(from: lower).compactMap { table.room(folder: $0)?.module })
      }
    }
    let missing = allowed.subtracting(brought)
    if !missing.isEmpty {
      found.append("\(place) \(target.folder) lacks \(list(missing)), which its row of the table names")
    }
  }
  for room in table.rooms where !targets.contains(where: { $0.folder == room.folder }) {
    found.append("Package.swift: no target for the room \(room.folder) of the table")
  }
  for name in Set(table.rooms.flatMap(\.wraps)).symmetricDifference(shims).sorted() {
    found.append("Package.swift: the C target \(name) is not both here and in one room's row")
  }
  return found
}

/// The folders of `Sources` that no row names, and the rows and C targets without a folder or with two owners.
func folderViolations(_ folders: [String], of table: RoomTable) -> [String] {
  let wrapped = table.rooms.flatMap(\.wraps)
  let known = table.rooms.map(\.folder) + wrapped
  var found = folders.filter { !known.contains($0) }.map {
    "Sources/\($0): in no row of the rooms table; known: \(list(known))"
  }
  found += known.filter { !folders.contains($0) }.map { "Sources/\($0): in the rooms table, but no such folder" }
  for name in Set(wrapped) where wrapped.count(where: { $0 == name }) > 1 {
    found.append("Sources/\(name): wrapped by more than one room")
  }
  return found
}

/// Lines that speak of the machine on which somebody worked instead of the project.
func machinePathViolations(file: String, text: String) -> [String] {
  // Put together here, so that this file does not contain them.
  let machinePaths = ["work/", "tmp/w-", "tmp/chroot"].map { "/" + $0 }
  guard machinePaths.contains(where: text.contains) else { return [] }
  return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { index, line in
    machinePaths.filter { line.contains($0) }.map { "\(file):\(index + 1): mentions \($0), a path of one machine" }
  }
}

/// A sentence if the file is longer than `limit` lines.
func lengthViolations(file: String, text: String, limit: Int = 500) -> [String] {
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count - (text.hasSuffix("\n") ? 1 : 0)
  return lines > limit ? ["\(file): \(lines) lines, at most \(limit) are allowed: split it"] : []
}

private func list(_ names: some Sequence<String>) -> String {
  names.sorted().joined(separator: ", ")
}
