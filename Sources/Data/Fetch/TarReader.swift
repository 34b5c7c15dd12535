import FoveaTensors

/// Takes the files out of a `.tar.gz` by their own names, whatever folders the archive puts them in: nothing can be
/// written anywhere else.
package struct TarReader {
  /// What may come out at most, in bytes and in files.
  package struct Limits {
    package var bytes: Int
    package var files: Int

    package init(bytes: Int = 1 << 30, files: Int = 1000) { (self.bytes, self.files) = (bytes, files) }
  }

  /// Writes the archive's regular files whose name `isWanted` into `directory`; each is complete or absent.
  /// - Returns: the names, in the archive's order.
  /// - Throws: `FetchError.badArchive` for an archive that is damaged, cut off, has links or too much in it.
  package static func unpack(
    _ path: String, into directory: String, limits: Limits = Limits(), isWanted: (String) -> Bool
  ) throws(FetchError) -> [String] {
    let source: ByteSource
    do { source = try ByteSource(path: path) } catch { throw .data(error) }
    let reader = TarReader(source: source, path: path)
    var written: [String] = []
    var left = limits.bytes
    var entries = 0
    while let entry = try reader.next() {
      entries += 1
      guard entries <= limits.files, entry.size <= left else {
        throw .badArchive(path: path, reason: "it holds more than \(limits.files) files or \(limits.bytes) bytes")
      }
      left -= entry.size
      switch entry.kind {
      case "0", "\0":
        let parts = entry.name.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last.map(String.init), !name.isEmpty, !name.hasPrefix("."), !parts.contains(".."),
          !entry.name.hasPrefix("/")
        else { throw .badArchive(path: path, reason: "the name '\(entry.name)' leads out of it") }
        guard isWanted(name) else {
          try reader.skip(entry.size)
          continue
        }
        try reader.write(entry.size, to: directory + "/" + name)
        written.append(name)
      // Folders, and notes about the entry that follows.
      case "5", "x", "g": try reader.skip(entry.size)
      default:
        throw .badArchive(path: path, reason: "'\(entry.name)' is neither a file nor a folder")
      }
    }
    return written
  }

  private let source: ByteSource
  private let path: String

  private struct Entry {
    let name: String
    let size: Int
    let kind: Character
  }

  /// The next header; nil at the end.
  private func next() throws(FetchError) -> Entry? {
    let block = try read(512)
    if block.allSatisfy({ $0 == 0 }) { return nil }
    guard let sum = number(block[148..<156]), let size = number(block[124..<136]) else {
      throw .badArchive(path: path, reason: "a header is damaged")
    }
    let spaced = block[..<148].reduce(0) { $0 + Int($1) } + 8 * 32 + block[156...].reduce(0) { $0 + Int($1) }
    guard sum == spaced else { throw .badArchive(path: path, reason: "a header's checksum is wrong") }
    let name = text(block[..<100])
    let prefix = block[257..<262].elementsEqual(Array("ustar".utf8)) && block[262] == 0 ? text(block[345..<500]) : ""
    return Entry(
      name: prefix.isEmpty ? name : prefix + "/" + name, size: size, kind: Character(Unicode.Scalar(block[156])))
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Octal digits, with spaces and zeros around.
  private func number(_ bytes: ArraySlice<UInt8>) -> Int? {
    let digits = bytes.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
  }

  private func read(_ count: Int) throws(FetchError) -> [UInt8] {
    let bytes: [UInt8]
    do { bytes = try source.read(count) } catch { throw .data(error) }
    guard bytes.count == count else { throw .badArchive(path: path, reason: "it is cut off") }
    return bytes
  }

  private func padding(_ size: Int) -> Int { (512 - size % 512) % 512 }

  private func skip(_ size: Int) throws(FetchError) {
    var left = size + padding(size)
    while left > 0 { left -= try read(min(left, 1 << 20)).count }
  }

  private func write(_ size: Int, to target: String) throws(FetchError) {
    var problem: FetchError?
    do throws(FileError) {
      try AtomicFile.write(to: target) { (sink) throws(FileError) in
        var left = size
        while left > 0 {
          do throws(FetchError) {
            let bytes = try read(min(left, 1 << 20))
            left -= bytes.count
            try write(bytes, sink)
          } catch {
            problem = error
            // Ends the file, which is then removed.
            throw FileError.refused(path: target, action: "write", reason: "the archive cannot be read")
          }
        }
      }
    } catch {
      throw problem ?? .file(error)
    }
    try skip(padding: size)
  }

  private func write(_ bytes: [UInt8], _ sink: FileSink) throws(FetchError) {
    do { try sink.write(bytes) } catch { throw .file(error) }
  }

  private func skip(padding size: Int) throws(FetchError) {
    if padding(size) > 0 { _ = try read(padding(size)) }
  }
}
