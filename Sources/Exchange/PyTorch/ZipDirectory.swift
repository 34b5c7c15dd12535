import FoveaTensors

/// The table of contents of a zip archive whose entries are stored, not compressed: what `torch.save` writes.
///
/// Everything is held against the file's size before it is used: the table, every entry's place, and that no two
/// entries share a byte. So nothing here takes more memory than the table is long, and there is nothing to inflate.
struct ZipDirectory {
  struct Entry {
    let name: String
    /// The entry's bytes within the file.
    let range: Range<Int>
  }

  /// In the order of the table.
  private(set) var entries: [Entry] = []

  private enum Signature {
    static let local: UInt32 = 0x0403_4b50
    static let central: UInt32 = 0x0201_4b50
    static let end: UInt32 = 0x0605_4b50
    static let end64: UInt32 = 0x0606_4b50
    static let locator64: UInt32 = 0x0706_4b50
  }

  /// True when the bytes begin as an archive with entries does.
  static func isZip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    ZipBytes(bytes).u32(0) == Signature.local
  }

  init(parsing file: UnsafeRawBufferPointer) throws(ZipProblem) {
    let bytes = ZipBytes(file)
    let table = try ZipDirectory.table(bytes)
    var at = table.range.lowerBound
    var covered: [Range<Int>] = []
    covered.reserveCapacity(table.count)
    entries.reserveCapacity(table.count)
    var names: Set<String> = []
    for index in 0..<table.count {
      let record = try CentralRecord(bytes, at: at, end: table.range.upperBound, index: index)
      at = record.end
      // Folders hold nothing.
      if record.name.hasSuffix("/"), record.size == 0 { continue }
      guard names.insert(record.name).inserted else { throw .duplicate(entry: record.name) }
      let range = try record.place(bytes, before: table.range.lowerBound)
      entries.append(Entry(name: record.name, range: range))
      covered.append(record.offset..<range.upperBound)
    }
    let rest = table.range.upperBound - at
    guard rest == 0 else { throw .table("\(rest) bytes of it are no entries") }
    try checkOverlaps(covered, names: entries.map(\.name))
  }

  /// Where the table lies and how many entries it has.
  private static func table(_ bytes: ZipBytes) throws(ZipProblem) -> (range: Range<Int>, count: Int) {
    let end = try endRecord(bytes)
    var count = Int(bytes.u16(end + 10) ?? 0)
    var size = Int(bytes.u32(end + 12) ?? 0)
    var offset = Int(bytes.u32(end + 16) ?? 0)
    var limit = end
    guard bytes.u16(end + 4) == 0 || bytes.u16(end + 4) == 0xffff else { throw .table("it spans several disks") }
    if end >= 20, bytes.u32(end - 20) == Signature.locator64 {
      guard let at = bytes.u64(end - 20 + 8), let large = Int(exactly: at), large <= end - 20 - 56,
        bytes.u32(large) == Signature.end64
      else { throw .table("its 64-bit end record is not where it should be") }
      guard let (wide, long, far) = bytes.three(large + 32, large + 40, large + 48) else {
        throw .table("its 64-bit end record holds impossible numbers")
      }
      // Where both records say a number, they must say the same.
      for (small, all, found) in [(0xffff, wide, count), (0xffff_ffff, long, size), (0xffff_ffff, far, offset)]
      where found != small && found != all {
        throw .table("its two end records say \(found) and \(all)")
      }
      (count, size, offset, limit) = (wide, long, far, large)
    }
    guard offset <= limit, size <= limit - offset else {
      throw .table("it would be \(size) bytes from \(offset), and \(limit) bytes stand before its end record")
    }
    // Each entry takes at least 46 bytes of the table.
    guard count <= size / CentralRecord.fixed else { throw .table("\(count) entries do not fit into \(size) bytes") }
    return (offset..<(offset + size), count)
  }

  /// The last record of the file, which a comment of up to 65,535 bytes may follow.
  private static func endRecord(_ bytes: ZipBytes) throws(ZipProblem) -> Int {
    let size = 22
    var at = bytes.count - size
    let first = max(0, at - 0xffff)
    while at >= first {
      if bytes.u32(at) == Signature.end, let comment = bytes.u16(at + 20), at + size + Int(comment) == bytes.count {
        return at
      }
      at -= 1
    }
    throw .noEnd
  }

  private func checkOverlaps(_ ranges: [Range<Int>], names: [String]) throws(ZipProblem) {
    let order = ranges.indices.sorted { ranges[$0].lowerBound < ranges[$1].lowerBound }
    for (first, second) in zip(order, order.dropFirst()) where ranges[second].lowerBound < ranges[first].upperBound {
      throw .overlap(first: names[first], second: names[second])
    }
  }

  /// One line of the table.
  private struct CentralRecord {
    static let fixed = 46
    let name: String
    let size: Int
    /// Where the entry's own header begins.
    let offset: Int
    /// Behind this line.
    let end: Int

    init(_ bytes: ZipBytes, at: Int, end limit: Int, index: Int) throws(ZipProblem) {
      guard limit - at >= CentralRecord.fixed, bytes.u32(at) == Signature.central, let flags = bytes.u16(at + 8),
        let method = bytes.u16(at + 10), let packed = bytes.u32(at + 20), let unpacked = bytes.u32(at + 24),
        let nameLength = bytes.u16(at + 28), let extraLength = bytes.u16(at + 30), let comment = bytes.u16(at + 32),
        let start = bytes.u32(at + 42)
      else { throw .table("entry \(index) is cut off or damaged") }
      let extra = at + CentralRecord.fixed + Int(nameLength)
      end = extra + Int(extraLength) + Int(comment)
      guard end <= limit else { throw .table("entry \(index) is longer than the table") }
      name = bytes.text(at + CentralRecord.fixed, Int(nameLength))
      guard flags & 1 == 0 else { throw .encrypted(entry: name) }
      guard method == 0 else { throw .compressed(entry: name) }
      var wide = Wide(bytes, extra..<(extra + Int(extraLength)))
      guard let full = wide.number(unpacked), let stored = wide.number(packed), let place = wide.number(start) else {
        throw .table("the 64-bit sizes of \(Named.short(name)) are missing or impossible")
      }
      guard full == stored else { throw .sizes(entry: name, stored: stored, full: full) }
      (size, offset) = (full, place)
    }

    /// Where the entry's bytes are: its own header says how far behind that.
    func place(_ bytes: ZipBytes, before table: Int) throws(ZipProblem) -> Range<Int> {
      let header = 30
      guard offset <= table - header, bytes.u32(offset) == Signature.local, let method = bytes.u16(offset + 8),
        let nameLength = bytes.u16(offset + 26), let extraLength = bytes.u16(offset + 28)
      else { throw .place(entry: name, offset: offset) }
      let start = offset + header + Int(nameLength) + Int(extraLength)
      guard start <= table, size <= table - start else {
        throw .pastEnd(entry: name, begin: start, size: size, available: max(0, table - start))
      }
      guard method == 0, bytes.text(offset + header, Int(nameLength)) == name else {
        throw .place(entry: name, offset: offset)
      }
      return start..<(start + size)
    }
  }

  /// The numbers that did not fit 32 bits, in the order in which they are asked for.
  private struct Wide {
    private let bytes: ZipBytes
    private var at: Int
    private var end: Int

    init(_ bytes: ZipBytes, _ extra: Range<Int>) {
      self.bytes = bytes
      var place = extra.lowerBound
      (at, end) = (0, 0)
      while place + 4 <= extra.upperBound, let kind = bytes.u16(place), let length = bytes.u16(place + 2) {
        let next = place + 4 + Int(length)
        guard next <= extra.upperBound else { break }
        if kind == 1 {
          (at, end) = (place + 4, next)
          break
        }
        place = next
      }
    }

    mutating func number(_ short: UInt32) -> Int? {
      guard short == .max else { return Int(short) }
      guard at + 8 <= end, let wide = bytes.u64(at) else { return nil }
      at += 8
      return Int(exactly: wide)
    }
  }
}

