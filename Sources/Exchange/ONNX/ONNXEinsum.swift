import FoveaGraphs
import FoveaTensors

/// Sums of products by a formula of letters.
extension ONNXOperator {
  static let sums: [ONNXOperator] = [
    ONNXOperator("Einsum", refused: "a letter for two axes of an operand whose size is open") {
      (site) throws(ONNXRefusal) in
      [.value(try EinsteinSum(site).value())]
    }
  ]
}

/// One `Einsum` node: operands are transposed and summed until two of them are a product of matrices or of numbers.
private struct EinsteinSum {
  /// A value and the letter of each of its axes.
  private typealias Term = (value: Value, letters: [Character])

  let site: ONNXSite
  private let formula: String
  private var operands: [[Character]] = []
  private var result: [Character] = []

  init(_ site: ONNXSite) throws(ONNXRefusal) {
    self.site = site
    formula = site.string("equation", "").filter { $0 != " " }
    let sides = formula.split(separator: "->", omittingEmptySubsequences: false).map(String.init)
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard sides.count <= 2, terms.count == site.inputCount, site.inputCount > 0 else {
      throw ONNXRefusal("the formula \(Named.short(formula)) for \(site.inputCount) operands")
    }
    var widest = 0
    var ranks: [Int] = []
    for (index, term) in terms.enumerated() {
      let rank = try site.rank(index)
      ranks.append(rank)
      if term.contains("...") { widest = max(widest, rank - (term.count - 3)) }
    }
    // Axes behind an ellipsis get letters that no formula has, counted from the last.
    func letters(_ term: String, _ hidden: Int) throws(ONNXRefusal) -> [Character] {
      let parts = term.split(separator: "...", omittingEmptySubsequences: false).map(String.init)
      let own = Array(parts.joined())
      guard parts.count <= 2, own.allSatisfy({ $0.isASCII && $0.isLetter }), hidden >= 0, hidden <= 8 else {
        throw ONNXRefusal("the formula \(Named.short(formula))")
      }
      guard parts.count == 2 else { return own }
      return Array(parts[0]) + (0..<hidden).reversed().map { Character("\($0)") } + Array(parts[1])
    }
    for (index, term) in terms.enumerated() {
      let own = try letters(term, term.contains("...") ? ranks[index] - (term.count - 3) : 0)
      guard own.count == ranks[index] else {
        throw ONNXRefusal("\(Named.short(term)) of its formula for an operand of \(ranks[index]) axes")
      }
      operands.append(own)
    }
    if sides.count == 2 {
      result = try letters(sides[1], widest)
    } else {
      let all = operands.flatMap { $0 }
      let single = Set(all).filter { letter in letter.isLetter && all.count(where: { $0 == letter }) == 1 }.sorted()
      result = (0..<widest).reversed().map { Character("\($0)") } + single
    }
    guard Set(result).count == result.count, Set(result).isSubset(of: operands.flatMap { $0 }) else {
      throw ONNXRefusal("the result of the formula \(Named.short(formula))")
    }
  }

  func value() throws(ONNXRefusal) -> Value {
    var terms: [Term] = []
    for (index, letters) in operands.enumerated() {
      terms.append(try diagonal((try site.value(index), letters), index))
    }
    var product = try reduced(terms[0], keeping: result + terms.dropFirst().flatMap { $0.letters }, "operand 1")
    for index in terms.indices.dropFirst() {
      let later = result + terms[(index + 1)...].flatMap { $0.letters }
      let next = try reduced(terms[index], keeping: product.letters + later, "operand \(index + 1)")
      product = try joined(product, next, keeping: later, index)
      product = try reduced(product, keeping: later, "sum \(index)")
    }
    return try ordered(product, result, part: nil)
  }

  /// One axis for a letter that two axes have.
  private func diagonal(_ term: Term, _ index: Int) throws(ONNXRefusal) -> Term {
    var (value, letters) = term
    while let at = letters.indices.first(where: { letters[..<$0].contains(letters[$0]) }),
      let first = letters.firstIndex(of: letters[at])
    {
      let (here, there) = try site.dims(of: value)
      let count = here[at]
      guard here[first] == count, there[at] == count, there[first] == count, count <= 4096 else {
        throw ONNXRefusal("a letter of its formula stands for two axes whose sizes are open, or differ")
      }
      var shape = [Int](repeating: 1, count: letters.count)
      (shape[first], shape[at]) = (count, count)
      let same = (0..<count * count).map { $0 / count == $0 % count }
      guard let mask = try? Tensor(same, shape: Shape(shape)) else { throw ONNXRefusal("its sizes") }
      let chosen = site.importer.constant("\(site.node.label)/diagonal \(index)", mask)
      let kept = site.emit(Op.Where.self, [chosen, value, try site.zero(like: value)], part: "diagonal \(index).\(at)")
      value = site.emit(
        Op.ReduceSum.self, [kept], ["axes": .ints([at]), "keepdims": .int(0)], part: "line \(index).\(at)")
      letters.remove(at: at)
    }
    return (value, letters)
  }

