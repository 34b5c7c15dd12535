import Testing

/// A line that was typed wrongly: what it gets as an answer, on standard error, with exit status 2.
struct Slip: Sendable, CustomTestStringConvertible {
  let words: [String]
  let answer: String

  init(_ line: String, _ answer: String) {
    words = line.split(separator: " ").map(String.init)
    self.answer = answer
  }

  var testDescription: String { words.joined(separator: " ") }
}

@Suite struct UsageTests {
  static let slips = [
    Slip("trian", "fovea: there is no command \"trian\"; did you mean train?"),
    Slip("--verbose train", "fovea: there is no option --verbose before a command; fovea --help lists the commands"),
    Slip("explain a b", "fovea: \"explain\" comes with a later version; fovea --help lists what there is"),
    Slip(
      "summary two-conv --bacth 3",
      "fovea summary: there is no option --bacth; did you mean --batch? (fovea summary --help)"),
    Slip("summary two-conv --batch", "fovea summary: --batch needs a value: --batch N (fovea summary --help)"),
    Slip("summary two-conv --batch --json", "fovea summary: --batch needs a value: --batch N (fovea summary --help)"),
    Slip(
      "summary two-conv --batch=many",
      "fovea summary: --batch takes a whole number from 1 to 1000000, not \"many\" (fovea summary --help)"),
    Slip(
      "summary two-conv --batch -1",
      "fovea summary: --batch takes a whole number from 1 to 1000000, not \"-1\" (fovea summary --help)"),
    Slip("summary two-conv --json=yes", "fovea summary: --json takes no value, but got \"yes\" (fovea summary --help)"),
    Slip(
      "summary two-conv -x",
      "fovea summary: there is no option -x; options begin with two dashes (fovea summary --help)"),
    Slip(
      "summary two-conv --batch 2 --batch 3",
      "fovea summary: --batch is given twice, as \"2\" and as \"3\" (fovea summary --help)"),
    Slip("summary two-conv three", "fovea summary: \"three\" is too much (fovea summary --help)"),
    Slip("summary -- --json", "fovea summary: no network is called \"--json\""),
    Slip(
      "summary two-con",
      "fovea summary: no network is called \"two-con\"; did you mean \"two-conv\"? (fovea summary --help)"),
    Slip(
      "summary two-conv --input 3x",
      "fovea summary: --input takes whole numbers joined by x, e.g. 3x224x224, not \"3x\""),
    Slip("summary", "fovea summary: MODEL is missing: a name that fovea models lists, or a file: .safetensors"),
    Slip("predict two-conv", "fovea predict: IMAGE… is missing: PNG or JPEG pictures"),
    Slip("predict two-conv x.png --crops 10", "fovea predict: --crops 10 comes with a later version; this one has 1"),
    Slip(
      "bench two-conv --device cuda",
      "fovea bench: --device cuda comes with a later version; this one has cpu, reference"),
    Slip("evaluate two-conv", "fovea evaluate: --data is missing: --data DATASET"),
    Slip(
      "evaluate two-conv --data fashion-mist",
      "fovea evaluate: --data: no data set is called 'fashion-mist'; did you mean 'fashion-mnist'?"),
    Slip("train --data fashion-mnist", "fovea train: MODEL is missing"),
    Slip(
      "train two-conv --data fashion-mnist --optimizer adm",
      "fovea train: --optimizer \"adm\" is unknown; did you mean adam? there are sgd, adam, adamw, rmsprop"),
    Slip(
      "train two-conv --data fashion-mnist --optimizer adam --momentum 0.5",
      "fovea train: --momentum is no part of adam; it goes with sgd, rmsprop"),
    Slip(
      "train two-conv --data fashion-mnist --betas 0.9,0.999",
      "fovea train: --betas is no part of sgd; it goes with adam, adamw"),
    Slip(
      "train two-conv --data fashion-mnist --optimizer adam --betas 0.9",
      "fovea train: --betas takes two numbers from 0 to below 1, e.g. 0.9,0.999"),
    Slip(
      "train two-conv --data fashion-mnist --augment flipp",
      "fovea train: --augment: "),
    Slip(
      "train two-conv --data fashion-mnist --patience 3",
      "fovea train: --patience judges by the validation part; give one, e.g. --validation 0.1"),
    Slip(
      "train --resume run --find-rate",
      "fovea train: --find-rate looks for the rate of a new run, so --resume contradicts it"),
    Slip(
      "train two-conv --data folder:x --resize 20 --size 30",
      "fovea train: --size 30 cannot be cut out of pictures that --resize 20 has made smaller"),
    Slip(
      "train two-conv --data fashion-mnist --schedule cosin",
      "fovea train: --schedule \"cosin\" is unknown; did you mean cosine?"),
    Slip(
      "train two-conv --data fashion-mnist --nesterov --momentum 0",
      "fovea train: --nesterov needs a momentum above 0, e.g. --momentum 0.9"),
    Slip(
      "train two-conv --data fashion-mnist --epochs 1 --steps 1",
      "fovea train: --epochs and --steps contradict each other; give one of them"),
    Slip("run two-conv --output out", "fovea run: --input is missing: --input [NAME=]FILE.npy"),
    Slip("datasets a b", "fovea datasets: \"b\" is too much"),
  ]

  @Test(arguments: slips)
  func oneClearLine(slip: Slip) throws {
    let outcome = try FoveaProgram.run(slip.words)
    #expect(outcome.status == 2)
    #expect(outcome.out == "")
    #expect(outcome.err.hasPrefix(slip.answer), "\(outcome.err)")
    #expect(outcome.err.split(separator: "\n").count == 1)
  }

  @Test func severalMistakesAtOnce() throws {
    let outcome = try FoveaProgram.run(
      "train", "two-con", "--data", "fashion-mist", "--epochs", "0", "--lr", "fast", "--momentum", "2", "--seed", "-1")
    #expect(outcome.status == 2)
    let lines = outcome.err.split(separator: "\n").map(String.init)
    #expect(lines.first == "fovea train: 6 mistakes (fovea train --help):")
    #expect(lines.count == 7)
  }

  @Test func valuesBehindAnEqualsSign() throws {
    let outcome = try FoveaProgram.run("summary", "--batch=100", "--input=3x32x32", "two-conv")
    #expect(outcome.status == 0)
    #expect(outcome.out.contains("[100×32×28×28]"))
  }
}
