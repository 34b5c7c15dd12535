import FoveaTensors

/// Reads a pickle as `torch.save` writes it, without running anything: the few instructions that make containers, and
/// the few names that make tensors.
///
/// Memory is bounded by the pickle's length, since every instruction has a byte and makes one value; time too, since
/// each value is taken off the stack once.
struct PickleReader {
  /// Far above any table of tensors: a network of a thousand layers takes a few hundred thousand bytes.
  static let limit = 8 << 20
  /// A tensor takes more memory here than the few bytes that may ask for it.
  static let mostTensors = 1 << 17

  private(set) var lists: [[PickleValue]] = []
  private(set) var dicts: [[(key: PickleValue, value: PickleValue)]] = []
  private(set) var storages: [PickleStorage] = []
  private(set) var tensors: [PickleTensor] = []

  private let bytes: UnsafeRawBufferPointer
  /// Where the next instruction is; behind the pickle when it has been read.
  private(set) var at = 0
  private var stack: [PickleValue] = []
  /// Heights of the stack; nothing below the last is touched.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  /// Pairs that lists have handed over to dictionaries.
  private var handed = 0

  init(_ bytes: UnsafeRawBufferPointer) throws(PickleProblem) {
    guard bytes.count <= PickleReader.limit else { throw .tooLong(bytes: bytes.count, limit: PickleReader.limit) }
    self.bytes = bytes
  }

  /// The value that the pickle ends with.
  mutating func read() throws(PickleProblem) -> PickleValue {
    while true {
      let start = at
      let code = try byte()
      if code == UInt8(ascii: ".") { return try pop() }
      // Not joined by ||, whose closures would lose the type of the error.
      if try readContainer(code) { continue }
      if try readScalar(code) { continue }
      guard try readCall(code) else { throw .instruction(code, at: start) }
    }
  }

  // MARK: Instructions

