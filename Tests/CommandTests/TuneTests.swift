import Foundation
import Fovea
import Testing

/// `--tune`, and where what was measured is kept.
@Suite(.enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN")) struct TuneTests {
  private func bench(_ words: String..., environment: [String: String]) throws -> FoveaProgram.Outcome {
    try FoveaProgram.run(
      ["bench", "two-conv", "--batch", "2", "--explain-plan"] + words,
      // Layer by layer: there is nothing to choose in a region.
      environment: ["FOVEA_TUNE": "", "FOVEA_CACHE": "", "FOVEA_LANES": "0"].merging(environment) { _, new in new })
  }

  @Test func benchMeasuresAndExplains() throws {
    let scratch = try Scratch()
    let place = ["FOVEA_CACHE": scratch.file("deep/cache")]
    let first = try bench("--tune", "on", environment: place)
    #expect(first.status == 0, "\(first.err)")
    let file = scratch.file("deep/cache/convolutions.jsonl")
    let written = try Scratch.bytes(of: file)
    #expect(String(decoding: written, as: UTF8.self).hasPrefix("{\"fovea\":\"convolution choices\""))
    func notes(_ outcome: FoveaProgram.Outcome) -> [Substring] {
      outcome.out.split(separator: "\n").filter { $0.contains("chosen ") || $0.contains("  not ") }
    }
    // Two convolutions; of each one way is chosen.
    #expect(notes(first).filter { $0.contains("chosen ") }.count == 2, "\(first.out)")
    #expect(notes(first).contains { $0.contains("  not ") })
    // The second time nothing is measured: the same numbers.
    #expect(try notes(bench(environment: place)) == notes(first))
    #expect(try Scratch.bytes(of: file) == written)
    #expect(try notes(bench("--tune", "off", environment: place)).isEmpty)
    #expect(try notes(bench(environment: place.merging(["FOVEA_TUNE": "off"]) { _, new in new })).isEmpty)
    #expect(
      !notes(try bench("--tune", "on", environment: place.merging(["FOVEA_TUNE": "off"]) { _, new in new })).isEmpty)
  }

  @Test func thePlaceIsTheUsersCache() throws {
    let scratch = try Scratch()
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: scratch.file(name)) }
    // `env -u` takes the variable away.
    func run(_ assignments: String) throws {
      let outcome = try FoveaProgram.shell(
        "env -u FOVEA_CACHE -u FOVEA_TUNE -u XDG_CACHE_HOME FOVEA_LANES=0 \(assignments) \"$0\" bench two-conv --batch 2 --tune on",
        FoveaProgram.path)
      #expect(outcome.status == 0, "\(outcome.err)")
    }
    try run("HOME='\(scratch.file("home"))'")
    #expect(exists("home/.cache/fovea/convolutions.jsonl"))
    try run("HOME='\(scratch.file("other"))' XDG_CACHE_HOME='\(scratch.file("xdg"))'")
    #expect(exists("xdg/fovea/convolutions.jsonl") && !exists("other"))
    try run("HOME='\(scratch.file("none"))' FOVEA_CACHE=")
    #expect(!exists("none"))
  }

  @Test func onContradictsTheReference() throws {
    let outcome = try FoveaProgram.run(["bench", "two-conv", "--device", "reference", "--tune", "on"])
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("--tune on contradicts it"))
    #expect(try FoveaProgram.run(["bench", "two-conv", "--tune", "maybe"]).status == 2)
  }
}
