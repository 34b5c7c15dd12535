import Foundation
import Testing

@Suite struct DatasetsTests {
  @Test func looksIntoADirectory() throws {
    let digits = try Digits()
    let path = digits.scratch.path
    let outcome = try FoveaProgram.run("datasets", path)
    #expect(outcome.status == 0)
    #expect(outcome.out.hasPrefix("mnist:\(path): labelled pictures in MNIST's format\n"))
    #expect(outcome.out.contains("\(Digits.trainCount) to train, \(Digits.testCount) to test, 10 classes, all [1×"))
    let objects = try FoveaProgram.run("datasets", path, "--json").objects()
    let found = try #require(objects.first { $0["found"] != nil })
    #expect(found["found"] as? String == "mnist:\(path)")
    #expect((found["classes"] as? [String])?.count == 10)
  }

  @Test func nothingToTrainOnIsAFailure() throws {
    let scratch = try Scratch()
    let empty = try FoveaProgram.run("datasets", scratch.path)
    #expect(empty.status == 1 && empty.err.contains("holds nothing to train on"))
    let none = try FoveaProgram.run("datasets", scratch.path + "/none")
    #expect(none.status == 1 && none.err.contains("No such file or directory"))
  }

  @Test func fetchingOfflineSaysWhatToDo() throws {
    let scratch = try Scratch()
    let outcome = try FoveaProgram.run(
      "datasets", "fetch", "mnist", "--to", scratch.path + "/m", "--from", "http://127.0.0.1:9")
    #expect(outcome.status == 1)
    #expect(
      outcome.err.contains("get the file some other way and put it at \(scratch.path)/m/train-images-idx3-ubyte.gz"))
  }

  @Test func mistakesOfFetching() throws {
    for (words, answer) in [
      (["datasets", "fetch"], "NAME is missing: there are mnist, fashion-mnist, cifar10"),
      (["datasets", "fetch", "minst"], "there is nothing to fetch called 'minst'; did you mean 'mnist'?"),
      (["datasets", "x", "--to", "y"], "--to goes with fetch"),
    ] {
      let outcome = try FoveaProgram.run(words)
      #expect(outcome.status == 2 && outcome.err.contains(answer), "\(outcome.err)")
    }
  }
}
