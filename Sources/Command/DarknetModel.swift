import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A darknet configuration as MODEL, with what lies beside it.
struct DarknetModel {
  let path: String

  /// - Parameters:
  ///   - weights: a `.weights` file in place of the one beside the configuration.
  ///   - wantsValues: false where nobody looks at the values, so that there need be none.
  /// - Returns: the model, and what a user should know of it.
  func read(weights: String?, wantsValues: Bool, seed: UInt64) throws -> (model: Model, remark: String?) {
    let numbers = weights ?? Darknet.weights(beside: path)
    if let weights { try ModelOptions.checkFile(weights) }
    let model = try Darknet.read(path, weights: numbers)
    var remark: String?
    if numbers == nil, wantsValues {
      try model.initializeMissing(seed: seed)
      remark = "no .weights file lies beside it, so its weights are random; give --weights FILE"
    }
    return (model.with(classNames: names(model.scores)), remark)
  }

  /// The lines of the `.names` file under the configuration's name, or else of the only one in its folder that has the
  /// right number.
  private func names(_ count: Int?) -> [String] {
    guard let count else { return [] }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let own = (path.hasSuffix(".cfg") ? String(path.dropLast(".cfg".count)) : path) + ".names"
    var files: [String] = []
    if let directory = opendir(folder) {
      defer { closedir(directory) }
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: entry.pointee.d_name) { start in
          start.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: start.pointee)) {
            String(cString: $0)
          }
        }
        if name.hasSuffix(".names") { files.append("\(folder)/\(name)") }
      }
    }
    let lists = ([own] + files.sorted().filter { $0 != own }).map { SystemFile.lines($0) }.filter { $0.count == count }
    return Set(lists).count == 1 || SystemFile.lines(own).count == count ? lists[0] : []
  }
}
