import FoveaGraphs

/// How the parameters of a layer start; nil leaves it to the scheme that the model is initialized with.
struct Starts: Sendable {
  var weight: Initializer?
  var bias: Initializer?

  /// Normal with mean 0 and this deviation, as He's weights are for such a number of inputs.
  static func normal(_ deviation: Double) -> Initializer {
    .fan(.he, fanIn: Int((2 / (deviation * deviation)).rounded()), fanOut: 1)
  }
}

extension Conv2D {
  /// The same layer with other first values.
  func starting(weight: Initializer? = nil, bias: Initializer? = nil) -> Conv2D {
    var result = self
    result.convolution.starts = Starts(weight: weight, bias: bias)
    return result
  }
}

extension ConvTranspose2D {
  /// The same layer with other first values.
  func starting(weight: Initializer? = nil, bias: Initializer? = nil) -> ConvTranspose2D {
    var result = self
    result.convolution.starts = Starts(weight: weight, bias: bias)
    return result
  }
}

extension Dense {
  /// The same layer with other first values.
  func starting(weight: Initializer? = nil, bias: Initializer? = nil) -> Dense {
    var result = self
    result.starts = Starts(weight: weight, bias: bias)
    return result
  }
}
