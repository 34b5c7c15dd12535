import Foundation

/// Where tests may write.
func scratchDirectory() -> String { FileManager.default.temporaryDirectory.path }

/// Removes a file of a test.
func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
