import Foundation
import FoveaTraining
import Testing

@Suite struct ScheduleTests {
  func isNear(_ a: Double?, _ b: Double) -> Bool { a.map { abs($0 - b) <= 1e-14 * max(abs(b), 1e-3) } ?? false }

  /// `lr·min(1, (step+1)/200)·0.5·(1 + cos(π·step/2345))` in Python.
  @Test(arguments: [
    (0, 0.0003), (99, 0.02986826263273739), (199, 0.058940166536136464), (200, 0.05892955213976211),
    (1172, 0.0300200954738933), (2344, 2.6921871398855046e-08), (2345, 0), (-5, 0.0003), (9999, 0),
  ]) func cosineIsTheRecipe(_ step: Int, _ expected: Double) {
    #expect(isNear(Schedule.cosine(from: 0.06, warmup: 200).rate(at: step, of: 2345), expected))
  }

  @Test(arguments: [
    (0, 0.06), (1, 0.05998544353078908), (50, 0.0305), (99, 0.0010145564692109177), (100, 0.001),
  ]) func cosineToAFloor(_ step: Int, _ expected: Double) {
    #expect(isNear(Schedule.cosine(from: 0.06, to: 0.001).rate(at: step, of: 100), expected))
  }

  /// torch 2.15, `OneCycleLR(SGD(lr=0.1, momentum=0.9), 0.1, total_steps=total)`: rate, momentum.
  @Test(arguments: [
    (100, 0, 0.0040000000000000036, 0.95), (100, 10, 0.029516394846410082, 0.9234204220349895),
    (100, 29, 0.1, 0.85), (100, 30, 0.09994965352845243, 0.8500503466729342),
    (100, 50, 0.0793893450575732, 0.8706107373853763), (100, 99, 4e-07, 0.95), (100, 100, 4e-07, 0.95),
    (7, 0, 0.0040000000000000036, 0.95), (7, 1, 0.09805566273349588, 0.8520253513192751),
    (7, 2, 0.09190443762697106, 0.858095594755408), (7, 5, 0.00992967918932656, 0.9400706810933978),
    (7, 6, 4e-07, 0.95), (2, 0, 0.0811745653949763, 0.8688255099070633), (2, 1, 4e-07, 0.95),
  ]) func oneCycleIsPyTorchs(_ total: Int, _ step: Int, _ rate: Double, _ momentum: Double) {
    let schedule = Schedule.oneCycle(to: 0.1)
    #expect(isNear(schedule.rate(at: step, of: total), rate))
    #expect(isNear(schedule.momentum(at: step, of: total), momentum))
  }

  @Test func onlyOneCycleMovesMomentum() {
    #expect(Schedule.cosine(from: 0.1).momentum(at: 3, of: 10) == nil)
    #expect(Schedule.oneCycle(to: 0.1, .init(momentum: nil)).momentum(at: 3, of: 10) == nil)
  }

  @Test func steps() {
    // PyTorch's StepLR(30, gamma=0.1) and MultiStepLR([30, 80], gamma=0.1).
    let every = Schedule.step(from: 0.1, every: 30)
    for (step, rate) in [(0, 0.1), (29, 0.1), (30, 0.01), (59, 0.01), (60, 0.001), (90, 0.0001)] {
      #expect(isNear(every.rate(at: step, of: 120), rate), "step \(step)")
    }
    let milestones = Schedule.step(from: 0.1, at: [30, 80])
    for (step, rate) in [(0, 0.1), (29, 0.1), (30, 0.01), (79, 0.01), (80, 0.001), (119, 0.001)] {
      #expect(isNear(milestones.rate(at: step, of: 120), rate), "step \(step)")
    }
    let fractions = Schedule.step(from: 0.1)
    for (step, rate) in [(0, 0.1), (49, 0.1), (50, 0.01), (74, 0.01), (75, 0.001), (99, 0.001)] {
      #expect(isNear(fractions.rate(at: step, of: 100), rate), "step \(step)")
    }
  }

  @Test func everyCurveWarmsUp() throws {
    for name in Schedule.names {
      let plain = try Schedule(named: name, peak: 0.1)
      let warm = try Schedule(named: name, peak: 0.1, warmup: 4)
      for step in 0..<20 {
        let factor = min(1, Double(step + 1) / 4)
        #expect(isNear(warm.rate(at: step, of: 20), plain.rate(at: step, of: 20) * factor), "\(name) at \(step)")
      }
    }
  }

  @Test func noRunIsTooShort() {
    for name in Schedule.names {
      guard let schedule = try? Schedule(named: name, peak: 0.1) else { continue }
      for total in [-1, 0, 1, 2, 3, 4, 10] {
        for step in -1...11 {
          #expect(schedule.rate(at: step, of: total).isFinite, "\(name) at \(step) of \(total)")
          #expect(schedule.momentum(at: step, of: total)?.isFinite ?? true)
        }
      }
    }
    #expect(Schedule.step(from: 0.1, every: 0).rate(at: 3, of: 5).isFinite)
  }

