import FoveaGraphs
import FoveaLayers

/// One section of a configuration as a layer, made of ordinary operators.
struct DarknetLayer: Layer, CustomStringConvertible {
  /// A layer reads at most so many others.
  static let mostSources = 256

  let section: DarknetConfig.Section
  /// The section's number, from 0 at the first behind `[net]`.
  let index: Int
  /// What the layers that a route, a shortcut or a scaling names have made; nil for one that is not there.
  let sources: [(number: Int, value: Reference?)]

  var description: String {
    let shown = ["filters", "size", "stride", "groups", "output", "layers", "from"].compactMap { key in
      section[key].map { "\(key): \(Named.cut($0))" }
    }
    return "Darknet.\(Named.cut(section.kind))(\(shown.joined(separator: ", ")))"
  }

  func declare(_ x: Symbol) -> Symbol {
    let options = DarknetOptions(section, x)
    switch section.kind {
    case "convolutional", "conv": return convolution(x, options)
    case "connected", "conn": return connected(x, options)
    case "maxpool", "max": return maxPool(x, options)
    case "avgpool", "avg": return GlobalAveragePool()(x)
    case "dropout": return Dropout(options.number("probability", default: 0.5))(x)
    case "softmax", "soft": return softmax(x, options)
    case "upsample": return upsample(x, options)
    case "route": return route(x, options)
    case "shortcut": return shortcut(x, options)
    case "scale_channels": return scaled(x, options)
    // What they compute is done beside the graph: boxes, and a loss.
    case "yolo", "cost": return x
    default:
      x.reject(
        "layers [\(Named.cut(section.kind))] are not supported",
        mend: "there are convolutional, connected, maxpool, avgpool, dropout, softmax, upsample, route, shortcut, "
          + "scale_channels and yolo")
      return x.poisoned(nil)
    }
  }

  // MARK: Layers with weights

  private func convolution(_ x: Symbol, _ options: DarknetOptions) -> Symbol {
    options.refuse([
      ("flipped", 0), ("binary", 0), ("xnor", 0), ("bin_output", 0), ("dilation", 1), ("antialiasing", 0),
      ("share_index", -1_000_000_000), ("deform", 0), ("assisted_excitation", 0), ("sway", 0), ("rotate", 0),
      ("stretch", 0), ("stretch_sway", 0),
    ])
    let size = options.int("size", default: 1, in: 1...1000)
    // `pad` is a flag and means half the kernel; `padding` is a number.
    let padding =
      options.int("pad", default: 0) != 0 ? size / 2 : options.int("padding", default: 0, in: 0...1000)
    let stride = strides(options).both
    let y = Conv2D(
      options.int("filters", default: 1, in: 1...1_000_000), kernel: size, stride: stride,
      padding: padding == 0 ? .valid : .explicit(padding), groups: options.int("groups", default: 1, in: 1...1_000_000),
      bias: !section.hasNorm
    ).named("conv")(x)
    return ended(y, options, activation: "logistic")
  }

  private func connected(_ x: Symbol, _ options: DarknetOptions) -> Symbol {
    let units = options.int("output", default: 1, in: 1...100_000_000)
    let flat = x.rank == 2 ? x : Flatten()(x)
    return ended(Dense(units, bias: !section.hasNorm).named("fc")(flat), options, activation: "logistic")
  }

  /// The norm and the activation behind a layer with weights.
  private func ended(_ x: Symbol, _ options: DarknetOptions, activation: String) -> Symbol {
    // Darknet adds the number to the deviation, not to the variance; where that matters, a channel is constant anyway.
    let y = section.hasNorm ? BatchNorm(epsilon: 1e-6).named("bn")(x) : x
    return options.activation(default: activation)?(y) ?? y
  }

  // MARK: Layers without

  private func strides(_ options: DarknetOptions) -> (y: Int, x: Int, both: any PerAxis) {
    let both = options.int("stride", default: 1, in: 1...1000)
    let y = options.int("stride_y", default: both, in: 1...1000)
    let x = options.int("stride_x", default: both, in: 1...1000)
    return (y, x, y == x ? y : [y, x])
  }

