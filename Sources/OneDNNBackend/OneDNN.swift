import CFoveaOneDNN
import FoveaExecution

/// The library, opened at run time, or the reason why not.
enum OneDNN {
  /// The functions, nil when the library cannot be had.
  static let functions: fovea_onednn? = opened.functions
  /// Why there are none.
  static let problem: String = opened.problem

  private static let opened: (functions: fovea_onednn?, problem: String) = {
    var why: UnsafePointer<CChar>?
    guard let table = fovea_onednn_open(&why) else {
      return (nil, why.map { String(cString: $0) } ?? "unknown")
    }
    return (table.pointee, "")
  }()

  static var version: String {
    functions.map { "\($0.major).\($0.minor).\($0.patch)" } ?? ""
  }

  static func failure(_ call: String, status: Int32? = nil) -> ExecutionError {
    let text = status.flatMap { code in functions?.status_text(code).map { String(cString: $0) } }
    return .library(name: "oneDNN", call: call, reason: text ?? "it has no implementation for these sizes")
  }
}
