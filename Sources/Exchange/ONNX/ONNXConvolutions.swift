import FoveaGraphs
import FoveaTensors

/// Convolutions and matrix products.
extension ONNXOperator {
  static let convolutions: [ONNXOperator] = [
    ONNXOperator("Conv") { (site) throws(ONNXRefusal) in
      let w = try site.weight(1, .weight, site.fan(1, outputAxis: 0))
      try site.checkKernel(w)
      let operands = [try site.value(0), w, site.isGiven(2) ? try site.weight(2, .bias) : nil]
      return [.value(site.emit(Op.Conv.self, site.trimmed(operands), try site.windowAttributes("group")))]
    },
    ONNXOperator("ConvTranspose", refused: "output_shape with open sizes") { (site) throws(ONNXRefusal) in
      let w = try site.weight(1, .weight, site.fan(1, outputAxis: 1))
      try site.checkKernel(w)
      let x = try site.value(0)
      let operands = [x, w, site.isGiven(2) ? try site.weight(2, .bias) : nil]
      var attributes = try site.windowAttributes("group", "output_padding")
      site.passOver("output_shape")
      if let wanted = site.ints("output_shape") { try site.fit(&attributes, x, w, to: wanted) }
      return [.value(site.emit(Op.ConvTranspose.self, site.trimmed(operands), attributes))]
    },
    ONNXOperator("Gemm") { (site) throws(ONNXRefusal) in
      let w = try site.weight(1, .weight, site.fan(1, outputAxis: site.flag("transB") ? 0 : 1))
      let operands = [try site.value(0), w, site.isGiven(2) ? try site.weight(2, .bias) : nil]
      let attributes = try site.keeping("alpha", "beta", "transA", "transB")
      if site.opset < 7 { site.passOver("broadcast") }
      if let a = operands[0], !site.importer.graph[a].type.dtype.isFloat {
        return [.value(try site.wholeProduct(a, w, operands[2], attributes))]
      }
      return [.value(site.emit(Op.Gemm.self, site.trimmed(operands), attributes))]
    },
    ONNXOperator("MatMul") { (site) throws(ONNXRefusal) in
      let w = try site.weight(1, .weight, site.fan(1, outputAxis: 1))
      let x = try site.value(0)
      return [.value(try site.product(x, w))]
    },
  ]
}

extension ONNXSite {
  /// Without operands that are left out at the end.
  func trimmed(_ operands: [Value?]) -> [Value?] {
    var operands = operands
    while operands.last == .some(nil) { operands.removeLast() }
    return operands
  }

  /// What convolutions and poolings share, and the attributes of those names. Padding by a rule leaves numbers out.
  func windowAttributes(_ names: String...) throws(ONNXRefusal) -> Attributes {
    // Where padding follows a rule, numbers mean nothing; a kernel's shape stands in the weights.
    passOver("pads", "kernel_shape")
    var result = try keeping("strides", "dilations")
    for name in names { result[name] = try keeping(name)[name] }
    let rule = string("auto_pad", "NOTSET")
    if rule == "NOTSET" {
      if let pads = ints("pads") {
        guard pads.allSatisfy({ $0 >= 0 }) else {
          throw ONNXRefusal("its pads \(pads) cut off; crop the input instead")
        }
        result["pads"] = .ints(pads)
      }
    } else {
      result["auto_pad"] = .string(rule)
    }
    return result
  }

  /// The kernel's shape stands in the weights; where the attribute says another one, something is wrong.
  func checkKernel(_ w: Value) throws(ONNXRefusal) {
    guard let wanted = ints("kernel_shape"), let dims = importer.graph[w].type.shape.dims, dims.count >= 2 else {
      return
    }
    let kernel = dims.dropFirst(2).map { $0 ?? 0 }
    if kernel != wanted { throw ONNXRefusal("kernel_shape is \(wanted), the weights have a kernel of \(kernel)") }
  }

