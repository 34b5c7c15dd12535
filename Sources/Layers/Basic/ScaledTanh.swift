import FoveaGraphs
import FoveaTensors

/// A hyperbolic tangent with other scales: amplitude·tanh(slope·x), element by element. The constants of LeCun et
/// al. 1989 make f(±1) = ±1 and the curvature largest there.
///
/// ```swift
/// ScaledTanh()                              // 1.7159·tanh(2/3·x)
/// ScaledTanh(amplitude: 1, slope: 0.5)
/// ```
public struct ScaledTanh: Layer, CustomStringConvertible {
  let amplitude: Double
  let slope: Double

  public init(amplitude: Double = 1.7159, slope: Double = 2.0 / 3) {
    self.amplitude = amplitude
    self.slope = slope
  }

  public var description: String {
    typed(
      "ScaledTanh", argument("amplitude", amplitude, default: 1.7159), argument("slope", slope, default: 2.0 / 3))
  }

  public func declare(_ x: Symbol) -> Symbol {
    guard amplitude.isFinite, slope.isFinite else {
      x.reject("an amplitude of \(amplitude) and a slope of \(slope)", mend: "give finite numbers")
      return x
    }
    func times(_ y: Symbol, _ factor: Double) -> Symbol {
      factor == 1 ? y : y.applying(Op.Mul.self, to: [y.constant(Tensor([Float(factor)]))])
    }
    return times(times(x, slope).applying(Op.Tanh.self), amplitude)
  }
}
