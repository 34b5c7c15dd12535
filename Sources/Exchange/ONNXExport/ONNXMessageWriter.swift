import FoveaExecution
import FoveaGraphs
import FoveaTensors

extension ONNXExport {
  /// The numbers of a message's initializers, fetched one at a time.
  final class Values {
    private let store: Store
    /// What went wrong with the store while a file was being written.
    private(set) var failure: ExecutionError?

    init(_ store: Store) { self.store = store }

    /// Whether everything is there, before a file is begun.
    func check(_ message: Message) throws(ExecutionError) {
      for initializer in message.initializers {
        guard case .stored(let path) = initializer.source else { continue }
        guard let type = store.type(of: path) else { throw .missingTensor(path: path) }
        guard type.shape.concrete?.count == Shape(initializer.dims).count, type.dtype == initializer.dtype else {
          throw .tensorMismatch(
            path: path, expected: .init(initializer.dtype, Shape(initializer.dims)), found: type)
        }
      }
    }

    func write(_ initializer: Initializer, to sink: FileSink) throws(FileError) {
      let tensor: Tensor
      switch initializer.source {
      case .tensor(let own): tensor = own
      case .stored(let path):
        do throws(ExecutionError) { tensor = try store.tensor(path) } catch {
          failure = error
          throw .refused(path: sink.path, action: "write", reason: error.description)
        }
      }
      try tensor.withUnsafeBytes { (bytes) throws(FileError) in try sink.write(bytes) }
    }
  }

  /// Writes a message as protobuf: lengths are counted first, then pieces and numbers follow one another.
  struct MessageWriter {
    private let message: Message
    private let values: Values
    private let limit: Int
    /// Numbers of at least so many bytes go to the file beside, where there is one.
    private static let leastBeside = 1024
    /// Where numbers begin in the file beside: at whole pages, so that they can be mapped one by one.
    private static let page = 4096

    init(_ message: Message, _ values: Values, limit: Int) {
      self.message = message
      self.values = values
      self.limit = limit
    }

    func write(to path: String) throws(FileError) {
      let whole = Layout(message, beside: nil)
      guard whole.byteCount > limit else {
        return try AtomicFile.write(to: path) { (sink) throws(FileError) in try write(whole, to: sink) }
      }
      let location = (path.split(separator: "/").last.map(String.init) ?? path) + ".data"
      let divided = Layout(message, beside: location)
      // The small file is complete before the large one takes its name, and takes its own name last.
      try AtomicFile.write(to: path) { (sink) throws(FileError) in
        try write(divided, to: sink)
        try AtomicFile.write(to: path + ".data") { (sink) throws(FileError) in try writeBeside(divided, to: sink) }
      }
    }

    private func write(_ layout: Layout, to sink: FileSink) throws(FileError) {
      try sink.write(layout.head)
      for (index, piece) in layout.tensors.enumerated() {
        try sink.write(piece.header)
        if piece.offset == nil { try values.write(message.initializers[index], to: sink) }
      }
      try sink.write(layout.tail)
    }

    private func writeBeside(_ layout: Layout, to sink: FileSink) throws(FileError) {
      var end = 0
      for (index, piece) in layout.tensors.enumerated() {
        guard let offset = piece.offset else { continue }
        if offset > end { try sink.write([UInt8](repeating: 0, count: offset - end)) }
        try values.write(message.initializers[index], to: sink)
        end = offset + message.initializers[index].byteCount
      }
    }

    /// The bytes of a message without the numbers.
    private struct Layout {
      struct Piece {
        /// Up to where the numbers follow.
        let header: [UInt8]
        /// Where the numbers begin in the file beside; nil where they follow.
        let offset: Int?
      }

      private(set) var head: [UInt8] = []
      private(set) var tensors: [Piece] = []
      private(set) var tail: [UInt8] = []
      private(set) var byteCount = 0

      init(_ message: Message, beside location: String?) {
        var nodes = ProtobufWriter()
        for node in message.nodes { nodes.message(1) { node.encode(&$0) } }
        nodes.string(2, message.name)
        var numbers = 0
        var next = 0
        for initializer in message.initializers {
          var offset: Int?
          if location != nil, initializer.byteCount >= leastBeside {
            offset = next
            next = (next + initializer.byteCount + page - 1) / page * page
          }
          let header = Layout.header(initializer, location, offset)
          tensors.append(Piece(header: header, offset: offset))
          numbers += header.count + (offset == nil ? initializer.byteCount : 0)
        }
        var ends = ProtobufWriter()
        for input in message.inputs { ends.message(11) { input.encode(&$0) } }
        for output in message.outputs { ends.message(12) { output.encode(&$0) } }
        let graph = nodes.bytes.count + numbers + ends.bytes.count
        var front = ProtobufWriter()
        front.int(1, Int64(message.irVersion))
        front.string(2, "fovea")
        front.string(3, Release.version)
        front.prefix(7, count: graph)
        var back = ProtobufWriter()
        back.message(8) {
          $0.string(1, "")
          $0.int(2, Int64(message.opset))
        }
        for (key, value) in message.metadata.sorted(by: { $0.key < $1.key }) {
          back.message(14) {
            $0.string(1, key)
            $0.string(2, value)
          }
        }
        head = front.bytes + nodes.bytes
        tail = ends.bytes + back.bytes
        byteCount = front.bytes.count + graph + back.bytes.count
      }

      /// The TensorProto as field 5 of the graph, up to its numbers.
      private static func header(_ initializer: Initializer, _ location: String?, _ offset: Int?) -> [UInt8] {
        var tensor = ProtobufWriter()
        for extent in initializer.dims { tensor.int(1, Int64(extent)) }
        tensor.int(2, Int64(ONNXExport.number(of: initializer.dtype)))
        tensor.string(8, initializer.name)
        var follow = 0
        if let location, let offset {
          for (key, value) in [
            ("location", location), ("offset", String(offset)), ("length", String(initializer.byteCount)),
          ] {
            tensor.message(13) {
              $0.string(1, key)
              $0.string(2, value)
            }
          }
          tensor.int(14, 1)
        } else {
          tensor.prefix(9, count: initializer.byteCount)
          follow = initializer.byteCount
        }
        var field = ProtobufWriter()
        field.prefix(5, count: tensor.bytes.count + follow)
        return field.bytes + tensor.bytes
      }
    }
  }
}
