import Testing

/// The repository itself holds to the rules.
@Suite struct RoomsTests {
  @Test func everyFolderUnderSourcesIsInTheTable() throws {
    expectNone(folderViolations(try Repository.folders(in: "Sources"), of: .house))
  }

  @Test func packageAgreesWithTheTable() throws {
    expectNone(manifestViolations(try Repository.text("Package.swift"), of: .house))
  }

  @Test(arguments: RoomTable.house.rooms.map(\.folder))
  func importsKeepToTheTable(folder: String) throws {
    let room = try #require(RoomTable.house.room(folder: folder))
    let files = Repository.files(under: "Sources/\(folder)").filter { $0.hasSuffix(".swift") }
    #expect(!files.isEmpty, "Sources/\(folder) has no Swift file")
    for file in files {
      expectNone(importViolations(file: file, source: try Repository.text(file), in: room, of: .house))
    }
  }

  @Test func noFileMentionsAPathOfOneMachine() throws {
    let places = [
      "Sources", "Tests", "Examples", "Scripts", "docs", ".ci", "Makefile", "bootstrap", "Package.swift",
      "README.md", "CONTRIBUTING.md", "CHANGELOG.md",
    ]
    for file in places.flatMap(Repository.files) {
      expectNone(machinePathViolations(file: file, text: try Repository.text(file)))
    }
  }

  @Test func noSourceFileIsTooLong() throws {
    for file in ["Sources", "Tests", "Examples"].flatMap(Repository.files)
    where [".swift", ".c", ".h"].contains(where: file.hasSuffix) && !file.hasSuffix("/Golden.swift") {
      // Golden files are lists that a script wrote; nobody reads them.
      expectNone(lengthViolations(file: file, text: try Repository.text(file)))
    }
  }
}

/// Each violation as an issue of its own.
private func expectNone(_ violations: [String], sourceLocation: SourceLocation = #_sourceLocation) {
  for violation in violations { Issue.record("\(violation)", sourceLocation: sourceLocation) }
}