  @Test func names() throws {
    #expect(try Schedule(named: "cosine", peak: 0.06, warmup: 200) == .cosine(from: 0.06, warmup: 200))
    for name in Schedule.names { #expect(try Schedule(named: name, peak: 0.1).name == name) }
    let error = #expect(throws: ScheduleError.self) { try Schedule(named: "one_cycle", peak: 0.1) }
    #expect(
      error?.description == #"there is no schedule "one_cycle"; did you mean one-cycle? "#
        + "There are constant, step, cosine, one-cycle")
    #expect(throws: ScheduleError.unknownName("linear", nearest: nil)) { try Schedule(named: "linear", peak: 0.1) }
    let rate = #expect(throws: ScheduleError.self) { try Schedule(named: "cosine", peak: -1) }
    #expect(rate?.description == "the schedule's rate is -1.0, it must be a number that is not negative")
    for bad in [
      Schedule.constant(.nan), .constant(.infinity), .constant(1, warmup: -1), .step(from: 1, factor: 0, every: 1),
      .step(from: 1, every: 0), .step(from: 1, atFractions: [1.5]), .cosine(from: 1, to: -1),
      .oneCycle(to: 1, .init(rise: 1)), .oneCycle(to: 1, .init(startDivisor: 0)),
    ] {
      #expect(throws: ScheduleError.self, "\(bad)") { try bad.check() }
    }
  }

  @Test func descriptions() {
    #expect("\(Schedule.cosine(from: 0.06, warmup: 200))" == "cosine from 0.06 to 0.0, 200 warm-up steps")
    #expect("\(Schedule.constant(0.1))" == "constant 0.1")
    #expect("\(Schedule.step(from: 0.1, every: 30))" == "step from 0.1, times 0.1 every 30 steps")
    #expect("\(Schedule.step(from: 0.1, at: [3, 5]))" == "step from 0.1, times 0.1 at steps 3, 5")
    #expect("\(Schedule.step(from: 0.1))" == "step from 0.1, times 0.1 at 0.5, 0.75 of the run")
    #expect("\(Schedule.oneCycle(to: 0.1))" == "one-cycle up to 0.1 over 0.3 of the run")
  }

  @Test(arguments: [
    Schedule.constant(0.1), .step(from: 0.1, factor: 0.5, every: 30), .step(from: 0.1, at: [3, 5], warmup: 2),
    .step(from: 0.1, atFractions: [0.2]), .cosine(from: 0.06, to: 0.001, warmup: 200), .oneCycle(to: 0.1),
    .oneCycle(to: 0.1, .init(rise: 0.2, startDivisor: 10, endDivisor: 100, momentum: nil)),
  ]) func codingKeepsEverything(_ schedule: Schedule) throws {
    let data = try JSONEncoder().encode(schedule)
    #expect(try JSONDecoder().decode(Schedule.self, from: data) == schedule)
  }

  @Test func missingKeysMeanDefaults() throws {
    func decode(_ text: String) throws -> Schedule { try JSONDecoder().decode(Schedule.self, from: Data(text.utf8)) }
    for name in Schedule.names {
      #expect(try decode(#"{"name":"\#(name)","peak":0.1}"#) == Schedule(named: name, peak: 0.1))
    }
    #expect(throws: ScheduleError.unknownName("linear", nearest: nil)) { try decode(#"{"name":"linear","peak":0.1}"#) }
    #expect(throws: ScheduleError.self) { try decode(#"{"name":"step","peak":0.1,"every":0}"#) }
    #expect(throws: DecodingError.self) { try decode(#"{"name":"step"}"#) }
  }
}

@Suite struct ConfusionMatrixTests {
  @Test func byHand() throws {
    var matrix = ConfusionMatrix(classes: 4)
    #expect(matrix.accuracy == nil && matrix.total == 0 && matrix.mostConfused(limit: 3).isEmpty)
    try matrix.add(actual: [0, 0, 0, 1, 1, 2, 2, 2], predicted: [0, 1, 1, 1, 0, 2, 0, 2])
    #expect(matrix.counts == [1, 2, 0, 0, 1, 1, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0])
    #expect(matrix[actual: 0, predicted: 1] == 2)
    #expect(matrix.accuracy == 0.5)
    let recall: [Double?] = [1.0 / 3, 0.5, 2.0 / 3, nil]
    #expect(matrix.recall == recall)
    let confused = matrix.mostConfused(limit: 2)
    #expect(confused.map { [$0.actual, $0.predicted, $0.count] } == [[0, 1, 2], [1, 0, 1]])
    #expect(matrix.mostConfused(limit: 10).count == 3 && matrix.mostConfused(limit: -1).isEmpty)
    var sum = matrix
    try sum.add(matrix)
    #expect(sum.total == 16 && sum.accuracy == 0.5)
  }

  @Test func errors() throws {
    var matrix = ConfusionMatrix(classes: 2)
    #expect(throws: ConfusionMatrixError.countMismatch(actual: 1, predicted: 0)) {
      try matrix.add(actual: [1], predicted: [])
    }
    #expect(throws: ConfusionMatrixError.classOutside(2, kind: "predicted", classes: 2)) {
      try matrix.add(actual: [1, 1], predicted: [1, 2])
    }
    #expect(matrix.total == 0, "nothing of a bad batch is counted")
    #expect(throws: ConfusionMatrixError.classOutside(-1, kind: "actual", classes: 2)) {
      try matrix.add(actual: -1, predicted: 0)
    }
    #expect(throws: ConfusionMatrixError.classCounts(2, 3)) { try matrix.add(ConfusionMatrix(classes: 3)) }
    #expect(
      "\(ConfusionMatrixError.classOutside(9, kind: "actual", classes: 2))"
        == "the actual class 9 is not among the 2 classes (0 ..< 2); the data set has other classes than the model")
  }
}
