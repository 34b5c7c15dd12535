// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "OwnLayer",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "fovea", path: "../..")],
  targets: [
    .executableTarget(name: "OwnLayer", dependencies: [.product(name: "Fovea", package: "fovea")])
  ],
  swiftLanguageModes: [.v6]
)
