import CFoveaPNG
import FoveaTensors

/// Writes PNG pictures.
public enum PNGWriter {
  /// Writes `image` (gray or RGB, 8 bit) to the file at `path`: the whole file or none.
  /// - Throws: `DataError.libraryMissing`, `.badPicture` when it is too large for libpng, `.tensors`
  ///   when the file cannot be written.
  public static func write(_ image: Image8, to path: String) throws(DataError) {
    let file = try encode(image, name: path)
    do throws(FileError) { try AtomicFile.write(file, to: path) } catch { throw .tensors(TensorError(error)) }
  }

  /// `image` as the bytes of a PNG file; `name` is what errors call it.
  /// - Throws: `DataError.libraryMissing`, `.badPicture` when it is too large for libpng.
  public static func encode(_ image: Image8, name: String = "the picture") throws(DataError) -> [UInt8] {
    let library = try pngLibrary(for: "writing PNG pictures")
    guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height) else {
      throw .badSize(height: image.height, width: image.width)
    }
    let channels = Int32(image.channels)
    var size = library.pointee.bound(width, height, channels)
    guard size > 0 else {
      throw .badPicture(path: name, reason: "\(image.height)×\(image.width) pixels are too many for a PNG file")
    }
    var message = Message(count: Int(FOVEA_PNG_MESSAGE))
    var file = [UInt8](repeating: 0, count: size)
    let status = image.pixels.withUnsafeBufferPointer { pixels in
      file.withUnsafeMutableBytes { room in
        message.fill { text in
          guard let from = pixels.baseAddress, let to = room.baseAddress else { return 1 }
          return library.pointee.encode(width, height, channels, from, to, &size, text)
        }
      }
    }
    guard status == 0 else { throw .badPicture(path: name, reason: message.text) }
    file.removeLast(file.count - size)
    return file
  }
}
