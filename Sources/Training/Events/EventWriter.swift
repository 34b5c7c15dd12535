import FoveaExchange
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Writes a TensorBoard event file: curves, pictures, texts and histograms of a run.
///
/// ```swift
/// let events = try EventWriter(directory: "runs/first")
/// try events.scalar("loss/train", 0.42, step: 100)
/// try events.flush()          // `tensorboard --logdir runs` shows it
/// ```
///
/// Records are kept back until `flush()` or until there are 64 KiB of them; each reaches the file
/// whole or not at all.
public final class EventWriter {
  /// The file that is written.
  public var path: String { file.path }
  /// What resuming took out of older files.
  public private(set) var repair = LogRepair()

  private let file: AppendFile
  private let clock: () -> Double
  private var waiting: [UInt8] = []
  private static let waitingLimit = 1 << 16

  /// Starts a new file `events.out.tfevents.<unix time>.<host>.<process>` in a directory, which is
  /// made where it is missing.
  /// - Throws: `EventError.file`.
  public convenience init(directory: String) throws(EventError) {
    try self.init(directory: directory, host: EventWriter.hostName, process: getpid(), clock: EventWriter.now)
  }

  /// Goes on with the run of a directory from `step`: what any of its event files says of later
  /// steps is dropped, a torn end is cut off, and the newest file is appended to.
  /// - Throws: `EventError.file`.
  public convenience init(resuming directory: String, after step: Int) throws(EventError) {
    try self.init(
      resuming: directory, after: step, host: EventWriter.hostName, process: getpid(), clock: EventWriter.now)
  }

  /// A new file under a given clock, so that tests know every byte.
  package init(
    directory: String, host: String, process: Int32, clock: @escaping () -> Double
  ) throws(EventError) {
    self.clock = clock
    do throws(FileError) {
      try AtomicFile.makeDirectory(directory)
      let name = "\(directory)/\(EventFiles.prefix)\(Int(clock())).\(host).\(process)"
      file = try AppendFile.new(name)
      try file.append(RecordFraming.framed(Event.version(wallTime: clock())))
    } catch { throw .file(error) }
  }

  package init(
    resuming directory: String, after step: Int, host: String, process: Int32, clock: @escaping () -> Double
  ) throws(EventError) {
    self.clock = clock
    do throws(FileError) {
      try AtomicFile.makeDirectory(directory)
      let older = try EventFiles.list(in: directory)
      var repair = LogRepair()
      var newestHasVersion = false
      for path in older {
        let result = try EventFiles.drop(after: step, from: path)
        repair.add(result)
        newestHasVersion = result.kept > 0
      }
      if let newest = older.last {
        file = try AppendFile(path: newest)
      } else {
        file = try AppendFile.new("\(directory)/\(EventFiles.prefix)\(Int(clock())).\(host).\(process)")
      }
      if !newestHasVersion { try file.append(RecordFraming.framed(Event.version(wallTime: clock()))) }
      self.repair = repair
    } catch { throw .file(error) }
  }

  deinit { try? flush() }

  /// A point of a curve; NaN and infinities are shown as such.
  /// - Throws: `EventError.file`.
  public func scalar(_ tag: String, _ value: Double, step: Int) throws(EventError) {
    try add(tag, step) { Event.scalar(value, in: &$0) }
  }

  /// A text, shown as Markdown.
  /// - Throws: `EventError.file`.
  public func text(_ tag: String, _ text: String, step: Int) throws(EventError) {
    try add(tag, step) { Event.text(text, in: &$0) }
  }

  /// A picture: the bytes of a PNG file.
  /// - Throws: `EventError.notPNG`, `.file`.
  public func image(_ tag: String, png: [UInt8], step: Int) throws(EventError) {
    guard let header = PNGHeader(png) else { throw .notPNG(tag: tag, count: png.count) }
    try add(tag, step) { Event.image(header, png, in: &$0) }
  }

  /// How values are distributed, over buckets of equal width. Values that are not finite are left
  /// out; nothing is written where none is.
  /// - Throws: `EventError.file`.
  public func histogram(_ tag: String, _ values: [Float], buckets: Int = 30, step: Int) throws(EventError) {
    guard let histogram = Histogram(values, buckets: buckets) else { return }
    try add(tag, step) { Event.histogram(histogram, in: &$0) }
  }

  /// Hands what waits to the operating system, so that TensorBoard sees it.
  /// - Throws: `EventError.file`; what waits is kept for another try.
  public func flush() throws(EventError) {
    guard !waiting.isEmpty else { return }
    do throws(FileError) { try file.append(waiting) } catch { throw .file(error) }
    waiting.removeAll(keepingCapacity: true)
  }

  /// Makes what was flushed last through a power cut.
  func sync() throws(EventError) {
    do throws(FileError) { try file.sync() } catch { throw .file(error) }
  }

  private func add(_ tag: String, _ step: Int, _ fill: (inout ProtobufWriter) -> Void) throws(EventError) {
    waiting += RecordFraming.framed(Event.summary(tag, wallTime: clock(), step: step, fill))
    if waiting.count >= EventWriter.waitingLimit { try flush() }
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The machine's name with what a file name cannot hold replaced.
  private static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let name = String(decoding: bytes, as: UTF8.self).replacing("/", with: "_")
    return name.isEmpty ? "localhost" : name
  }
}
