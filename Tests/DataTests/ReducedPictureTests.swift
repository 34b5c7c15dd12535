import Foundation
import FoveaData
import FoveaTensors
import Testing

/// Pictures that are decoded smaller than they are, for training alone.
@Suite struct ReducedPictureTests {
  static let height = 101
  static let width = 138

  @Test(arguments: [1, 2, 4, 8])
  func aReducedPictureIsTheMeanOfItsPixels(reduction: Int) throws {
    let scratch = try Scratch()
    let path = try scratch.file("waves.jpg", ReducedPictureTests.jpeg)
    let full = try ImageDecoder.decode(path: path)
    #expect(full.height == Self.height && full.width == Self.width)
    let found = try ImageDecoder.decode(path: path) { height, width in
      #expect(height == Self.height && width == Self.width)
      return reduction
    }
    #expect(found.height == Self.height && found.width == Self.width && found.reduction == reduction)
    let image = found.image
    #expect(image.height == (Self.height + reduction - 1) / reduction)
    #expect(image.width == (Self.width + reduction - 1) / reduction)
    // Whole blocks of pixels against the reduced one; the decoder leaves out the finest waves, so it is nearly so.
    var sum = 0.0
    var count = 0.0
    for row in 0..<Self.height / reduction {
      for column in 0..<Self.width / reduction {
        for channel in 0..<3 {
          var mean = 0.0
          for y in 0..<reduction {
            for x in 0..<reduction {
              let at = ((row * reduction + y) * Self.width + column * reduction + x) * 3 + channel
              mean += Double(full.pixels[at]) / Double(reduction * reduction)
            }
          }
          let own = Double(image.pixels[(row * image.width + column) * 3 + channel])
          #expect(abs(own - mean) < 12, "\(row), \(column), \(channel): \(own) and \(mean)")
          sum += abs(own - mean)
          count += 1
        }
      }
    }
    #expect(sum / count < 1.5, "\(sum / count)")
  }

  @Test func reducedAsFarAsThePartAllows() {
    let whole = Augmenter(Augmentation(flip: 0.5), seed: 0)
    func reduction(_ source: (Int, Int), _ target: (Int, Int), resize: Int?) -> Int {
      whole.reduction(index: 0, source: source, target: target, resize: resize)
    }
    #expect(reduction((500, 375), (224, 224), resize: 256) == 1)
    #expect(reduction((1024, 512), (224, 224), resize: 256) == 2)
    #expect(reduction((1023, 511), (224, 224), resize: 256) == 1)
    #expect(reduction((3000, 4000), (224, 224), resize: 256) == 8)
    #expect(reduction((3000, 4000), (224, 1001), resize: nil) == 2)
    // What is not varied is what others are held against: it stays as it is.
    let none = Augmenter(.none, seed: 0)
    #expect(none.reduction(index: 0, source: (3000, 4000), target: (224, 224), resize: 256) == 1)
    // A part that is cut out decides: never less than the target, and half as much would be less.
    let crops = Augmenter(Augmentation(resizedCrop: 0.08), seed: 3)
    let all = (0..<200).map { crops.reduction(index: $0, source: (800, 800), target: (100, 100), resize: nil) }
    #expect(Set(all) == [2, 4])
  }

