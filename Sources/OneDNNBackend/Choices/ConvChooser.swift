import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Decides which of the library's ways runs a convolution: by rule, or by what was measured.
struct ConvChooser: Sendable {
  /// The order activations take between layers.
  let order: Order
  /// The type of pictures and weights, where the library has generated code for it.
  var dtype = DType.f32
  let tuning: OneDNNBackend.Tuning
  let winograd: WinogradWays
  let choices: ConvolutionChoices
  /// In place of the clock: which of so many ways is taken for the problem of a key. For tests, so that every way runs.
  var draw: (@Sendable (_ key: String, _ count: Int) -> Int)?

  /// The step for a convolution.
  /// - Parameter name: what errors call it.
  func choose(_ problem: ConvProblem, as name: String) throws(ExecutionError) -> Proposal {
    var problem = problem
    problem.dtype = dtype
    if dtype != .f32 {
      if let (wish, description) = rule(problem), !description.name.hasPrefix("ref"),
        let byRule = try? problem.answer(description)
      {
        return choose(problem, wish, byRule)
      }
      problem.dtype = .f32
    }
    guard let (wish, description) = rule(problem) else { throw OneDNN.failure(name) }
    return choose(problem, wish, try problem.answer(description))
  }

  /// The rule's step, or the one that was measured to be faster.
  private func choose(_ problem: ConvProblem, _ wish: ConvWish, _ byRule: Proposal) -> Proposal {
    guard tuning != .fixed else { return byRule }
    let key = problem.key(order) + winograd.words(problem)
    var record = choices.record(key, threads: problem.request.threads)
    if record == nil, tuning == .measured {
      record = choices.measuring(key, threads: problem.request.threads) {
        measure(problem, rule: wish, byRule, key)
      }
    }
    guard let record else { return byRule }
    var chosen = record.chosen == wish.name ? byRule : proposal(for: record, problem, byRule) ?? byRule
    chosen.notes = record.lines
    return chosen
  }

  /// Asks for several pairs of orders and takes the best answer: first one with generated code rather than
  /// the library's plain loops, then one that needs fewer reorders, then the preferred order.
  private func rule(_ problem: ConvProblem) -> (ConvWish, PrimitiveDescription)? {
    // Where the type changes there is a reorder in any case; the order may still stay.
    let x = problem.x.flatMap { $0.descriptor(problem.sizes.x, problem.dtype) }
    let y = problem.y.flatMap { $0.descriptor(problem.sizes.y, problem.dtype) }
    var best: (ConvWish, PrimitiveDescription, penalty: Int)?
    for wish in ConvWish.direct {
      guard let found = problem.describe(wish, order) else { continue }
      let penalty = found.penalty(x: x, y: y)
      if penalty == 0 { return (wish, found) }
      if penalty < best?.penalty ?? Int.max { best = (wish, found, penalty) }
    }
    return best.map { ($0.0, $0.1) }
  }

  /// What a record names, unless the library now answers otherwise.
  private func proposal(for record: ConvRecord, _ problem: ConvProblem, _ byRule: Proposal) -> Proposal? {
    guard let entry = record.candidates.first(where: { $0.wish == record.chosen }) else { return nil }
    if entry.wish == ConvWish.ownWinograd.name {
      guard winograd.own, let own = problem.ownWinograd(like: byRule), ConvRecord.text(of: own) == entry.kernel else {
        return nil
      }
      return own
    }
    guard let wish = ConvWish.named(entry.wish), wish.algorithm == FOVEA_DIRECT || winograd.library,
      let description = problem.describe(wish, order), let proposal = try? problem.answer(description),
      ConvRecord.text(of: proposal) == entry.kernel
    else { return nil }
    return proposal
  }

  /// Times every way that the library has.
  ///
  /// The rule's own choice comes first. Another one must beat it by 5 %, with the reorders that it causes, and
  /// once more when both are timed in turn: smaller differences come and go with the machine's mood.
  private func measure(_ problem: ConvProblem, rule: ConvWish, _ byRule: Proposal, _ key: String) -> ConvRecord {
    var record = ConvRecord(key: key, threads: problem.request.threads, chosen: rule.name, candidates: [])
    var seen: Set<String> = [ConvRecord.text(of: byRule)]
    var others: [(wish: ConvWish, proposal: Proposal)] = []
    if winograd.own, let own = problem.ownWinograd(like: byRule) { others.append((ConvWish.ownWinograd, own)) }
    let asked =
      (winograd.library && problem.canBeWinograd ? ConvWish.winograd : []) + ConvWish.direct.filter { $0 != rule }
    for wish in asked {
      guard let description = problem.describe(wish, order) else {
        record.candidates.append(ConvCandidate(wish.name, "", reason: "the library has none"))
        continue
      }
      do {
        let proposal = try problem.answer(description)
        guard seen.insert(ConvRecord.text(of: proposal)).inserted else { continue }
        others.append((wish, proposal))
      } catch {
        record.candidates.append(ConvCandidate(wish.name, description.name, reason: "\(error)"))
      }
    }
    if let draw {
      let drawn = draw(key, others.count + 1)
      if drawn > 0 { record.chosen = others[drawn - 1].wish.name }
      record.candidates += [ConvCandidate(rule.name, ConvRecord.text(of: byRule))]
      record.candidates += others.map { ConvCandidate($0.wish.name, ConvRecord.text(of: $0.proposal)) }
      return record
    }
    var timer = StepTimer(problem)
    // Nothing to choose from needs no clock.
    var first = ConvCandidate(rule.name, ConvRecord.text(of: byRule))
    if !others.isEmpty { first = timer.candidate(rule, byRule, against: nil, like: byRule) }
    var measured = [first]
    var best: (candidate: ConvCandidate, proposal: Proposal)?
    for (wish, proposal) in others {
      let bar = best?.candidate.total ?? first.total
      let found = timer.candidate(wish, proposal, against: bar, like: byRule)
      measured.append(found)
      if let total = found.total, let bar, total < bar { best = (found, proposal) }
    }
    if let best, let total = best.candidate.total, let old = first.total, total < 0.95 * old,
      timer.confirms(best.proposal, best.candidate, over: byRule, first)
    {
      record.chosen = best.candidate.wish
    }
    record.candidates = measured + record.candidates
    return record
  }
}

extension PrimitiveDescription {
  /// How much speaks against a convolution: the kind of kernel, and operands that would have to be reordered.
  fileprivate func penalty(x: MemoryDescriptor?, y: MemoryDescriptor?) -> Int {
    var result = name.hasPrefix("ref") ? 1000 : name.contains("gemm") ? 20 : 0
    for (have, arguments) in [(x, [FOVEA_SRC, FOVEA_DIFF_SRC]), (y, [FOVEA_DIFF_DST])] {
      guard let have, let want = arguments.lazy.compactMap({ self.descriptor($0) }).first else { continue }
      if !have.isEqual(to: want) { result += 1 }
    }
    return result
  }
}
