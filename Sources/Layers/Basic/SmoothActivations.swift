import FoveaGraphs

/// The exponential linear unit x ≥ 0 ? x : alpha·(eˣ − 1), element by element (Clevert et al. 2015).
public struct ELU: Layer, CustomStringConvertible {
  let alpha: Double

  /// - Parameter alpha: what the negative side tends to, turned around; at least 0.
  public init(_ alpha: Double = 1) { self.alpha = alpha }

  public var description: String { alpha == 1 ? "ELU()" : typed("ELU", "\(alpha)") }

  public func declare(_ x: Symbol) -> Symbol {
    guard alpha >= 0, alpha.isFinite else {
      x.reject("an alpha of \(alpha)", mend: "give a number of at least 0, such as 1")
      return x
    }
    return x.applying(Op.Elu.self, alpha == 1 ? [:] : ["alpha": .float(alpha)])
  }
}

/// The scaled exponential linear unit, which keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).
public struct SELU: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Selu.self) }
  public var description: String { "SELU()" }
}

/// The Gaussian error linear unit x·Φ(x), element by element (Hendrycks and Gimpel 2016).
///
/// ```swift
/// GELU()
/// GELU(approximate: .tanh)      // as in networks that were trained with it
/// ```
public struct GELU: Layer, CustomStringConvertible {
  /// How the normal distribution is computed.
  public enum Approximation: String, Sendable {
    /// By the error function.
    case none
    /// By the hyperbolic tangent.
    case tanh
  }

  let approximate: Approximation

  public init(approximate: Approximation = .none) { self.approximate = approximate }

  public var description: String { typed("GELU", approximate == .none ? nil : "approximate: .\(approximate)") }

  public func declare(_ x: Symbol) -> Symbol {
    x.applying(Op.Gelu.self, approximate == .none ? [:] : ["approximate": .string(approximate.rawValue)])
  }
}

/// x·σ(x), the number gated by itself, also called Swish (Ramachandran et al. 2017).
public struct SiLU: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Swish.self) }
  public var description: String { "SiLU()" }
}

/// x·tanh(log(1 + eˣ)), element by element (Misra 2019): YOLOv4's activation.
public struct Mish: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Mish.self) }
  public var description: String { "Mish()" }
}

/// log(1 + eˣ), element by element: a rectifier without its corner (Dugas et al. 2001).
public struct Softplus: Layer, CustomStringConvertible {
  public init() {}
  public func declare(_ x: Symbol) -> Symbol { x.applying(Op.Softplus.self) }
  public var description: String { "Softplus()" }
}
