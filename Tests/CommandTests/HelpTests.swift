import Testing

/// What the program says about itself.
@Suite struct HelpTests {
  @Test func programHelp() throws {
    let outcome = try FoveaProgram.run("--help")
    #expect(outcome.status == 0)
    #expect(outcome.err == "")
    #expect(outcome.out == Snapshots.program)
  }

  @Test func trainHelp() throws {
    let outcome = try FoveaProgram.run("train", "--help")
    #expect(outcome.status == 0)
    #expect(outcome.out == Snapshots.train)
  }

  @Test(arguments: [
    "train", "evaluate", "predict", "run", "summary", "bench", "quantize", "convert", "models", "datasets", "doctor",
  ])
  func everyCommandHasHelpWithExamples(command: String) throws {
    let outcome = try FoveaProgram.run(command, "--help")
    #expect(outcome.status == 0)
    #expect(outcome.out.contains("usage: fovea \(command)"))
    #expect(outcome.out.contains("\nexamples:\n  fovea \(command)"))
    #expect(try FoveaProgram.run("help", command).out == outcome.out)
    for line in outcome.out.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
  }

  @Test func version() throws {
    let outcome = try FoveaProgram.run("--version")
    #expect(outcome.status == 0)
    #expect(outcome.out == "fovea 0.1.0\n")
  }

  @Test func nothingTyped() throws {
    let outcome = try FoveaProgram.run()
    #expect(outcome.status == 2)
    #expect(outcome.out == "")
    #expect(outcome.err == Snapshots.program)
  }
}
