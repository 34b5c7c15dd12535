import Foundation
import Synchronization

/// A web server on the loopback for tests: files by name, ranges, and faults on demand.
final class FileServer: Sendable {
  struct Behaviour: Sendable {
    /// False to answer requests for a part with the whole.
    var knowsRanges = true
    /// Bytes after which the connection is cut, once for each number.
    var cuts: [Int] = []
    /// Sent in place of 200 and 206.
    var status: Int?
    /// The home that requests are sent on to.
    var redirect: String?
  }

  /// A request that came: path and the offset that was asked for.
  struct Request: Sendable, Equatable {
    let path: String
    let offset: Int?
  }

  private struct State {
    var files: [String: [UInt8]] = [:]
    var behaviour = Behaviour()
    var requests: [Request] = []
  }

  private let state = Mutex(State())
  private let listener: Int32
  let port: Int
  var url: String { "http://127.0.0.1:\(port)" }
  var requests: [Request] { state.withLock { $0.requests } }

  init(_ files: [String: [UInt8]], _ behaviour: Behaviour = Behaviour()) throws {
    state.withLock { ($0.files, $0.behaviour) = (files, behaviour) }
    #if canImport(Glibc)
      listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      listener = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let port = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int in
        guard bind(listener, address, size) == 0, listen(listener, 8) == 0 else { return 0 }
        getsockname(listener, address, &size)
        return 1
      }
    }
    self.port = port == 0 ? 0 : Int(UInt16(bigEndian: address.sin_port))
    guard self.port > 0 else { throw CocoaError(.featureUnsupported) }
    signal(SIGPIPE, SIG_IGN)
    let serve = Thread { [weak self] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        self?.answer(client)
        close(client)
      }
    }
    serve.start()
  }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  deinit {
    stop()
    close(listener)
  }

  private func answer(_ client: Int32) {
    var head: [UInt8] = []
    while !head.suffix(4).elementsEqual([13, 10, 13, 10]), head.count < 10_000 {
      var byte: UInt8 = 0
      guard read(client, &byte, 1) == 1 else { return }
      head.append(byte)
    }
    let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
    let path = String((lines.first ?? "").split(separator: " ").dropFirst().first ?? "")
    let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }
    let offset = range.flatMap { Int($0.dropFirst("range: bytes=".count).prefix { $0 != "-" }) }
    let (content, behaviour, cut) = state.withLock { state in
      state.requests.append(Request(path: path, offset: offset))
      let cut = state.behaviour.cuts.isEmpty ? nil : state.behaviour.cuts.removeFirst()
      return (state.files[String(path.dropFirst())], state.behaviour, cut)
    }
    if let place = behaviour.redirect {
      return send(
        client, "HTTP/1.1 302 Found\r\nLocation: \(place)\(path)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", [])
    }
    guard let content, behaviour.status == nil else {
      let text = "HTTP/1.1 \(behaviour.status ?? 404) Sorry\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
      return send(client, text, Array("sorry".utf8))
    }
    var body = content
    var status = "200 OK"
    if let offset, behaviour.knowsRanges {
      guard offset < content.count else {
        return send(client, "HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", [])
      }
      body = Array(content[offset...])
      status = "206 Partial Content\r\nContent-Range: bytes \(offset)-\(content.count - 1)/\(content.count)"
    }
    let text = "HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n"
    send(client, text, cut.map { Array(body.prefix($0)) } ?? body)
  }

  private func send(_ client: Int32, _ head: String, _ body: [UInt8]) {
    let bytes = Array(head.utf8) + body
    var done = 0
    while done < bytes.count {
      let sent = bytes[done...].withUnsafeBytes { write(client, $0.baseAddress, $0.count) }
      guard sent > 0 else { return }
      done += sent
    }
  }
}