  /// Containers, marks and the memo; false for any other instruction.
  private mutating func readContainer(_ code: UInt8) throws(PickleProblem) -> Bool {
    switch code {
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "}"): push(newDict())
    case UInt8(ascii: "]"): push(.list(newList([])))
    case UInt8(ascii: ")"): push(.tuple(newList([])))
    case UInt8(ascii: "t"): push(.tuple(newList(try popMarked())))
    case 0x85, 0x86, 0x87:
      var items: [PickleValue] = []
      for _ in 0x84..<code { items.append(try pop()) }
      push(.tuple(newList(items.reversed())))
    case UInt8(ascii: "a"):
      let item = try pop()
      guard case .list(let list) = try top() else { throw .stack(at: at) }
      lists[list].append(item)
    case UInt8(ascii: "e"):
      let items = try popMarked()
      guard case .list(let list) = try top() else { throw .stack(at: at) }
      lists[list] += items
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      guard case .dict(let dict) = try top() else { throw .stack(at: at) }
      dicts[dict].append((key, value))
    case UInt8(ascii: "u"):
      let items = try popMarked()
      guard case .dict(let dict) = try top(), items.count % 2 == 0 else { throw .stack(at: at) }
      for index in stride(from: 0, to: items.count, by: 2) { dicts[dict].append((items[index], items[index + 1])) }
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popMarked()
    case UInt8(ascii: "q"): memo[Int(try byte())] = try top()
    case UInt8(ascii: "r"): memo[Int(try u32())] = try top()
    // MEMOIZE: the next number.
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"):
      let number = Int(try byte())
      push(try remembered(number))
    case UInt8(ascii: "j"):
      let number = Int(try u32())
      push(try remembered(number))
    default: return false
    }
    return true
  }

  /// Numbers, texts and what stands around them; false for any other instruction.
  private mutating func readScalar(_ code: UInt8) throws(PickleProblem) -> Bool {
    switch code {
    // PROTO and FRAME say nothing that matters here.
    case 0x80: _ = try byte()
    case 0x95: _ = try take(8)
    case UInt8(ascii: "N"): push(.none)
    case 0x88: push(.bool(true))
    case 0x89: push(.bool(false))
    case UInt8(ascii: "K"): push(.int(Int(try byte())))
    case UInt8(ascii: "M"):
      let low = Int(try byte())
      push(.int(low | Int(try byte()) << 8))
    case UInt8(ascii: "J"): push(.int(Int(Int32(bitPattern: try u32()))))
    case 0x8a: push(try integer(Int(try byte())))
    case 0x8b: push(try integer(Int(try u32())))
    case UInt8(ascii: "G"): push(.float(try float()))
    case UInt8(ascii: "X"): push(.string(try text(Int(try u32()))))
    case 0x8c: push(.string(try text(Int(try byte()))))
    // Texts of Python 2.
    case UInt8(ascii: "T"): push(.string(try text(Int(try u32()))))
    case UInt8(ascii: "U"): push(.string(try text(Int(try byte()))))
    // Bytes: never a name or a number here.
    case UInt8(ascii: "B"):
      _ = try take(Int(try u32()))
      push(.other)
    case UInt8(ascii: "C"):
      _ = try take(Int(try byte()))
      push(.other)
    default: return false
    }
    return true
  }

  /// Names, and what they are called with; false for any other instruction.
  private mutating func readCall(_ code: UInt8) throws(PickleProblem) -> Bool {
    switch code {
    case UInt8(ascii: "c"):
      let module = try line()
      push(.global(try PickleGlobal(module: module, name: try line())))
    case 0x93:
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else { throw .stack(at: at) }
      push(.global(try PickleGlobal(module: module, name: name)))
    case UInt8(ascii: "R"):
      guard case .tuple(let arguments) = try pop(), case .global(let global) = try pop() else {
        throw .stack(at: at)
      }
      push(try made(by: global, lists[arguments]))
    case UInt8(ascii: "Q"): push(try storage(try pop()))
    case UInt8(ascii: "b"):
      // Attributes of an OrderedDict: a state dict's versions of its layers.
      let state = try pop()
      guard case .dict = try top() else { throw .call("an object's state", found: state.kind) }
    default: return false
    }
    return true
  }

  // MARK: Names

  private mutating func made(by global: PickleGlobal, _ arguments: [PickleValue]) throws(PickleProblem) -> PickleValue {
    // Never all of them: a long list may be handed over again and again.
    func problem(_ name: String) -> PickleProblem {
      .call(name, found: arguments.isEmpty ? "nothing" : arguments.prefix(8).map(\.kind).joined(separator: ", "))
    }
    switch global {
    case .orderedDict:
      if arguments.isEmpty { return newDict() }
      // Python 2 hands its pairs over as a list. The same list again would cost its length for a few bytes.
      guard arguments.count == 1, let items = sequence(arguments[0]) else { throw problem("OrderedDict") }
      handed += items.count
      guard handed <= bytes.count else { throw problem("OrderedDict") }
      var entries: [(key: PickleValue, value: PickleValue)] = []
      for item in items {
        guard let pair = sequence(item), pair.count == 2 else { throw problem("OrderedDict") }
        entries.append((pair[0], pair[1]))
      }
      dicts.append(entries)
      return .dict(dicts.count - 1)
    case .size:
      switch arguments.first {
      case .list(let items), .tuple(let items): return .tuple(items)
      default: throw problem("torch.Size")
      }
    case .rebuildTensor:
      guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
        let sizes = integers(arguments[2]), let strides = integers(arguments[3])
      else { throw problem("_rebuild_tensor") }
      guard tensors.count < PickleReader.mostTensors else { throw .tooMany(limit: PickleReader.mostTensors) }
      tensors.append(try PickleTensor(storages[storage], offset: offset, sizes: sizes, strides: strides))
      return .tensor(tensors.count - 1)
    case .rebuildParameter:
      guard let first = arguments.first, case .tensor = first else { throw problem("_rebuild_parameter") }
      return first
    case .storage: throw problem("a storage")
    }
  }

  /// What a persistent id stands for: ("storage", type, key, place, elements), and before PyTorch 1.6 what part of them:
  /// (key, first, elements) or None.
  private mutating func storage(_ id: PickleValue) throws(PickleProblem) -> PickleValue {
    guard let items = sequence(id), items.count >= 5, case .string("storage") = items[0],
      case .global(.storage(let dtype)) = items[1], case .string(let key) = items[2], case .int(let whole) = items[4],
      whole >= 0
    else { throw .call("a persistent id", found: id.kind) }
    var (first, count) = (0, whole)
    if items.count > 5, let part = sequence(items[5]) {
      guard part.count == 3, case .int(let start) = part[1], case .int(let length) = part[2], start >= 0, length >= 0,
        start <= whole, length <= whole - start
      else { throw .call("a persistent id", found: "a part that it does not have") }
      (first, count) = (start, length)
    }
    storages.append(PickleStorage(key: key, dtype: dtype, first: first, count: count, whole: whole))
    return .storage(storages.count - 1)
  }

  private func sequence(_ value: PickleValue) -> [PickleValue]? {
    switch value {
    case .list(let number), .tuple(let number): lists[number]
    default: nil
    }
  }

  private func integers(_ value: PickleValue) -> [Int]? {
    // More axes than any tensor has are not looked at one by one, however often they are asked for.
    guard let items = sequence(value), items.count <= 64 else { return nil }
    var result: [Int] = []
    for item in items {
      guard case .int(let number) = item else { return nil }
      result.append(number)
    }
    return result
  }

  // MARK: The stack

  private mutating func push(_ value: PickleValue) { stack.append(value) }

  private mutating func newList(_ items: [PickleValue]) -> Int {
    lists.append(items)
    return lists.count - 1
  }

  private mutating func newDict() -> PickleValue {
    dicts.append([])
    return .dict(dicts.count - 1)
  }

  private func top() throws(PickleProblem) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.last else { throw .stack(at: at) }
    return value
  }

  private mutating func pop() throws(PickleProblem) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else { throw .stack(at: at) }
    return value
  }

  /// Everything above the last mark, and the mark.
  private mutating func popMarked() throws(PickleProblem) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw .stack(at: at) }
    let items = Array(stack[mark...])
    stack.removeLast(stack.count - mark)
    return items
  }

  private func remembered(_ number: Int) throws(PickleProblem) -> PickleValue {
    guard let value = memo[number] else { throw .stack(at: at) }
    return value
  }

  // MARK: Bytes

  private mutating func take(_ count: Int) throws(PickleProblem) -> UnsafeRawBufferPointer {
    guard count <= bytes.count - at else { throw .cutOff(at: bytes.count) }
    defer { at += count }
    return UnsafeRawBufferPointer(rebasing: bytes[at..<(at + count)])
  }

  private mutating func byte() throws(PickleProblem) -> UInt8 {
    guard at < bytes.count else { throw .cutOff(at: at) }
    defer { at += 1 }
    return bytes[at]
  }

  private mutating func u32() throws(PickleProblem) -> UInt32 {
    UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))
  }

  /// Big-endian, unlike all others.
  private mutating func float() throws(PickleProblem) -> Double {
    Double(bitPattern: UInt64(bigEndian: try take(8).loadUnaligned(as: UInt64.self)))
  }

  /// A signed number of any length, the lowest byte first.
  private mutating func integer(_ length: Int) throws(PickleProblem) -> PickleValue {
    let digits = try take(length)
    guard length <= 8 else { return .other }
    var value: UInt64 = 0
    for (index, digit) in digits.enumerated() { value |= UInt64(digit) << (8 * index) }
    if let last = digits.last, last >= 0x80, length < 8 { value |= UInt64.max << (8 * length) }
    return .int(Int(Int64(bitPattern: value)))
  }

  private mutating func text(_ length: Int) throws(PickleProblem) -> String {
    String(decoding: try take(length), as: UTF8.self)
  }

  /// A line of text. Names are short, so that a long file without an end of line is left soon.
  private mutating func line() throws(PickleProblem) -> String {
    let longest = min(bytes.count, at + 1024)
    var end = at
    while end < longest, bytes[end] != UInt8(ascii: "\n") { end += 1 }
    guard end < longest else { throw .cutOff(at: end) }
    defer { at = end + 1 }
    return String(decoding: bytes[at..<end], as: UTF8.self)
  }
}
