import FoveaTensors

/// What every node must have, whoever makes it: checked before the operator's own shape rule sees the node, so that
/// no rule finds fewer operands than it names, or an attribute that it would have to pass over.
extension ShapeQuery {
  /// Reports operands that are too many or missing, and attributes of the wrong kind.
  /// - Returns: the node as it should have been, for what the shape rule still can tell; nil when nothing is wrong.
  mutating func checkForm() -> ShapeQuery? {
    checkOperands()
    let wrong = checkAttributes()
    guard !findings.isEmpty else { return nil }
    let names = op.inputNames
    var fitted = inputs
    if !names.isEmpty {
      if fitted.count > names.count, !op.isVariadic { fitted.removeLast(fitted.count - names.count) }
      while fitted.count < names.count { fitted.append(nil) }
    }
    return ShapeQuery(op: op, attributes: attributes.without(wrong), body: body, inputs: fitted)
  }

  private mutating func checkOperands() {
    let names = op.inputNames
    guard !names.isEmpty else {
      // A fused node takes what its body takes, which its own rule checks.
      if inputs.contains(where: { $0 == nil }) {
        reject("\(op.name) with an operand left out", mend: "connect every one")
      }
      return
    }
    if inputs.count > names.count, !op.isVariadic {
      reject(
        "\(op.name) takes \(names.count == 1 ? "1 operand" : "\(names.count) operands") "
          + "(\(names.prefix(8).joined(separator: ", "))), not \(inputs.count)",
        mend: "leave out what stands behind \(names[names.count - 1])")
    }
    let missing = names.indices.filter { !op.optionalInputs.contains($0) && !has($0) }
    if !missing.isEmpty {
      let list = missing.map { names[$0] }.joined(separator: ", ")
      reject("\(op.name) without its operand\(missing.count == 1 ? "" : "s") \(list)", mend: "connect \(list)")
    }
    if op.isVariadic, let hole = inputs.indices.dropFirst(names.count).first(where: { inputs[$0] == nil }) {
      reject("operand \(hole + 1) of \(inputs.count) of \(op.name) is left out", mend: "connect every one")
    }
  }

  /// Reports attributes that the operator would pass over: of another kind than it reads, or of a name that no
  /// operator has. A user's operator may call its attributes as it likes.
  /// - Returns: the names of those attributes.
  private mutating func checkAttributes() -> Set<String> {
    guard !attributes.entries.isEmpty, Registry.isBuiltIn(op) else { return [] }
    var wrong: Set<String> = []
    for (name, attribute) in attributes.entries.sorted(by: { $0.key < $1.key }) {
      guard let kinds = AttributeKind.byName[name] else {
        wrong.insert(name)
        let nearest = nearestName(to: name, among: AttributeKind.byName.keys.sorted())
        reject(
          "\(op.name) has no attribute \"\(name)\"", mend: nearest.map { "is it \($0)?" } ?? "leave it out")
        continue
      }
      guard !kinds.contains(where: { $0.fits(attribute) }) else { continue }
      wrong.insert(name)
      let wanted = kinds.map(\.words).joined(separator: " or ")
      reject("\(op.name) has the attribute \(name)=\(attribute.short)", mend: "give \(wanted)")
    }
    return wrong
  }
}

/// What an attribute holds. An attribute of one name means one thing in all operators, as in ONNX, so one table says
/// what kind each is of.
package enum AttributeKind: CaseIterable {
  case int, float, string, ints, floats, strings

  /// An integer is taken as a number too.
  func fits(_ attribute: Attribute) -> Bool {
    switch (self, attribute) {
    case (.int, .int), (.float, .float), (.float, .int), (.string, .string), (.ints, .ints), (.floats, .floats),
      (.strings, .strings):
      true
    default: false
    }
  }

  var words: String {
    switch self {
    case .int: "a whole number"
    case .float: "a number"
    case .string: "a text"
    case .ints: "a list of whole numbers"
    case .floats: "a list of numbers"
    case .strings: "a list of texts"
    }
  }

  /// The attributes of all operators in `Registry.standard`, and of the drafts' stand-in.
  package static let byName: [String: [AttributeKind]] = {
    var table: [String: [AttributeKind]] = [:]
    for name in [
      "align_corners", "allowzero", "antialias", "axis", "batch_dims", "blocksize", "boxes", "ceil_mode", "cells",
      "center_point_box", "classes", "computes_again", "count_include_pad", "depth", "drawn_axes", "exclude_outside",
      "exclusive", "fmod",
      "frozen", "group", "k", "keepdims", "largest", "max_output_boxes_per_class", "nesterov", "num_groups",
      "num_outputs", "operand", "output_height", "output_width", "ranked", "rescore", "reverse", "sampling_ratio",
      "select_last_index", "size", "sorted", "square_roots", "training_mode", "transA", "transB", "upper",
    ] { table[name] = [.int] }
    for name in [
      "alpha", "beta", "beta1", "beta2", "cubic_coeff_a", "epsilon", "extrapolation_value", "gamma", "iou_threshold",
      "lambda_coord", "lambda_noobj", "max", "max_norm", "min", "momentum", "p", "ratio", "score_threshold",
      "spatial_scale", "value", "weight_decay",
    ] { table[name] = [.float] }
    for name in [
      "approximate", "auto_pad", "coordinate_transformation_mode", "layout", "mode", "nearest_mode", "padding_mode",
      "pattern", "reduction", "stream",
    ] { table[name] = [.string] }
    for name in [
      "axes", "dilations", "ends", "image_shape", "kernel_shape", "offset", "output_padding", "output_shape",
      "output_size", "pads", "perm", "repeats", "shape", "sizes", "split", "starts", "steps", "strides",
    ] { table[name] = [.ints] }
    for name in ["hidden_size", "input_forget", "linear_before_reset"] { table[name] = [.int] }
    for name in ["activation_alpha", "activation_beta", "roi"] { table[name] = [.floats] }
    table["clip"] = [.float]
    table["direction"] = [.string]
    table["activations"] = [.strings]
    // Of boxes, and of the axes of recurrent layers.
    table["layout"] = [.string, .int]
    table["scales"] = [.floats, .ints]
    table["values"] = [.ints, .floats]
    table["to"] = [.string, .int]
    // Whether a gradient has one (ConvBackwardWeights), and what is added to a sum (LRN).
    table["bias"] = [.float, .int]
    table["ignore_index"] = [.int]
    return table
  }()
}

extension Attribute {
  /// As it prints, cut where it is long.
  fileprivate var short: String {
    let text = description
    return text.count > 60 ? text.prefix(60) + "…" : text
  }
}

extension Attributes {
  /// The same attributes but for some.
  fileprivate func without(_ names: Set<String>) -> Attributes {
    names.isEmpty ? self : Attributes(entries.filter { !names.contains($0.key) })
  }
}
