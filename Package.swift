// swift-tools-version: 6.1
import PackageDescription

/// A room of the house: one job, one folder under `Sources`, and only the imports its row names.
/// `Tests/RoomsTests` holds this table against what the sources really import.
func room(_ name: String, _ imports: [Target.Dependency] = []) -> Target {
  .target(
    name: name == "Fovea" ? "Fovea" : "Fovea\(name)",
    dependencies: imports,
    path: "Sources/\(name)",
    swiftSettings: settings)
}

/// C behind a small header of its own: a shim that opens an optional library at run time, or kernels.
func shim(_ name: String) -> Target {
  .target(name: name, path: "Sources/\(name)", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))])
}

/// libFuzzer's library, in `make fuzz` alone: nothing here concerns any other build or package.
let fuzzer = Context.environment["FUZZ"]

let settings: [SwiftSetting] =
  [.enableUpcomingFeature("MemberImportVisibility")] + (fuzzer == nil ? [] : [.unsafeFlags(["-sanitize=fuzzer"])])

/// `others` are golden files and the scripts that made them.
func tests(_ name: String, _ dependencies: [Target.Dependency], others: [String] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests", exclude: others,
    swiftSettings: settings)
}

let package = Package(
  name: "fovea",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Fovea", targets: ["Fovea"]),
    .executable(name: "fovea", targets: ["FoveaCommand"]),
  ],
  targets: [
    shim("CFoveaZlib"),
    shim("CFoveaPNG"),
    shim("CFoveaTurboJPEG"),
    shim("CFoveaCurl"),
    shim("CFoveaOneDNN"),
    shim("CFoveaLanes"),
    shim("CFoveaBlocks"),
    shim("CFoveaMachine"),
    room("Tensors", ["CFoveaZlib"]),
    room("Vision", ["FoveaTensors"]),
    room("Graphs", ["FoveaTensors", "FoveaVision"]),
    room("Execution", ["FoveaGraphs"]),
    room("Layers", ["FoveaGraphs", "FoveaExecution"]),
    room("OneDNNBackend", ["FoveaExecution", "CFoveaOneDNN", "CFoveaBlocks"]),
    room("LanesBackend", ["FoveaExecution", "CFoveaLanes"]),
    room("Data", ["FoveaTensors", "CFoveaPNG", "CFoveaTurboJPEG", "CFoveaCurl"]),
    room("Inference", ["FoveaLayers", "FoveaExecution", "FoveaData"]),
    room("Exchange", ["FoveaLayers"]),
    room("Training", ["FoveaInference", "FoveaExchange"]),
    room("Fovea", ["FoveaTraining", "FoveaOneDNNBackend", "FoveaLanesBackend"]),
    .executableTarget(
      name: "FoveaCommand", dependencies: ["Fovea", "CFoveaMachine"], path: "Sources/Command", swiftSettings: settings),
    tests("Tensors", ["FoveaTensors"]),
    tests("Vision", ["FoveaVision"], others: ["Golden"]),
    tests("Graphs", ["FoveaGraphs"], others: ["Golden"]),
    .target(name: "CAllocationCounter", dependencies: ["CFoveaOneDNN"], path: "Tests/CAllocationCounter"),
    tests("Execution", ["FoveaExecution"]),
    tests("Layers", ["FoveaLayers"]),
    tests("OneDNNBackend", ["FoveaOneDNNBackend", "CAllocationCounter"]),
    tests("LanesBackend", ["Fovea"]),
    tests("Data", ["FoveaData"]),
    tests(
      "Exchange", ["FoveaExchange"],
      others: [
        "Golden", "check_onnx_cases.py", "make_darknet.py", "make_golden.py", "make_models.py", "make_onnx.py",
        "make_onnx_frame.py", "make_pytorch.py",
      ]),
    tests("Training", ["FoveaTraining"], others: ["Golden", "check_events.py"]),
    tests("Fovea", ["Fovea", "CAllocationCounter"], others: ["Golden"]),
    tests("Command", ["Fovea"]),
    tests("PlanCheck", ["Fovea"]),
    tests("Rooms", []),
    tests("Lecture", ["Fovea"]),
  ],
  swiftLanguageModes: [.v6]
)

if let fuzzer {
  package.products.append(.executable(name: "fovea-fuzz", targets: ["fuzz"]))
  package.targets += [
    .target(name: "CFoveaFuzz", path: "Tests/Fuzz/CFoveaFuzz"),
    .executableTarget(
      name: "fuzz", dependencies: ["FoveaExchange", "FoveaData", "CFoveaFuzz"], path: "Tests/Fuzz/Program",
      linkerSettings: [.unsafeFlags(["-use-ld=lld", fuzzer]), .linkedLibrary("stdc++")]),
  ]
}
