/// A row of the rooms table: what the files of one folder under `Sources` may import.
struct Room {
  /// The folder under `Sources`.
  let folder: String
  /// The rooms it may import directly; whatever those may import is allowed too.
  let imports: [String]
  /// The C targets that this room, and no other, wraps.
  let wraps: [String]
  /// The modules from outside the package.
  let system: Set<String>

  init(_ folder: String, _ imports: [String] = [], wraps: [String] = [], system: Set<String> = Room.usual) {
    self.folder = folder
    self.imports = imports
    self.wraps = wraps
    self.system = system
  }

  /// The target, and so the module, of the folder.
  var module: String { folder == "Fovea" ? "Fovea" : "Fovea\(folder)" }

  /// The standard library and the C library.
  static let basic: Set<String> = ["Swift", "Synchronization", "Glibc", "Musl", "Darwin"]
  /// What every room but Tensors may use.
  static let usual: Set<String> = basic.union(["Foundation", "FoundationEssentials", "Dispatch", "RegexBuilder"])
}

/// The rooms table of `docs/architecture.md`, lowest room first.
struct RoomTable {
  let rooms: [Room]

  static let house = RoomTable(rooms: [
    Room("Tensors", wraps: ["CFoveaZlib"], system: Room.basic),
    Room("Vision", ["Tensors"]),
    Room("Graphs", ["Tensors", "Vision"]),
    Room("Execution", ["Graphs"]),
    Room("Layers", ["Graphs", "Execution"]),
    Room("OneDNNBackend", ["Execution"], wraps: ["CFoveaOneDNN", "CFoveaBlocks"]),
    Room("LanesBackend", ["Execution"], wraps: ["CFoveaLanes"]),
    Room("Data", ["Tensors"], wraps: ["CFoveaPNG", "CFoveaTurboJPEG", "CFoveaCurl"]),
    Room("Inference", ["Layers", "Execution", "Data"]),
    Room("Exchange", ["Layers"]),
    Room("Training", ["Inference", "Exchange"]),
    Room("Fovea", ["Training", "OneDNNBackend", "LanesBackend"]),
    Room("Command", ["Fovea"], wraps: ["CFoveaMachine"]),
  ])

  func room(folder: String) -> Room? { rooms.first { $0.folder == folder } }
  func room(module: String) -> Room? { rooms.first { $0.module == module } }

  /// The rooms that `room` may import, directly or because one that it imports may.
  func reachable(from room: Room) -> Set<String> {
    var found: Set<String> = []
    var waiting = room.imports
    while let next = waiting.popLast() {
      guard found.insert(next).inserted else { continue }
      waiting += self.room(folder: next)?.imports ?? []
    }
    return found
  }

  /// Every module of the package that the room's files may import.
  func houseModules(for room: Room) -> Set<String> {
    Set(reachable(from: room).compactMap { self.room(folder: $0)?.module }).union(room.wraps)
  }

  /// Every module that the room's files may import.
  func allowedModules(for room: Room) -> Set<String> {
    houseModules(for: room).union(room.system)
  }
}