  /// The same picture from a PNG, which is never reduced, gives the same example but for fine detail: what is drawn and
  /// where it is cut do not depend on how it was decoded.
  @Test(arguments: [40, 20, 10, 5])
  func aReducedExampleIsTheSameExample(size: Int) throws {
    let scratch = try Scratch()
    var folders: [String] = []
    for (name, bytes) in [
      ("jpg", ReducedPictureTests.jpeg),
      ("png", try PNGWriter.encode(ImageDecoder.decode(path: scratch.file("waves.jpg", ReducedPictureTests.jpeg)))),
    ] {
      try FileManager.default.createDirectory(
        atPath: scratch.file("\(name)/train/a"), withIntermediateDirectories: true)
      folders.append(scratch.file(name))
      for copy in 0..<24 { _ = try scratch.file("\(name)/train/a/\(10 + copy).\(name)", bytes) }
    }
    for augmentation in [Augmentation(resizedCrop: 0.3, flip: 0.5), Augmentation(crop: 2, flip: 0.5)] {
      let examples = try folders.map { folder in
        let options = PictureOptions(size: [size, size], resize: augmentation.crop.map { _ in size + size / 5 })
        let set = try DatasetSource.folder(folder).load(split: .train, pictures: options)
        let loader = try Loader(
          set, batchSize: 24, order: .sequential, normalization: .levels, epochs: 1, augmentation: augmentation,
          augmentationSeed: 5)
        return try #require(try loader.next()?["input"]).array(of: Float.self)
      }
      let differences = zip(examples[0], examples[1]).map { abs($0 - $1) }
      let mean = differences.reduce(0, +) / Float(differences.count)
      // Half a pixel's shift would make some three levels at the coarsest.
      #expect(mean < (size == 5 ? 2 : 1.2), "\(augmentation) at \(size): \(mean)")
      #expect(examples[0].contains { $0 > 1 })
      if size == 5 { #expect(differences.contains { $0 > 0 }, "nothing was reduced") }
    }
  }

  /// Waves of colour, 101×138, 4:2:0, written by Pillow.
  static let jpeg = [UInt8](
    Data(
      base64Encoded: """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8f
        ExciJCIeJBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e
        Hh7/wAARCABlAIoDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQID
        AAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlq
        c3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3
        +Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEI
        FEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImK
        kpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDw
        HTB0rpdPHArnNN7V0VgeBXjzw+h+7YSdjbtegq/H0rOtjxV6NuK+cx+GPV9srFkHikamBqC1eA4tM+czOommRyVGRUp5o2134Sld3Py3
        OtbkO3mnovNSBOakSPmvYlR90/McfBuTHQLWrZDpVGGOtK0TGK+Yx8OVnm06buben9q6PTu1c9YDpXRacOlfL4lczsfQYJWOl00dK6Gy
        6Cue07tXQWR4FcTw+h9PQqpI1oOlWMVVgarG6vLxGG941nWR+eun8Yresm4FYNlxiti1bAFf1T9Wuj9ihX5Dct34FXY34rIgk4q5HJXh
        4/CFyx1kaIenA1TSSp0bNfKVcLaR42MxfMiwBmpFXNMj5q3Ema7cLQsfD5l79xiR57VPHF7VNFF7Vaih9q9GpT90+JxeFuyCGKtC2jxS
        xQ+1XYIq+VzGB56wtmWrJMYresBjFZVqmMVsWYxivmZ0byOqmuQ3rA4xW5aP0rn7NsYrXtn6VqsLdHSsVym5A9WN9ZkMtWPM9687EYP3
        jKeO13Pge24rRt3xWbDxVuJuK/qanhro/bcVX5DVik96tRS1kxyVZil6V5mOweh41XMLdTWikzirsLZxWPBJ0rStmzivkMThLSOKeM5j
        Vt+SK0rZM4rPsxnFbNmmcVNGhY4qi5yxbxZ7Vdhg9qdaxZ7VowQ+1a1oWiefUwfMV4oParMUOKsxwcdKnSLHavlMfC7OCrg7DIExitG2
        GMVBGmKsxDFeNGjeR4uKjyGjbNjFaVvJ0rIhbGKuRSV6dLCXR87icXymzDL71Y82sqKX3qcSVyYjB+8eRPMNdz4hXipVao6M1/TeHw14
        n9G5rV5Wyyj1PFJVFWqaJq5cbhND42vi3c1rd+la1m2cVhWzdK2rE9K+LxmFsxUsTzM6CwGcV0FgmcVg6cOldLpy9K4Y0LHs4f3jVs4u
        lasEVVrFOla1vH7VhiKeh6ccOmhiQ8dKkEXFWkj4pxTivlMbT1OHFYdJFUJT1GKkZcU0iuCjQvI+FzZcqY9Dip43qsKerV9Dh8LeJ+a5
        liHFs0IpOetWBJ71nxtzVgNxWWIwnvHzM8W7nxsRTDUrCmla/o3DUPdP6zzqWrGCpoqYFqaJelY43D6HwWIk+Yu2vatuw6isa1XpW5YD
        pXxWNoammGk7nRaYOldRpg6VzWmDpXUaYOleX7A+pwTOgsV4FbFsvFZVh0FbFtXHiaGh9DTasWFXihl4p6dKVhxXymMoanFjWuUrutRM
        KsOKiYVy4eh7x+b529GRGlWlK05Vr6bDUPdPyTNpO7JIutWBUMa81YC8VFehqfJzk7nx7to2VKq5qRY6/oTD0bRP7OzaHM2V1Spoo6mS
        L2qeKL2rmxtPQ+Kr4d3H2qdK2rFORVC3i6cVr2cfSvjMZSuwo0WmbWmjkV02m9q52wXGK6HT+MV56w9z3MNLlOisT0rXt2rEs2xitW3e
        ufEYXQ9WOJSRoo3FOJ4qsj8VIG4r5TG4XU4sXik0OamEUuc04DNcNHD2kfBZtPmTGBaeqVKqZqZIulfRYelZH5lmdJtsjjj56VYEfFSx
        Rc9KsCL2rLEU/ePmJ4d3PjKMCrMaCiiv3+ilyn9l45XuWI0FWIo14oorgx2x85Virl2CMcVpWqjIoor47FLU5+VGzZDpW5ZHpRRWFNIu
        9jZtWPFaMDGiiivFcpMpMtxuamVjiiivlMdFXOCvOVtyVDU8YooryqcVzHzGOd7lqJRVuJBRRXs0VofG42KuW4o1qwI1xRRXNiNzwpxV
        z//Z
        """, options: .ignoreUnknownCharacters) ?? Data())
}
