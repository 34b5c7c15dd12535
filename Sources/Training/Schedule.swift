#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How the learning rate moves over a run: a curve, its highest rate and a linear warm-up.
///
/// ```swift
/// let schedule = Schedule.cosine(from: 0.06, warmup: 200)
/// schedule.rate(at: 0, of: 2345)      // 0.0003: the first of 200 warm-up steps
/// schedule.rate(at: 1172, of: 2345)   // about 0.03: half way
/// ```
///
/// Steps count from 0; the run has `total` of them.
public struct Schedule: Sendable, Equatable {
  /// A course of the rate, warm-up aside.
  public enum Curve: Sendable, Equatable {
    /// The same rate throughout.
    case constant
    /// Times `factor` after every `every` steps.
    case step(factor: Double, every: Int)
    /// Times `factor` at each of these steps.
    case milestones(factor: Double, at: [Int])
    /// Times `factor` at each of these fractions of the run.
    case fractions(factor: Double, at: [Double])
    /// Half a cosine from the peak down to `floor` (Loshchilov and Hutter 2016, without restarts).
    case cosine(floor: Double)
    /// Up to the peak, then down to almost nothing (Smith 2018).
    case oneCycle(OneCycle)
  }

  /// The numbers of the one-cycle policy; the defaults are PyTorch's.
  public struct OneCycle: Sendable, Equatable {
    /// The part of the run in which the rate climbs.
    public var rise: Double
    /// The first rate is peak ÷ this.
    public var startDivisor: Double
    /// The last rate is the first ÷ this.
    public var endDivisor: Double
    /// Momentum falls from the upper to the lower bound while the rate climbs, and back; nil leaves
    /// momentum alone.
    public var momentum: ClosedRange<Double>?

    /// PyTorch's numbers, except where another is given.
    public init(
      rise: Double = 0.3, startDivisor: Double = 25, endDivisor: Double = 1e4,
      momentum: ClosedRange<Double>? = 0.85...0.95
    ) {
      self.rise = rise
      self.startDivisor = startDivisor
      self.endDivisor = endDivisor
      self.momentum = momentum
    }
  }

  /// The highest rate.
  public var peak: Double
  /// The course of the rate before warm-up.
  public var curve: Curve
  /// Steps over which the rate grows linearly to the curve's; 0 for none.
  public var warmup: Int

  /// A schedule from its parts; `check()` tells whether they make sense.
  public init(peak: Double, curve: Curve, warmup: Int = 0) {
    self.peak = peak
    self.curve = curve
    self.warmup = warmup
  }

  /// The same rate throughout.
  public static func constant(_ rate: Double, warmup: Int = 0) -> Schedule {
    Schedule(peak: rate, curve: .constant, warmup: warmup)
  }

  /// Times `factor` after every `every` steps.
  public static func step(from peak: Double, factor: Double = 0.1, every: Int, warmup: Int = 0) -> Schedule {
    Schedule(peak: peak, curve: .step(factor: factor, every: every), warmup: warmup)
  }

  /// Times `factor` at each milestone, a step number.
  public static func step(from peak: Double, factor: Double = 0.1, at milestones: [Int], warmup: Int = 0) -> Schedule {
    Schedule(peak: peak, curve: .milestones(factor: factor, at: milestones), warmup: warmup)
  }

  /// Times `factor` at each fraction of the run; a half and three quarters are those of He et al.
  /// 2015 on CIFAR-10.
  public static func step(
    from peak: Double, factor: Double = 0.1, atFractions fractions: [Double] = [0.5, 0.75], warmup: Int = 0
  ) -> Schedule {
    Schedule(peak: peak, curve: .fractions(factor: factor, at: fractions), warmup: warmup)
  }

  /// Half a cosine from `peak` down to `floor`.
  public static func cosine(from peak: Double, to floor: Double = 0, warmup: Int = 0) -> Schedule {
    Schedule(peak: peak, curve: .cosine(floor: floor), warmup: warmup)
  }

  /// The one-cycle policy.
  public static func oneCycle(to peak: Double, _ cycle: OneCycle = OneCycle(), warmup: Int = 0) -> Schedule {
    Schedule(peak: peak, curve: .oneCycle(cycle), warmup: warmup)
  }

  /// The rate of one step; a step before the run or after it has the rate of its first or last.
  public func rate(at step: Int, of total: Int) -> Double {
    let total = max(1, total)
    // The cosine alone is asked at `total` too, where it ends.
    let step = min(max(0, step), total)
    let warm = warmup > 0 ? min(1, Double(step + 1) / Double(warmup)) : 1
    let top = peak * warm
    switch curve {
    case .constant: return top
    case .step(let factor, let every): return top * pow(factor, Double(step / max(1, every)))
    case .milestones(let factor, let milestones):
      return top * pow(factor, Double(milestones.count { $0 <= step }))
    case .fractions(let factor, let fractions):
      return top * pow(factor, Double(fractions.count { $0 * Double(total) <= Double(step) }))
    case .cosine(let floor):
      let fall = 1 + cos(Double.pi * Double(step) / Double(total))
      return floor * warm + (peak - floor) * warm * 0.5 * fall
    case .oneCycle(let cycle):
      let first = top / cycle.startDivisor
      return cycle.value(at: step, of: total, ends: first, middle: top, last: first / cycle.endDivisor)
    }
  }

  /// The momentum of one step, or nil where the schedule leaves momentum alone.
  public func momentum(at step: Int, of total: Int) -> Double? {
    guard case .oneCycle(let cycle) = curve, let bounds = cycle.momentum else { return nil }
    let step = min(max(0, step), max(1, total))
    return cycle.value(
      at: step, of: max(1, total), ends: bounds.upperBound, middle: bounds.lowerBound, last: bounds.upperBound)
  }
}

extension Schedule.OneCycle {
  /// Two half cosines: from `ends` to `middle` while the rate climbs, then to `last`. The bounds of
  /// the phases are PyTorch's, one step early each.
  fileprivate func value(at step: Int, of total: Int, ends: Double, middle: Double, last: Double) -> Double {
    let top = rise * Double(total) - 1
    let end = Double(total) - 1
    let now = min(Double(step), end)
    func anneal(_ from: Double, _ to: Double, _ start: Double, _ stop: Double) -> Double {
      let part = stop > start ? (now - start) / (stop - start) : 1
      return to + (from - to) / 2 * (1 + cos(Double.pi * part))
    }
    return now <= top ? anneal(ends, middle, 0, top) : anneal(middle, last, top, end)
  }
}
