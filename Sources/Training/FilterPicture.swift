import FoveaData
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// What the first convolution looks for, as a picture: a tile for each filter.
package enum FilterPicture {
  /// More tiles than this nobody looks at.
  private static let mostTiles = 256
  /// The side of a tile that a screen shows well, in pixels.
  private static let side = 24

  /// The path and the picture (a PNG file) of the first convolution over two axes; nil where there is none, or no
  /// library that writes PNG.
  static func first(of model: Model) throws -> (path: String, png: [UInt8])? {
    let paths = Dictionary(uniqueKeysWithValues: model.graph.parameters.map { ($0.value, $0.parameter.path) })
    for node in model.graph.nodes where node.op == Op.Conv.name {
      guard node.inputs.count > 1, let weights = node.inputs[1], let path = paths[weights] else { continue }
      let tensor = try model.store.tensor(path)
      guard tensor.shape.rank == 4, tensor.dtype == .f32, let picture = try grid(of: tensor) else { return nil }
      do throws(DataError) { return (path, try PNGWriter.encode(picture)) } catch {
        // The curves are worth having without it; `fovea doctor` tells that the library is missing.
        if case .libraryMissing = error { return nil }
        throw error
      }
    }
    return nil
  }

  /// Weights [O, I, H, W] as tiles: one in colour for each filter on three channels, else one in gray for each
  /// filter and channel. Middle gray is 0; the largest weight of all is white or black.
  package static func grid(of weights: Tensor) throws -> Image8? {
    let (filters, inputs) = (weights.shape[0], weights.shape[1])
    let (height, width) = (weights.shape[2], weights.shape[3])
    let values = weights.array(of: Float.self)
    let largest = values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    let colours = inputs == 3 ? 3 : 1
    let tiles = min(mostTiles, colours == 3 ? filters : filters * inputs)
    guard tiles > 0, max(height, width) <= 256 else { return nil }
    var columns = 1
    while columns * columns < tiles { columns += 1 }
    // Where a row per filter makes a page, channels stand side by side.
    if colours == 1, inputs > 1, inputs <= 32 { columns = inputs }
    let rows = (tiles + columns - 1) / columns
    let zoom = max(1, side / max(height, width))
    let (tileHeight, tileWidth) = (height * zoom + 2, width * zoom + 2)
    let (pageHeight, pageWidth) = (rows * tileHeight, columns * tileWidth)
    var pixels = [UInt8](repeating: 0, count: pageHeight * pageWidth * colours)
    for tile in 0..<tiles {
      let (top, left) = (tile / columns * tileHeight + 1, tile % columns * tileWidth + 1)
      for y in 0..<height * zoom {
        for x in 0..<width * zoom {
          for colour in 0..<colours {
            let plane = tile * colours + colour
            let value = values[(plane * height + y / zoom) * width + x / zoom]
            let level = largest > 0 && value.isFinite ? 127.5 + 127.5 * value / largest : 127.5
            pixels[((top + y) * pageWidth + left + x) * colours + colour] = UInt8(level.rounded())
          }
        }
      }
    }
    return try Image8(height: pageHeight, width: pageWidth, channels: colours, pixels: pixels)
  }
}
