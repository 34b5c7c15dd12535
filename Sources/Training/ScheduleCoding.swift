/// `run.json` keeps a schedule as flat numbers. Written by hand: a missing key means its default, so
/// that runs of older versions can be resumed.
extension Schedule: Codable {
  private enum Key: String, CodingKey {
    case name, peak, warmup, factor, every, milestones, fractions, floor
    case rise, startDivisor, endDivisor, momentum
  }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    func number(_ key: Key, _ usual: Double) throws -> Double {
      try box.decodeIfPresent(Double.self, forKey: key) ?? usual
    }
    let peak = try box.decode(Double.self, forKey: .peak)
    let warmup = try box.decodeIfPresent(Int.self, forKey: .warmup) ?? 0
    try self.init(named: try box.decode(String.self, forKey: .name), peak: peak, warmup: warmup)
    switch curve {
    case .constant: break
    case .step, .milestones, .fractions:
      let factor = try number(.factor, 0.1)
      if let every = try box.decodeIfPresent(Int.self, forKey: .every) {
        curve = .step(factor: factor, every: every)
      } else if let at = try box.decodeIfPresent([Int].self, forKey: .milestones) {
        curve = .milestones(factor: factor, at: at)
      } else {
        curve = .fractions(
          factor: factor, at: try box.decodeIfPresent([Double].self, forKey: .fractions) ?? [0.5, 0.75])
      }
    case .cosine: curve = .cosine(floor: try number(.floor, 0))
    case .oneCycle(let usual):
      // An empty list says that momentum stays alone; a missing one means the usual bounds.
      let bounds = try box.decodeIfPresent([Double].self, forKey: .momentum)
      let momentum: ClosedRange<Double>? =
        switch bounds {
        case nil: usual.momentum
        case let both? where both.count == 2 && both[0] <= both[1]: both[0]...both[1]
        default: nil
        }
      curve = .oneCycle(
        OneCycle(
          rise: try number(.rise, usual.rise), startDivisor: try number(.startDivisor, usual.startDivisor),
          endDivisor: try number(.endDivisor, usual.endDivisor), momentum: momentum))
    }
    try check()
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: Key.self)
    try box.encode(name, forKey: .name)
    try box.encode(peak, forKey: .peak)
    try box.encode(warmup, forKey: .warmup)
    switch curve {
    case .constant: break
    case .step(let factor, let every):
      try box.encode(factor, forKey: .factor)
      try box.encode(every, forKey: .every)
    case .milestones(let factor, let at):
      try box.encode(factor, forKey: .factor)
      try box.encode(at, forKey: .milestones)
    case .fractions(let factor, let at):
      try box.encode(factor, forKey: .factor)
      try box.encode(at, forKey: .fractions)
    case .cosine(let floor): try box.encode(floor, forKey: .floor)
    case .oneCycle(let cycle):
      try box.encode(cycle.rise, forKey: .rise)
      try box.encode(cycle.startDivisor, forKey: .startDivisor)
      try box.encode(cycle.endDivisor, forKey: .endDivisor)
      try box.encode(cycle.momentum.map { [$0.lowerBound, $0.upperBound] } ?? [], forKey: .momentum)
    }
  }
}
