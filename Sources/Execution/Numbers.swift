import FoveaGraphs
import FoveaTensors

/// Looks for what is no number, many at a time.
enum Numbers {
  /// Whether a float buffer has NaN.
  static func hasNaN(_ base: UnsafeRawPointer, bytes: Int) -> Bool {
    any(base, bytes) { $0 & 0x7fff_ffff > 0x7f80_0000 }
  }

  /// Whether it has NaN or an infinity, from which NaN may come.
  static func hasSpecial(_ base: UnsafeRawPointer, bytes: Int) -> Bool {
    any(base, bytes) { $0 & 0x7f80_0000 == 0x7f80_0000 }
  }

  @inline(__always)
  private static func any(_ base: UnsafeRawPointer, _ bytes: Int, _ test: (UInt32) -> Bool) -> Bool {
    let count = bytes / 4
    let words = base.assumingMemoryBound(to: UInt32.self)
    var start = 0
    while start < count {
      let end = min(start + 16384, count)
      var found: UInt32 = 0
      for index in start..<end { found |= test(words[index]) ? 1 : 0 }
      if found != 0 { return true }
      start = end
    }
    return false
  }
}

extension Store.Contents {
  /// Throws where one of these values has NaN: whatever is computed from it would be none or, worse, look like one.
  /// - Parameter paths: those to look at; values that are not there or no f32 are passed over.
  func checkNumbers(_ paths: [String]) throws(ExecutionError) {
    for path in paths {
      guard let entry = entries[path], entry.type.dtype == .f32,
        Numbers.hasNaN(entry.bytes.base, bytes: entry.layout.byteCount(entry.type)),
        let shape = entry.type.shape.concrete
      else { continue }
      let plain = TensorStorage(byteCount: shape.count * 4)
      switch entry.layout {
      case .plain: plain.base.copyMemory(from: entry.bytes.base, byteCount: plain.byteCount)
      case .foreign(let layout): try layout.decode(entry.bytes.base, intoPlain: plain.base)
      }
      let values = UnsafeBufferPointer(start: plain.base.assumingMemoryBound(to: Float.self), count: shape.count)
      guard let first = values.firstIndex(where: \.isNaN) else { continue }
      let place = zip(shape.dims, shape.strides).map { first / $1 % $0 }
      throw .notANumber(path: path, count: values.count(where: \.isNaN), of: shape.count, first: place)
    }
  }
}

extension Store {
  /// Throws where a parameter, a statistic or an optimizer's moment has NaN, and names it.
  /// - Throws: `ExecutionError.notANumber`.
  public func checkNumbers() throws(ExecutionError) {
    try contents.read { (state) throws(ExecutionError) in try state.checkNumbers(state.order) }
  }
}
