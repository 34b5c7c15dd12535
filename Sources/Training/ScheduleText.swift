import FoveaExchange
import FoveaTensors

/// What can be wrong with a schedule.
public enum ScheduleError: Error, Equatable {
  /// No schedule is called so.
  case unknownName(String, nearest: String?)
  /// A number that no run could follow.
  case badNumber(name: String, value: Double, expected: String)
}

extension ScheduleError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownName(let name, let nearest):
      "there is no schedule \(Named.short(name)); "
        + (nearest.map { "did you mean \($0)? " } ?? "")
        + "There are \(Schedule.names.joined(separator: ", "))"
    case .badNumber(let name, let value, let expected):
      "the schedule's \(name) is \(value), it must be \(expected)"
    }
  }
}

extension Schedule {
  /// The names that the command line knows.
  public static let names = ["constant", "step", "cosine", "one-cycle"]

  /// The schedule of a name with its usual numbers: `step` divides by 10 at a half and at three
  /// quarters of the run, `cosine` falls to 0, `one-cycle` climbs for 30 % of it.
  ///
  /// ```swift
  /// try Schedule(named: "cosine", peak: 0.06, warmup: 200)
  /// ```
  /// - Throws: `ScheduleError.unknownName` with the nearest name, `.badNumber`.
  public init(named name: String, peak: Double, warmup: Int = 0) throws(ScheduleError) {
    switch name {
    case "constant": self = .constant(peak, warmup: warmup)
    case "step": self = .step(from: peak, warmup: warmup)
    case "cosine": self = .cosine(from: peak, warmup: warmup)
    case "one-cycle": self = .oneCycle(to: peak, warmup: warmup)
    default: throw .unknownName(name, nearest: nearestName(to: name, among: Schedule.names))
    }
    try check()
  }

  /// The command line's name of this schedule.
  public var name: String {
    switch curve {
    case .constant: "constant"
    case .step, .milestones, .fractions: "step"
    case .cosine: "cosine"
    case .oneCycle: "one-cycle"
    }
  }

  /// Refuses numbers that no run could follow.
  /// - Throws: `ScheduleError.badNumber`.
  public func check() throws(ScheduleError) {
    func require(_ isGood: Bool, _ name: String, _ value: Double, _ expected: String) throws(ScheduleError) {
      if !isGood { throw .badNumber(name: name, value: value, expected: expected) }
    }
    func positive(_ name: String, _ value: Double) throws(ScheduleError) {
      try require(value > 0 && value.isFinite, name, value, "a number above 0")
    }
    try require(peak >= 0 && peak.isFinite, "rate", peak, "a number that is not negative")
    try require(warmup >= 0, "warm-up", Double(warmup), "0 steps or more")
    switch curve {
    case .constant: break
    case .step(let factor, let every):
      try positive("factor", factor)
      try require(every > 0, "number of steps between drops", Double(every), "1 or more")
    case .milestones(let factor, _): try positive("factor", factor)
    case .fractions(let factor, let fractions):
      try positive("factor", factor)
      for fraction in fractions { try require(fraction >= 0 && fraction <= 1, "fraction", fraction, "from 0 to 1") }
    case .cosine(let floor): try require(floor >= 0 && floor.isFinite, "floor", floor, "a number that is not negative")
    case .oneCycle(let cycle):
      try require(cycle.rise > 0 && cycle.rise < 1, "rise", cycle.rise, "between 0 and 1")
      try positive("start divisor", cycle.startDivisor)
      try positive("end divisor", cycle.endDivisor)
    }
  }
}

extension Schedule: CustomStringConvertible {
  public var description: String {
    let warm = warmup > 0 ? ", \(warmup) warm-up steps" : ""
    let text =
      switch curve {
      case .constant: "constant \(peak)"
      case .step(let factor, let every): "step from \(peak), times \(factor) every \(every) steps"
      case .milestones(let factor, let at):
        "step from \(peak), times \(factor) at steps \(at.map(String.init).joined(separator: ", "))"
      case .fractions(let factor, let at):
        "step from \(peak), times \(factor) at \(at.map { "\($0)" }.joined(separator: ", ")) of the run"
      case .cosine(let floor): "cosine from \(peak) to \(floor)"
      case .oneCycle(let cycle): "one-cycle up to \(peak) over \(cycle.rise) of the run"
      }
    return text + warm
  }
}
