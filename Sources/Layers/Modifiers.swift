/// What modifiers say about a layer.
struct Modifiers: Sendable, Equatable {
  var name: String?
  var tap: String?
  var sharing: String?
}

/// A layer with a name, a tap or shared parameters: what `.named`, `.tap` and `.sharing` return.
public struct ModifiedLayer: Layer, CustomStringConvertible {
  let base: any Layer
  var modifiers: Modifiers

  public func declare(_ x: Symbol) -> Symbol { base.declare(x) }

  public var description: String {
    var text = layerDescription(base)
    if let name = modifiers.name { text += ".named(\"\(name)\")" }
    if let name = modifiers.sharing { text += ".sharing(\"\(name)\")" }
    if let name = modifiers.tap { text += ".tap(\"\(name)\")" }
    return text
  }
}

extension Layer {
  /// Gives the layer a name, which takes its position's place in parameter paths: `conv1.weight`.
  public func named(_ name: String) -> ModifiedLayer { modified { $0.name = name } }

  /// Makes the layer's output a further output of the model; of a `Side`, the end of its branch.
  ///
  /// ```swift
  /// Side { GlobalHead() }.tap("aux1")     // Szegedy et al. 2014, figure 3
  /// ```
  public func tap(_ output: String) -> ModifiedLayer { modified { $0.tap = output } }

  /// Gives all layers with this sharing name one set of parameters, whose path is that name.
  public func sharing(_ name: String) -> ModifiedLayer { modified { $0.sharing = name } }

  // One wrapper holds all modifiers, so that their order does not matter.
  private func modified(_ change: (inout Modifiers) -> Void) -> ModifiedLayer {
    var result = self as? ModifiedLayer ?? ModifiedLayer(base: self, modifiers: Modifiers())
    change(&result.modifiers)
    return result
  }
}
