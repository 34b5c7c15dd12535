import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Which direction of a convolution our own kernels are asked for, and what they do in the same step.
enum WinogradRole: Sendable {
  /// Operands by number.
  case forward(bias: Int?, added: Int?, slope: Float?)
  case backwardData
  case backwardWeights(withBias: Bool)
}

extension ConvProblem {
  /// What tells measurements of our kernels from those of older ones.
  static let winogradVersion = 1

  /// Whether our own Winograd's way exists here: dense 3×3 or 5×5 windows at each place, one group, channels that fill
  /// at least half a block.
  var canBeOwnWinograd: Bool {
    let geometry = sizes.geometry
    return role != nil && dtype == .f32 && (geometry.kernel == [3, 3] || geometry.kernel == [5, 5])
      && geometry.strides == [1, 1] && geometry.dilations == [1, 1] && geometry.groups == 1
      && sizes.x[1] >= 8 && sizes.y[1] >= 8
  }

  /// The step by our own kernels; nil where there is none.
  ///
  /// - Parameter rule: the rule's step, whose order of weights the step takes where it can.
  func ownWinograd(like rule: Proposal) -> Proposal? {
    guard canBeOwnWinograd, let role,
      let x = MemoryDescriptor(sizes.x, .blocked).map({ Layout($0, dims: sizes.x) }),
      let y = MemoryDescriptor(sizes.y, .blocked).map({ Layout($0, dims: sizes.y) })
    else { return nil }
    switch role {
    case .forward(let bias, let added, let slope):
      var layouts = [Layout](repeating: .plain, count: site.inputs.count)
      layouts[0] = x
      if let added { layouts[added] = y }
      return product(kernel(), &layouts, like: rule, result: y, bias: bias, added: added, slope: slope)
    case .backwardData:
      var layouts = [Layout](repeating: .plain, count: site.inputs.count)
      layouts[0] = y
      return product(kernel(turned: true), &layouts, like: rule, result: x, bias: nil, added: nil, slope: nil)
    case .backwardWeights(let withBias):
      let layout = rule.outputs[0]
      let order = Winograd.WeightOrder(layout)
      let inputs = [x, y] + [Layout](repeating: .plain, count: site.inputs.count - 2)
      let outputs = [order == nil ? .plain : layout] + [Layout](repeating: .plain, count: rule.outputs.count - 1)
      return gradient(kernel(), inputs, outputs, order ?? .plain, withBias)
    }
  }

  /// The kernel of this convolution, or of its picture's gradient.
  private func kernel(turned: Bool = false) -> Winograd {
    let geometry = sizes.geometry
    let (top, left) = (geometry.padding(0, extent: sizes.x[2]).before, geometry.padding(1, extent: sizes.x[3]).before)
    let taps = geometry.kernel[0]
    let (from, to) = turned ? (sizes.y, sizes.x) : (sizes.x, sizes.y)
    return Winograd(
      taps: taps, from: Shape(from), to: Shape(to), pads: turned ? (taps - 1 - top, taps - 1 - left) : (top, left),
      isTurned: turned, threads: request.threads)
  }

  /// A picture or its gradient. In inference weights are transformed once per version, in training in the step.
  private func product(
    _ kernel: Winograd, _ layouts: inout [Layout], like rule: Proposal, result: Layout, bias: Int?, added: Int?,
    slope: Float?
  ) -> Proposal? {
    guard let weights else { return nil }
    var order: Winograd.WeightOrder?
    if request.training {
      let candidates = [request.inputLayouts[weights], rule.inputs[weights], .plain].compactMap { $0 }
      layouts[weights] = candidates.first { Winograd.WeightOrder($0) != nil } ?? .plain
      order = Winograd.WeightOrder(layouts[weights])
    } else {
      layouts[weights] = .foreign(WinogradLayout(kernel))
    }
    let ownWeights = order == nil ? 0 : kernel.weightBytes
    let own = order
    return Proposal(
      inputs: layouts, outputs: [result], scratchBytes: ownWeights + kernel.scratchBytes, detail: kernel.detail
    ) { () throws(ExecutionError) in
      OwnStep { inputs, outputs, scratch in
        func floats(_ index: Int?) -> UnsafePointer<Float>? { index.map { OwnStep.floats(inputs[$0]) } }
        let (x, w) = (OwnStep.floats(inputs[0]), OwnStep.floats(inputs[weights]))
        let (b, a) = (floats(bias), floats(added))
        let (y, space) = (OwnStep.floats(outputs[0]), OwnStep.floats(scratch))
        let rest = space + ownWeights / MemoryLayout<Float>.size
        guard let own else {
          return { kernel.run(x, w, bias: b, added: a, slope: slope, into: y, scratch: rest) }
        }
        return {
          kernel.transform(w, own, into: space)
          kernel.run(x, space, bias: b, added: a, slope: slope, into: y, scratch: rest)
        }
      }
    }
  }

  private func gradient(
    _ kernel: Winograd, _ inputs: [Layout], _ outputs: [Layout], _ order: Winograd.WeightOrder, _ withBias: Bool
  ) -> Proposal {
    Proposal(
      inputs: inputs, outputs: outputs, scratchBytes: kernel.gradientScratchBytes, detail: kernel.detail
    ) { () throws(ExecutionError) in
      OwnStep { inputs, outputs, scratch in
        let (x, dy) = (OwnStep.floats(inputs[0]), OwnStep.floats(inputs[1]))
        let (dw, space) = (OwnStep.floats(outputs[0]), OwnStep.floats(scratch))
        let bias = withBias ? OwnStep.floats(outputs[1]) : nil
        return { kernel.gradient(x, dy, order, into: dw, bias: bias, scratch: space) }
      }
    }
  }
}
