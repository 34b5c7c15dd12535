import Testing

/// The rules find what breaks them: bad samples for every one.
@Suite struct RulesTests {
  @Test func findsImportsInAllSpellings() {
    let source = """
      import Foundation
      @_exported import FoveaTensors
      @_spi(Secret) @testable import FoveaGraphs
      package import FoveaData
      import struct FoveaLayers.Model
      #if canImport(Glibc)
        import Glibc; import Synchronization
      #endif
      // import Commented
      /* import Outer /* import Inner */
      import StillOuter */
      let text = \"\"\"
        import InAString
        \"\"\"
      let word = "/* no comment"; let important = 1
      import Last  // with a remark
      """
    let expected = [
      ("Foundation", 1), ("FoveaTensors", 2), ("FoveaGraphs", 3), ("FoveaData", 4), ("FoveaLayers", 5),
      ("Glibc", 7), ("Synchronization", 7), ("Last", 16),
    ].map { Import(module: $0.0, line: $0.1) }
    #expect(imports(in: source) == expected)
  }

  @Test(arguments: [
    ("Tensors", "Foundation"), ("Tensors", "FoveaGraphs"), ("Graphs", "FoveaExecution"), ("Graphs", "CFoveaZlib"),
    ("Data", "FoveaLayers"), ("Data", "CFoveaOneDNN"), ("Exchange", "FoveaData"), ("Training", "Fovea"),
    ("Inference", "XCTest"), ("Fovea", "FoveaCommand"), ("Command", "CFoveaPNG"),
  ])
  func findsAnImportThatTheTableForbids(folder: String, module: String) throws {
    let room = try #require(RoomTable.house.room(folder: folder))
    let found = importViolations(file: "A.swift", source: "\nimport \(module)\n", in: room, of: .house)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("A.swift:2: \(folder) must not import \(module); allowed: ") == true)
  }

  @Test(arguments: [
    ("Tensors", "CFoveaZlib"), ("Tensors", "Synchronization"), ("Graphs", "Foundation"), ("Layers", "FoveaTensors"),
    ("Training", "FoveaData"), ("Fovea", "FoveaOneDNNBackend"), ("Command", "FoveaTensors"),
  ])
  func allowsWhatComesThroughAnotherRoom(folder: String, module: String) throws {
    let room = try #require(RoomTable.house.room(folder: folder))
    #expect(importViolations(file: "A.swift", source: "import \(module)", in: room, of: .house) == [])
  }

  @Test func findsWhereTheManifestDisagrees() {
    let table = RoomTable(rooms: [
      Room("Tensors", wraps: ["CFoveaZlib"]), Room("Graphs", ["Tensors"]), Room("Execution", ["Graphs"]),
      Room("Layers", ["Graphs", "Execution"]), Room("Command", ["Layers"]),
    ])
    let good = """

        shim("CFoveaZlib"),
        room("Tensors", ["CFoveaZlib"]),
        room("Graphs", ["FoveaTensors"]),
        room("Execution", ["FoveaGraphs"]),
        room("Layers", ["FoveaExecution"]),
        .executableTarget(
          name: "FoveaCommand", dependencies: ["FoveaLayers"], path: "Sources/Command"),
      """
    #expect(manifestViolations(good, of: table) == [])
    func changed(_ old: String, _ new: String) -> [String] {
      manifestViolations(good.replacing(old, with: new), of: table)
    }
    #expect(
      changed("room(\"Graphs\", [\"FoveaTensors\"])", "room(\"Graphs\", [\"FoveaTensors\", \"FoveaLayers\"])")
        == ["Package.swift:4: Graphs must not depend on FoveaLayers; allowed: FoveaTensors"])
    #expect(
      changed(", [\"FoveaTensors\"]", "")
        == ["Package.swift:4: Graphs lacks FoveaTensors, which its row of the table names"])
    #expect(changed("[\"FoveaLayers\"]", "[\"FoveaLayers\", \"CFoveaZlib\"]").count == 1)
    #expect(
      changed("  room(\"Execution\"", "  room(\"Attic\"").contains(
        "Package.swift:5: the room Attic has no row in the table"))
    #expect(changed("shim(\"CFoveaZlib\"),", "").count == 1)
  }

  @Test func findsFoldersWithoutARow() {
    let table = RoomTable(rooms: [Room("Tensors", wraps: ["CFoveaZlib"]), Room("Graphs", ["Tensors"])])
    #expect(folderViolations(["CFoveaZlib", "Graphs", "Tensors"], of: table) == [])
    #expect(
      folderViolations(["Attic", "CFoveaZlib", "Tensors"], of: table) == [
        "Sources/Attic: in no row of the rooms table; known: CFoveaZlib, Graphs, Tensors",
        "Sources/Graphs: in the rooms table, but no such folder",
      ])
    let twice = RoomTable(rooms: [Room("Tensors", wraps: ["CFoveaZlib"]), Room("Graphs", wraps: ["CFoveaZlib"])])
    #expect(
      folderViolations(["CFoveaZlib", "Graphs", "Tensors"], of: twice)
        == ["Sources/CFoveaZlib: wrapped by more than one room"])
  }

  @Test func findsPathsOfOneMachine() {
    let path = "/" + "work/"
    #expect(
      machinePathViolations(file: "README.md", text: "first\nsee \(path)main\n")
        == ["README.md:2: mentions \(path), a path of one machine"])
    #expect(machinePathViolations(file: "README.md", text: "in the framework/library\n") == [])
  }

  @Test func findsLongFiles() {
    let line = "let x = 1\n"
    #expect(lengthViolations(file: "A.swift", text: String(repeating: line, count: 500)) == [])
    #expect(
      lengthViolations(file: "A.swift", text: String(repeating: line, count: 501))
        == ["A.swift: 501 lines, at most 500 are allowed: split it"])
  }
}
