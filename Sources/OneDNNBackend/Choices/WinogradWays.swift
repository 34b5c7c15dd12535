/// Whose Winograd's way may be chosen.
enum WinogradWays: String, Sendable {
  /// Ours and the library's.
  case all
  /// Ours alone, as where the library is a version 3.
  case own
  case library
  case none = "0"

  var own: Bool { self == .all || self == .own }
  var library: Bool { self == .all || self == .library }

  /// What tells measurements apart, behind a problem's key.
  func words(_ problem: ConvProblem) -> String {
    let ours = own && problem.canBeOwnWinograd ? "; own Winograd \(ConvProblem.winogradVersion)" : ""
    switch self {
    case .all: return ours
    case .own: return ours + "; without the library's Winograd"
    case .library: return "; without own Winograd"
    case .none: return "; without Winograd"
    }
  }
}
