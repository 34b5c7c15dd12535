import Testing

/// Operators that are read in ways of their own: formulas, whole numbers, sequences, sizes. `make_onnx_operators.py` makes
/// the cases and asks ONNX Runtime.
@Suite struct ONNXOperatorTests {
  static let cases = ONNXGolden.cases("operators")

  @Test func thereAreCases() { #expect(ONNXOperatorTests.cases.count == 75) }

  @Test(arguments: cases) func answersAsONNXRuntimeDoes(name: String) throws {
    try ONNXGolden.check(name, of: "operators")
  }
}