  /// How many numbers meet in one result of a layer with these weights, for a fresh start.
  func fan(_ index: Int, outputAxis: Int) -> Initializer? {
    guard case .stored(let tensor, _)? = try? binding(index), tensor.dims.count >= 2 else { return nil }
    let window = tensor.dims.dropFirst(2).reduce(1) { Cost.product($0, $1) }
    let inputs = Cost.product(tensor.dims[1 - min(outputAxis, 1)], window)
    let outputs = Cost.product(tensor.dims[min(outputAxis, 1)], window)
    guard inputs < 1 << 40, outputs < 1 << 40 else { return nil }
    return .fan(nil, fanIn: inputs, fanOut: outputs)
  }

  /// The padding that gives a transposed convolution's result the wanted extents.
  func fit(_ attributes: inout Attributes, _ x: Value, _ w: Value, to wanted: [Int]) throws(ONNXRefusal) {
    let (here, there) = try dims(of: x)
    let kernel = try dims(of: w).here.dropFirst(2).map { $0 }
    let axes = kernel.count
    guard here.count == axes + 2, here.dropFirst(2) == there.dropFirst(2) else {
      throw ONNXRefusal("output_shape with sizes that are open", isAboutShapes: true)
    }
    let extents = Array(wanted.suffix(axes))
    guard extents.count == axes, extents.allSatisfy({ (1...1 << 30).contains($0) }) else {
      throw ONNXRefusal("output_shape \(wanted) for \(axes) spatial axes")
    }
    let strides = attributes.ints("strides", default: kernel.map { _ in 1 })
    let dilations = attributes.ints("dilations", default: kernel.map { _ in 1 })
    var extra = attributes.ints("output_padding", default: kernel.map { _ in 0 })
    guard strides.count == axes, dilations.count == axes, extra.count == axes else {
      throw ONNXRefusal("attributes for another number of axes than \(axes)")
    }
    var (before, after) = (kernel, kernel)
    for axis in 0..<axes {
      let whole = Cost.sum(
        Cost.product(strides[axis], here[axis + 2] - 1),
        Cost.sum(extra[axis], Cost.product(kernel[axis] - 1, dilations[axis]) + 1))
      let total = whole - extents[axis]
      if total < 0 {
        // Too small even without padding: more places at the end.
        extra[axis] = Cost.sum(extra[axis], -total)
        (before[axis], after[axis]) = (0, 0)
      } else {
        let isUpper = string("auto_pad", "NOTSET") != "SAME_LOWER"
        before[axis] = isUpper ? total / 2 : total - total / 2
        after[axis] = total - before[axis]
      }
    }
    attributes["auto_pad"] = nil
    attributes["pads"] = .ints(before + after)
    attributes["output_padding"] = .ints(extra)
  }

  /// alpha·A·B + beta·C of whole numbers, with whole factors.
  func wholeProduct(_ a: Value, _ b: Value, _ c: Value?, _ attributes: Attributes) throws(ONNXRefusal) -> Value {
    let type = importer.graph[a].type.dtype
    func turned(_ x: Value, _ name: String) -> Value {
      guard attributes.flag(name) else { return x }
      return emit(Op.Transpose.self, [x], ["perm": .ints([1, 0])], part: name)
    }
    func scaled(_ x: Value, _ name: String) throws(ONNXRefusal) -> Value {
      let factor = attributes.float(name, default: 1)
      guard factor != 1 else { return x }
      guard let whole = Int32(exactly: factor) else { throw ONNXRefusal("\(name) \(factor) with whole numbers") }
      let number = importer.constant("\(node.label)/\(name)", Tensor(scalar: whole).converted(to: type))
      return emit(Op.Mul.self, [x, number], part: "\(name), scaled")
    }
    let product = try scaled(
      emit(Op.MatMul.self, [turned(a, "transA"), turned(b, "transB")], part: "product"), "alpha")
    guard let c else { return product }
    return emit(Op.Add.self, [product, try scaled(c, "beta")])
  }

  /// A matrix product of whatever ranks.
  func product(_ x: Value, _ w: Value) throws(ONNXRefusal) -> Value {
    let isFloat = importer.graph[x].type.dtype.isFloat
    if isFloat, try dims(of: x).here.count == 2, try dims(of: w).here.count == 2 { return emit(Op.Gemm.self, [x, w]) }
    return emit(Op.MatMul.self, [x, w])
  }
}
