import Fovea

/// Slides a kernel along a signal: `Conv1D` without a bias.
func slide(
  _ x: [Double], _ kernel: [Double], stride: Int = 1, padding: Padding = .valid, dilation: Int = 1
) throws -> [Double] {
  try apply(signal(x), [signal(kernel)]) {
    Conv1D(1, kernel: kernel.count, stride: stride, padding: padding, dilation: dilation, bias: false)
  }.numbers
}

/// Slides a kernel over a picture: `Conv2D` without a bias.
func slide(
  _ x: [[Double]], _ kernel: [[Double]], stride: any PerAxis = 1, padding: Padding = .valid
) throws -> [[Double]] {
  try apply(picture(x), [picture(kernel)]) {
    Conv2D(1, kernel: [kernel.count, kernel[0].count], stride: stride, padding: padding, bias: false)
  }.rows
}

/// What one layer without parameters makes of a picture.
func through(_ layer: any Layer, _ x: [[Double]]) throws -> [[Double]] { try apply(picture(x)) { layer }.rows }

/// What one layer without parameters makes of a signal.
func through(_ layer: any Layer, _ x: [Double]) throws -> [Double] { try apply(signal(x)) { layer }.numbers }

/// The matrix of a convolution along a signal of `n` numbers, [rows][columns]: column by column what it does to each
/// unit vector.
func matrix(
  of kernel: [Double], n: Int, stride: Int = 1, padding: Padding = .valid, dilation: Int = 1
) throws -> [[Double]] {
  let columns = try (0..<n).map { index in
    try slide((0..<n).map { $0 == index ? 1 : 0 }, kernel, stride: stride, padding: padding, dilation: dilation)
  }
  return (0..<(columns.first?.count ?? 0)).map { row in columns.map { $0[row] } }
}

/// A matrix times a vector, written out.
func product(_ matrix: [[Double]], _ x: [Double]) -> [Double] {
  matrix.map { row in zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } }
}

/// Rows become columns.
func transposed(_ matrix: [[Double]]) -> [[Double]] {
  (matrix.first ?? []).indices.map { column in matrix.map { $0[column] } }
}

/// The extents of a layer's output without batch and channels; nil when the layer does not fit.
func extents(_ input: [Int], _ layer: any Layer) -> [Int]? {
  let graph = Model.draft(input: InputShape(Shape([1] + input))) { layer }
  guard graph.mistakes.isEmpty, let output = graph.output("output") else { return nil }
  return Array(graph.shape(output).dims.dropFirst(2))
}

/// The length of a layer's output along a signal of `n` numbers; nil when the layer does not fit.
func length(_ n: Int, _ layer: any Layer) -> Int? { extents([n], layer)?.first }

/// What layers are made of; takes no memory, however large they are.
func table(_ input: InputShape, @LayerBuilder _ layers: () -> [Placed]) throws -> SummaryTable {
  let graph = Model.draft(input: input, layers)
  try graph.check()
  return SummaryTable(graph)
}

/// What a network of the zoo is made of; takes no memory, however large it is.
func network(_ name: String, input: InputShape? = nil) throws -> SummaryTable {
  let entry = try Zoo.standard.entry(name)
  return try table(input ?? entry.input) { entry.network(entry.classes) }
}

extension SummaryTable {
  /// The rows that have parameters.
  var learned: [Row] { rows.filter { $0.parameters > 0 } }

  /// The largest field along the first axis, of the rows of these kinds.
  func fields(of types: Set<String>) -> [Int] {
    rows.filter { types.contains($0.type) }.map { $0.receptiveField.first?.last ?? -1 }
  }
}