/// Little-endian numbers at places that may lie outside.
struct ZipBytes {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }

  private func number<T: FixedWidthInteger>(_ at: Int, _ type: T.Type) -> T? {
    guard at >= 0, at <= bytes.count - MemoryLayout<T>.size else { return nil }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
  }

  func u16(_ at: Int) -> UInt16? { number(at, UInt16.self) }
  func u32(_ at: Int) -> UInt32? { number(at, UInt32.self) }
  func u64(_ at: Int) -> UInt64? { number(at, UInt64.self) }

  /// Three numbers of 64 bits; nil when one is impossible.
  func three(_ a: Int, _ b: Int, _ c: Int) -> (Int, Int, Int)? {
    guard let x = u64(a).flatMap(Int.init(exactly:)), let y = u64(b).flatMap(Int.init(exactly:)),
      let z = u64(c).flatMap(Int.init(exactly:))
    else { return nil }
    return (x, y, z)
  }

  /// Text that is known to lie inside; what is no UTF-8 is replaced.
  func text(_ at: Int, _ length: Int) -> String {
    guard at >= 0, length >= 0, at <= bytes.count - length else { return "" }
    return String(decoding: bytes[at..<(at + length)], as: UTF8.self)
  }
}

/// How a file departs from a zip archive of stored entries.
public enum ZipProblem: Error, Equatable {
  /// There is no end record: the file is cut off.
  case noEnd
  /// The table of contents cannot be.
  case table(String)
  /// The entry is compressed, which `torch.save` never does.
  case compressed(entry: String)
  /// The entry is encrypted.
  case encrypted(entry: String)
  /// A stored entry that claims two sizes.
  case sizes(entry: String, stored: Int, full: Int)
  /// There is no such entry where the table says.
  case place(entry: String, offset: Int)
  /// The entry would reach into the table or behind the file.
  case pastEnd(entry: String, begin: Int, size: Int, available: Int)
  /// Two entries of one name.
  case duplicate(entry: String)
  /// Two entries claim the same bytes.
  case overlap(first: String, second: String)
}

extension ZipProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noEnd: "the archive has no end record, so it is cut off: download or save it again"
    case .table(let problem): "the archive's table of contents is damaged: \(problem); download or save it again"
    case .compressed(let entry):
      "its entry \(Named.short(entry)) is compressed, and torch.save only stores; unpack and zip it again with zip -0, "
        + "or save it anew with torch.save"
    case .encrypted(let entry): "its entry \(Named.short(entry)) is encrypted; save it anew with torch.save"
    case .sizes(let entry, let stored, let full):
      "its entry \(Named.short(entry)) claims \(stored) bytes as stored and \(full) as used; save it again"
    case .place(let entry, let offset):
      "its entry \(Named.short(entry)) is not at byte \(offset), where the table says; download or save it again"
    case .pastEnd(let entry, let begin, let size, let available):
      "its entry \(Named.short(entry)) claims \(size) bytes from \(begin), and \(available) are there; it is cut off: "
        + "download it again"
    case .duplicate(let entry): "two entries are called \(Named.short(entry)); save it again"
    case .overlap(let first, let second):
      "its entries \(Named.short(first)) and \(Named.short(second)) claim the same bytes; save it again"
    }
  }
}
