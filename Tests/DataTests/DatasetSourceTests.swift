import Foundation
import FoveaData
import FoveaTensors
import Testing

/// Real data beside the project, which is not part of it.
let sharedData = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data").path
let hasFashion = DatasetListing.all().contains { $0.form == "fashion-mnist" && $0.isPresent }

@Suite struct DatasetSourceTests {
  private func message(_ text: String) -> String {
    do {
      return "no error: \(try DatasetSource.parse(text))"
    } catch { return error.description }
  }

  @Test func parsesWhatItPrints() throws {
    #expect(try DatasetSource.parse("fashion-mnist") == .fashionMNIST)
    #expect(try DatasetSource.parse("mnist:/a/b:c") == .mnist("/a/b:c"))
    #expect(DatasetSource.mnist("/a").description == "mnist:/a")
    #expect(DatasetSource.fashionMNIST.description == "fashion-mnist")
    for text in ["mnist-1d", "cifar10:/c", "folder:a/b", "labels:x.csv", "fashion-mnist:/f"] {
      #expect(try DatasetSource.parse(text).description == text)
    }
    #expect(try DatasetSource.parse("fashion-mnist:/f").location == "/f")
  }

  @Test func nearMissesAreSuggested() {
    #expect(message("fasion-mnist") == "no data set is called 'fasion-mnist'; did you mean 'fashion-mnist'?")
    #expect(message("Fashion-MNIST") == "no data set is called 'Fashion-MNIST'; did you mean 'fashion-mnist'?")
    #expect(message("mnits:/data") == "no data set is called 'mnits'; did you mean 'mnist:DIR'?")
    #expect(
      message("imagenet") == "no data set is called 'imagenet'; known are fashion-mnist, mnist:DIR, "
        + "mnist-1d, cifar10:DIR, folder:DIR, labels:FILE.csv")
    #expect(message("").contains("no data set is called ''"))
  }

  @Test func directoriesGoWithTheSetsThatTakeThem() {
    #expect(message("mnist") == "this data set lives in a directory that you name: mnist:DIR")
    #expect(message("mnist:") == "this data set lives in a directory that you name: mnist:DIR")
    #expect(message("labels:") == "this data set lives in a file that you name: labels:FILE.csv")
    #expect(message("mnist-1d:/x") == "'mnist-1d' takes no directory, but '/x' was given; write just 'mnist-1d'")
  }

  @Test func distancesCountSwapsAsOne() {
    #expect(nearestName(to: "resnet81", among: ["resnet18", "resnet50"]) == "resnet18")
    #expect(nearestName(to: "lenet", among: ["lenet5", "alexnet"]) == "lenet5")
    #expect(nearestName(to: "x", among: ["lenet5"]) == nil)
    #expect(nearestName(to: "vgg", among: [String]()) == nil)
  }

  @Test func bothSpellingsOfTheFileNamesAreFound() throws {
    for (dot, ending) in [("-", ""), (".", ""), ("-", ".gz"), (".", ".gz")] {
      let scratch = try Scratch()
      for part in ["train", "t10k"] {
        _ = try scratch.file("\(part)-images\(dot)idx3-ubyte\(ending)", Golden.idxImagesGzip)
        _ = try scratch.file("\(part)-labels\(dot)idx1-ubyte\(ending)", Golden.idxLabelsGzip)
      }
      let set = try DatasetSource.mnist(scratch.path).load(split: .test)
      #expect(set.count == 3)
      #expect(set.classNames == (0..<10).map(String.init))
      let line = try #require(DatasetListing.all(in: scratch.path).first { $0.form == "mnist:DIR" })
      #expect(line.isPresent)
      #expect(line.trainCount == 3 && line.location == scratch.path)
    }
  }

  @Test func aMissingFileIsSaidWithTheMend() throws {
    let scratch = try Scratch()
    let error = #expect(throws: DataError.self) { _ = try DatasetSource.mnist(scratch.path).load(split: .train) }
    #expect(
      error?.description.hasPrefix("mnist: \(scratch.path) has no train-images-idx3-ubyte[.gz]; put train-images")
        == true)
  }

  @Test func fashionMNISTIsLookedForWhereTheEnvironmentSays() async {
    await #expect(processExitsWith: .success) {
      setenv("FOVEA_FASHION_MNIST", "/no/such/place", 1)
      do {
        _ = try DatasetSource.fashionMNIST.load(split: .train)
        exit(1)
      } catch {
        let good =
          "\(error)" == "fashion-mnist: /no/such/place has no train-images-idx3-ubyte[.gz]; install it "
          + "(Debian: apt-get install dataset-fashion-mnist) or name its directory in FOVEA_FASHION_MNIST"
        exit(good ? 0 : 2)
      }
    }
  }

  @Test func theListSaysWhatIsMissing() throws {
    let lines = DatasetListing.all(in: "/no/such")
    #expect(
      lines.map(\.form) == [
        "fashion-mnist", "mnist:DIR", "mnist-1d", "cifar10:DIR", "folder:DIR", "labels:FILE.csv",
      ])
    #expect(lines[2].isPresent && lines[2].trainCount == 4000 && lines[2].location == nil)
    #expect(lines[1].location == "/no/such/mnist")
    #expect(!lines[1].isPresent && lines[1].problem != nil)
    #expect(DatasetListing.all()[1].location == nil)
  }

  @Test(.enabled(if: hasFashion, "Fashion-MNIST is not installed (apt-get install dataset-fashion-mnist)"))
  func fashionMNIST() throws {
    let train = try DatasetSource.fashionMNIST.load(split: .train)
    let test = try DatasetSource.fashionMNIST.load(split: .test)
    #expect(train.count == 60_000 && test.count == 10_000)
    #expect(train.sampleShape == [1, 28, 28])
    #expect(train.classNames[Int(train.label(0))] == "Ankle boot")
    #expect((0..<10).map { name in (0..<10_000).count { test.label($0) == name } } == Array(repeating: 1000, count: 10))
    // The published numbers are 0.2860 and 0.3530.
    let found = try PixelStatistics(of: train)
    #expect(abs(found.mean[0] - 0.2860) < 5e-5)
    #expect(abs(found.std[0] - 0.3530) < 5e-5)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: sharedData + "/mnist"), "no ../shared/data/mnist here"))
  func mnist() throws {
    let train = try DatasetSource.mnist(sharedData + "/mnist").load(split: .train)
    #expect(train.count == 60_000)
    #expect((0..<10).map { train.label($0) } == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    let found = try PixelStatistics(of: train)
    #expect(abs(found.mean[0] - 0.1307) < 5e-5)
    #expect(abs(found.std[0] - 0.3081) < 5e-5)
  }
}
