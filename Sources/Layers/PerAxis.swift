/// A size along the spatial axes: one number for all of them, or a list with one per axis, outermost first.
///
/// ```swift
/// Conv2D(64, kernel: 3)
/// Conv2D(64, kernel: [1, 7], padding: .explicit([0, 3]))
/// ```
public protocol PerAxis: Sendable {
  /// The sizes along `axes` axes, or nil when another number of them was given.
  func along(_ axes: Int) -> [Int]?
  /// As it was typed.
  var typed: String { get }
}

extension Int: PerAxis {
  public func along(_ axes: Int) -> [Int]? { [Int](repeating: self, count: axes) }
  public var typed: String { "\(self)" }
}

extension [Int]: PerAxis {
  public func along(_ axes: Int) -> [Int]? { count == axes ? self : nil }
  public var typed: String { "[" + map(String.init).joined(separator: ", ") + "]" }
}

/// `label: value` as it was typed, or nil when every axis has the default.
func argument(_ label: String, _ value: any PerAxis, default standard: Int) -> String? {
  value as? Int == standard ? nil : "\(label): \(value.typed)"
}

extension Symbol {
  /// No attribute may be larger, so that products of two never overflow.
  static let largestAttribute = 1 << 30

  /// The sizes per axis; reports a wrong number of them, and sizes out of range.
  func checked(_ what: String, _ value: any PerAxis, axes: Int, atLeast least: Int) -> [Int]? {
    guard let list = value.along(axes) else {
      reject(
        "\(what) \(value.typed) does not give \(axes == 1 ? "one size" : "\(axes) sizes, one per axis")",
        mend: "give one number for all axes, or \(axes)")
      return nil
    }
    for size in list where checked(what, size, atLeast: least) == nil { return nil }
    return list
  }

  /// The number itself; reports one out of range.
  func checked(_ what: String, _ value: Int, atLeast least: Int) -> Int? {
    if value < least {
      reject("\(what) \(value) is less than \(least)", mend: "give a \(what) of at least \(least)")
      return nil
    }
    if value > Symbol.largestAttribute {
      reject("\(what) \(value) is absurdly large", mend: "give a \(what) of at most \(Symbol.largestAttribute)")
      return nil
    }
    return value
  }

  /// Reports an input that has another number of axes than the layer takes.
  func checkedRank(_ wanted: Int, layout: String, mend: String) -> Bool {
    guard let rank, rank != wanted else { return true }
    reject("the input \(shape) has \(rank) axes, but \(wanted) are needed (\(layout))", mend: mend)
    return false
  }
}
