import FoveaTensors

/// A file of tensors all of whose names have lost one beginning: what `DataParallel` (`module.`), `torch.compile`
/// (`_orig_mod.`), a trainer (`model.`, `net.`) or a larger network (`backbone.`) has put before those of the network.
struct UnprefixedFile: TensorFile {
  let file: any TensorFile
  let prefix: String
  let names: [String]

  init(_ file: any TensorFile, without prefix: String) {
    self.file = file
    self.prefix = prefix
    names = file.names.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 }
  }

  var path: String { file.path }
  var metadata: [String: String] { file.metadata }
  var remarks: [String] {
    file.remarks + ["takes \(Named.short(prefix)) off the names, which a wrapper around the network has put there"]
  }

  func shape(of name: String) -> Shape? { file.shape(of: prefix + name) ?? rest(name) { file.shape(of: $0) } }
  func dtype(of name: String) -> DType? { file.dtype(of: prefix + name) ?? rest(name) { file.dtype(of: $0) } }
  func tensor(_ name: String) throws -> Tensor {
    try file.tensor(file.shape(of: prefix + name) == nil && !name.hasPrefix(prefix) ? name : prefix + name)
  }

  /// What stands outside keeps its name.
  private func rest<T>(_ name: String, _ read: (String) -> T?) -> T? { name.hasPrefix(prefix) ? nil : read(name) }
}

extension TensorFile {
  /// This file under the names of a network: without the one beginning that stands before all that the network wants,
  /// whatever it is, where there is one. The one place where names lose a beginning, for all formats.
  func fitted(to wanted: some Collection<String>) -> any TensorFile {
    guard !wanted.isEmpty, !wanted.allSatisfy({ shape(of: $0) != nil }) else { return self }
    // The longest name is the one that least else ends with.
    guard let longest = wanted.max(by: { ($0.count, $0) < ($1.count, $1) }) else { return self }
    let ending = "." + longest
    let prefixes = names.lazy.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(longest.count)) }.prefix(16)
    let fitting = prefixes.filter { prefix in wanted.allSatisfy { shape(of: prefix + $0) != nil } }
    return fitting.first.map { UnprefixedFile(self, without: $0) } ?? self
  }
}