  /// Darknet pads size − 1 in all unless told otherwise, half of it before and the odd one behind.
  private func maxPool(_ x: Symbol, _ options: DarknetOptions) -> Symbol {
    options.refuse([("maxpool_depth", 0), ("antialiasing", 0)])
    let stride = strides(options)
    let size = options.int("size", default: max(stride.y, stride.x), in: 1...1000)
    let padding = options.int("padding", default: size - 1, in: 0...1000)
    let before = padding / 2
    return MaxPool2D(
      size, stride: stride.both,
      padding: padding == 0
        ? .valid : .explicit(before: [before, before], after: [padding - before, padding - before]))(x)
  }

  private func softmax(_ x: Symbol, _ options: DarknetOptions) -> Symbol {
    options.refuse([("groups", 1), ("temperature", 1), ("spatial", 0), ("tree", 0)])
    return Softmax()(x.rank == 2 ? x : Flatten()(x))
  }

  private func upsample(_ x: Symbol, _ options: DarknetOptions) -> Symbol {
    options.refuse([("scale", 1)])
    return Upsample2D(scale: options.int("stride", default: 2, in: 1...1000))(x)
  }

  /// The channels of other layers side by side, or one of several equal parts of them.
  private func route(_ x: Symbol, _ options: DarknetOptions) -> Symbol {
    let groups = options.int("groups", default: 1, in: 1...1_000_000)
    let group = options.int("group_id", default: 0, in: 0...(groups - 1))
    var parts = symbols(x)
    guard !parts.isEmpty, parts.count == sources.count else { return x.poisoned(nil) }
    if groups > 1 {
      for (place, part) in parts.enumerated() {
        guard let channels = part.channels else { return x.poisoned(nil) }
        guard channels % groups == 0 else {
          x.reject(
            "\(channels) channels do not split into groups=\(groups)", mend: "choose a number that divides \(channels)")
          return x.poisoned(nil)
        }
        let width = channels / groups
        parts[place] = part.applying(
          Op.Slice.self, ["starts": .ints([group * width]), "ends": .ints([(group + 1) * width]), "axes": .ints([1])])
      }
    }
    guard parts.count > 1 else { return parts[0] }
    return Concatenate.together(parts)
  }

  private func shortcut(_ x: Symbol, _ options: DarknetOptions) -> Symbol {
    options.refuse([("alpha", 1), ("beta", 1)])
    if let kind = section["weights_type"], kind != "none" {
      x.reject("weights_type=\(Named.cut(kind)) is not supported", mend: "use a plain sum: take the line out")
    }
    let others = symbols(x)
    guard !others.isEmpty, others.count == sources.count else { return x.poisoned(nil) }
    let sum = others.reduce(x) { $0 + $1 }
    return options.activation(default: "linear")?(sum) ?? sum
  }

  /// The channels of another layer, each times a number of this one [N, C, 1, 1].
  private func scaled(_ x: Symbol, _ options: DarknetOptions) -> Symbol {
    options.refuse([("scale_wh", 0)])
    let others = symbols(x)
    guard others.count == 1 else { return x.poisoned(nil) }
    let product = others[0] * x
    return options.activation(default: "linear")?(product) ?? product
  }

  /// The values of the layers that the section names; reports those that are not there.
  private func symbols(_ x: Symbol) -> [Symbol] {
    if sources.isEmpty {
      x.reject("[\(section.kind)] names no layers", mend: "give e.g. \(section.kind == "route" ? "layers" : "from")=-3")
    }
    guard sources.count <= DarknetLayer.mostSources else {
      x.reject("[\(section.kind)] names more than \(DarknetLayer.mostSources) layers", mend: "join some of them before")
      return []
    }
    return sources.compactMap { number, value in
      if let value { return value.symbol(beside: x) }
      x.reject(
        "layer \(number) does not stand before layer \(index)",
        mend: "count from 0 behind [net], or backwards from this layer with negative numbers")
      return nil
    }
  }
}

extension DarknetConfig.Section {
  /// True when a norm stands between the weights and the activation.
  var hasNorm: Bool {
    // A norm over several batches (`cbn`) differs in training alone.
    [self["batch_normalize"], self["cbn"]].contains { $0.map { Double($0) != 0 } ?? false }
  }
}