  /// Summed over the letters that nobody asks for any more.
  private func reduced(_ term: Term, keeping kept: [Character], _ name: String) throws(ONNXRefusal) -> Term {
    let axes = term.letters.indices.filter { !kept.contains(term.letters[$0]) }
    guard !axes.isEmpty else { return term }
    let sum = site.emit(
      Op.ReduceSum.self, [term.value], ["axes": .ints(axes), "keepdims": .int(0)], part: "\(name), summed")
    return (sum, term.letters.filter { kept.contains($0) })
  }

  /// The axes in the order of these letters.
  private func ordered(_ term: Term, _ letters: [Character], part: String?) throws(ONNXRefusal) -> Value {
    let order = letters.compactMap { term.letters.firstIndex(of: $0) }
    guard order != Array(order.indices) else { return term.value }
    return site.emit(Op.Transpose.self, [term.value], ["perm": .ints(order)], part: part)
  }

  /// The product of two terms, summed over the letters that only they have.
  private func joined(_ a: Term, _ b: Term, keeping later: [Character], _ index: Int) throws(ONNXRefusal) -> Term {
    let shared = a.letters.filter { b.letters.contains($0) }
    let inner = shared.filter { !later.contains($0) }
    let batch = shared.filter { later.contains($0) }
    let (left, right) = (a.letters.filter { !shared.contains($0) }, b.letters.filter { !shared.contains($0) })
    let x = try ordered(a, batch + left + inner, part: "left \(index)")
    let y = try ordered(b, batch + inner + right, part: "right \(index)")
    guard !inner.isEmpty else {
      // Numbers by numbers: each gets axes of one place for what the other has alone.
      let first = batch.count + left.count
      let wide = try unsqueezed(x, Array(first..<first + right.count), "left \(index), wide")
      let tall = try unsqueezed(y, Array(batch.count..<batch.count + left.count), "right \(index), wide")
      return (site.emit(Op.Mul.self, [wide, tall], part: "product \(index)"), batch + left + right)
    }
    let rows = try merged(x, [batch.count, left.count, inner.count], "left \(index), rows")
    let columns = try merged(y, [batch.count, inner.count, right.count], "right \(index), columns")
    let product = site.emit(Op.MatMul.self, [rows, columns], part: "product \(index)")
    if left.count == 1, right.count == 1 { return (product, batch + left + right) }
    // Back from rows and columns to axes.
    let (ours, theirs) = (try site.dims(of: x), try site.dims(of: y))
    let (made, other) = try site.dims(of: product)
    func extents(_ lead: [Int], _ x: [Int], _ y: [Int]) -> [Int] {
      Array(lead.prefix(batch.count)) + x[batch.count..<batch.count + left.count] + y.suffix(right.count)
    }
    let shape = try site.reshape(
      product, extents(made, ours.here, theirs.here), extents(other, ours.there, theirs.there), zeroCopies: false)
    return (
      site.emit(Op.Reshape.self, [product], ["shape": .ints(shape)], part: "axes \(index)"), batch + left + right
    )
  }

  private func unsqueezed(_ x: Value, _ axes: [Int], _ part: String) throws(ONNXRefusal) -> Value {
    axes.isEmpty ? x : site.emit(Op.Unsqueeze.self, [x], ["axes": .ints(axes)], part: part)
  }

  /// A stack of matrices: the axes of a stack as they are, those of rows and of columns as one each.
  private func merged(_ x: Value, _ groups: [Int], _ part: String) throws(ONNXRefusal) -> Value {
    guard groups[1] != 1 || groups[2] != 1 else { return x }
    let (here, there) = try site.dims(of: x)
    func extents(_ dims: [Int]) -> [Int] {
      let rows = dims[groups[0]..<groups[0] + groups[1]].reduce(1) { Cost.product($0, $1) }
      return dims.prefix(groups[0]) + [rows, dims.suffix(groups[2]).reduce(1) { Cost.product($0, $1) }]
    }
    let shape = try site.reshape(x, extents(here), extents(there), zeroCopies: false)
    return site.emit(Op.Reshape.self, [x], ["shape": .ints(shape)], part: part)
  }
}

extension ONNXSite {
  /// A zero of a value's type.
  func zero(like value: Value) throws(ONNXRefusal) -> Value {
    let type = importer.graph[value].type.dtype
    return importer.constant(
      "\(node.label)/zero", Tensor(scalar: Float(0)).converted(to: type == .f64 ? .f32 : type))
  }
}
