import FoveaData
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import FoveaVision

extension Predictor {
  /// What a model that ends in a YOLO grid sees in a picture, best first: boxes in the picture's own pixels, cut at
  /// its border; those wholly outside are left out.
  ///
  /// ```swift
  /// let grid = YOLOGrid(classes: 20)
  /// for found in try await predictor.detections(in: image, grid: grid) { print(found.classIndex, found.box) }
  /// ```
  /// - Parameters:
  ///   - grid: what the numbers of the output mean.
  ///   - rule: what is too unsure, and what overlaps too much.
  /// - Throws: `PredictorError.notADetector`, `.cutsPictures`; `DataError` when the picture cannot be prepared;
  ///   `ExecutionError` when it does not fit the model.
  public func detections(
    in image: Image8, grid: YOLOGrid, by rule: Suppression = Suppression(overlap: 0.5, score: 0.2)
  ) async throws -> [Detection] {
    let ends = try DetectorEnds(model.graph, grid)
    guard model.preprocessing.resize == nil else { throw PredictorError.cutsPictures }
    let tensor = try input(of: image)
    let batch = try tensor.reshaped(to: Shape([1] + tensor.shape.dims))
    guard let output = try await run([ends.input: batch])[ends.output] else { return [] }
    let all = try grid.detections(
      in: output.converted(to: .f32).array(of: Float.self), score: rule.score ?? -.infinity)
    return Predictor.placed(nonMaximumSuppression(all, by: rule), in: image)
  }

  /// What a model with YOLO layers (`Model.detection`) sees in a picture, best first: boxes in the picture's own pixels,
  /// cut at its border; those wholly outside are left out.
  ///
  /// ```swift
  /// let predictor = Predictor(try Darknet.read("yolo-fastest.cfg"), device: .cpu())
  /// for found in try await predictor.detections(in: image) { print(found.score, found.box) }
  /// ```
  /// - Parameter rule: what is too unsure, and what overlaps too much.
  /// - Throws: `PredictorError.noDetector`, `.badHead`, `.cutsPictures`, `.notNumbers`; `DataError` when the picture
  ///   cannot be prepared; `ExecutionError` when it does not fit the model.
  public func detections(
    in image: Image8, by rule: Suppression = Suppression(overlap: 0.45, score: 0.25)
  ) async throws -> [Detection] {
    let inputs = model.graph.inputs.map { model.graph[$0].name }
    guard let name = inputs.first, inputs.count == 1, !model.detection.isEmpty else {
      throw PredictorError.noDetector(inputs: inputs, outputs: model.graph.outputs.map(\.name))
    }
    guard model.preprocessing.resize == nil else { throw PredictorError.cutsPictures }
    let tensor = try input(of: image)
    let outputs = try await run([name: tensor.reshaped(to: Shape([1] + tensor.shape.dims))])
    var all: [Detection] = []
    for head in model.detection {
      let output = outputs[head.output]
      guard let output, output.shape.rank == 4, head.isSound, output.shape[1] == head.channels else {
        throw PredictorError.badHead(output: head.output, shape: output?.shape.description ?? "none")
      }
      let numbers = output.converted(to: .f32).array(of: Float.self)
      guard numbers.allSatisfy(\.isFinite) else { throw PredictorError.notNumbers }
      all += try head.detections(
        in: numbers, height: output.shape[2], width: output.shape[3],
        input: (height: tensor.shape[1], width: tensor.shape[2]), score: rule.score ?? -.infinity)
    }
    return Predictor.placed(nonMaximumSuppression(all, by: rule), in: image)
  }

  /// Boxes in units of the picture, which was stretched to the network's size as a whole, in its own pixels.
  private static func placed(_ detections: [Detection], in image: Image8) -> [Detection] {
    detections.compactMap { found in
      let box = found.box.clipped(to: Box(left: 0, top: 0, right: 1, bottom: 1))
        .scaled(x: Double(image.width), y: Double(image.height))
      return box.isEmpty ? nil : Detection(box: box, classIndex: found.classIndex, score: found.score)
    }
  }
}

/// Where a detector takes pictures and gives its numbers.
private struct DetectorEnds {
  let input: String
  let output: String

  init(_ graph: Graph, _ grid: YOLOGrid) throws(PredictorError) {
    let inputs = graph.inputs.map { graph[$0].name }
    let outputs = graph.outputs.map(\.name)
    let name = outputs.contains("output") ? "output" : outputs.first
    let shape = name.flatMap { graph.output($0) }.map { graph[$0].type.shape }
    guard inputs.count == 1, let name, let shape, shape.rank == 2, let numbers = grid.numbers, shape[1] == numbers
    else { throw .notADetector(inputs: inputs, output: shape?.description ?? "none", grid: grid) }
    input = inputs[0]
    output = name
  }
}
