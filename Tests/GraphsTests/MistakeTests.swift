import FoveaGraphs
import FoveaTensors
import Testing

/// The text of every rejection: what does not fit with both sides, and the mend.
struct MistakeTests {
  /// `problem; mend` of each mistake of one node.
  private func said(
    _ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:], body: Graph? = nil
  ) -> [String] {
    infer(op, operands, attributes, body: body).mistakes.map { "\($0.problem); \($0.mend)" }
  }
  private let double = TensorType(.f64, PartialShape([3]))

  @Test func conv() {
    #expect(
      said(Op.Conv.self, [f32(1, 3, 8, 8), f32(4, 2, 3, 3)]) == [
        "the input has 3 channels, the weights [4×2×3×3] with 1 groups take 2; give weights with 3 input channels"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 5, 8), f32(4, 2, 3)], ["group": .int(2)]) == [
        "the input has 5 channels, the weights [4×2×3] with 2 groups take 4; choose a number of groups that divides 5"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 3, 8), f32(4, 3, 3, 3)]) == [
        "X has 3 axes [1×3×8], but needs 4 (N×C×H×W); use the convolution for 1 spatial axes, or reshape the input"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 3), f32(4, 3)]) == [
        "weights [4×3] have no kernel; give weights [O×C/groups×kernel…] with 1 to 3 kernel axes"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 4, 8), f32(3, 2, 3)], ["group": .int(2)]) == [
        "3 output channels do not split into 2 groups; choose a number of channels that 2 divides"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 4, 8), f32(3, 4, 3), f32(4)]) == [
        "bias [4] for 3 output channels; give a bias of shape [3]"
      ])
    #expect(
      said(
        Op.Conv.self, [f32(1, 1, 4, 9), f32(1, 1, 3, 3)], ["dilations": .ints([2, 1]), "pads": .ints([0, 1, 0, 1])])
        == [
          "a kernel of 3 (dilated by 2: 5) does not fit height 4; use a kernel of at most 4, pad more, or pool less before it"
        ])
    #expect(
      said(Op.Conv.self, [f32(1, 1, 2), f32(1, 1, 5)], ["pads": .ints([1, 1])]) == [
        "a kernel of 5 does not fit length 2 padded to 4; use a kernel of at most 4, pad more, or pool less before it"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 1, 4, 4, 4), f32(1, 1, 1, 1, 5)]) == [
        "a kernel of 5 does not fit width 4; use a kernel of at most 4, pad more, or pool less before it"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 1, 4, 4, 4), f32(1, 1, 5, 1, 1)])[0].hasPrefix("a kernel of 5 does not fit depth 4"))
  }

  @Test func geometryAttributes() {
    func attribute(_ attributes: Attributes) -> [String] {
      said(Op.Conv.self, [f32(1, 1, 9), f32(1, 1, 3)], attributes)
    }
    #expect(attribute(["strides": .ints([0])]) == ["stride 0 is less than 1; give a stride of at least 1"])
    #expect(attribute(["dilations": .ints([-1])]) == ["dilation -1 is less than 1; give a dilation of at least 1"])
    #expect(attribute(["pads": .ints([0, -1])]) == ["padding -1 is less than 0; give a padding of at least 0"])
    #expect(attribute(["group": .int(0)]) == ["0 groups; give at least 1 group"])
    #expect(
      attribute(["strides": .ints([1, 1])]) == [
        "strides [1,1] for 1 spatial axis; give a number for each spatial axis, for pads one before and one after"
      ])
    #expect(attribute(["pads": .ints([1])])[0].hasPrefix("pads [1] for 1 spatial axis"))
    #expect(
      attribute(["auto_pad": .string("SAME")]) == [
        "auto_pad \"SAME\"; use one of NOTSET, VALID, SAME_UPPER, SAME_LOWER"
      ])
    // Numbers that would overflow are refused, not multiplied.
    #expect(
      attribute(["dilations": .ints([.max])]) == [
        "dilation 9223372036854775807 is too large; give a dilation of at most 1073741824"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 1, .max), f32(1, 1, 3)]) == [
        "an extent of 9223372036854775807; use extents of at most 1073741824"
      ])
    #expect(
      said(Op.Conv.self, [f32(1, 4, 9), f32(1, .max, 3)], ["group": .int(2)])[0]
        == "[9223372036854775807×2] has more elements than can be counted; use smaller extents")
    #expect(
      said(Op.Conv.self, [f32(1, 1, 9), f32(1, 1, 0)]) == ["kernel 0 is less than 1; give a kernel of at least 1"])
  }

  @Test func gemm() {
    let dense: Attributes = ["transB": .int(1)]
    #expect(
      said(Op.Gemm.self, [f32(8, 1024), f32(10, 512)], dense) == [
        "the input has 1024 features, the weights [10×512] take 512; give weights that take 1024 features, or change the "
          + "layers before so that 512 arrive"
      ])
    #expect(
      said(Op.Gemm.self, [f32(8, 16, 4, 4), f32(10, 256)], dense) == [
        "A has 4 axes [8×16×4×4], but needs 2 (N×features); flatten it first"
      ])
    #expect(
      said(Op.Gemm.self, [f32(8, 16), f32(10)], dense) == [
        "B has 1 axes [10], but needs 2 (out×in); give weights with two axes"
      ])
    #expect(
      said(Op.Gemm.self, [f32(8, 16), f32(10, 16), f32(9)], dense) == [
        "bias [9] for the result [8×10]; give a bias of shape [10]"
      ])
    #expect(said(Op.Gemm.self, [f32(8, 16), f32(10, 16), f32(1, 8, 10)], dense).count == 1)
  }

  @Test func elementTypes() {
    #expect(
      said(Op.Sigmoid.self, [i32(3)]) == [
        "X has elements of type i32; Sigmoid computes in floating point; convert it to f32 first"
      ])
    #expect(said(Op.Add.self, [f32(3), double]) == ["A is f32, B is f64; convert both to one type"])
    #expect(
      said(Op.SoftmaxCrossEntropyLoss.self, [f32(2, 3), f32(2)]) == [
        "labels has elements of type f32, not i32; give class numbers as i32"
      ])
    #expect(
      said(Op.Dropout.self, [f32(3), i32()]) == ["seed has elements of type i32, not i64; give it as i64"])
    #expect(
      said(Op.MaxPoolBackward.self, [f32(1, 1, 3), f32(1, 1, 3), f32(1, 1, 4)], ["kernel_shape": .ints([2])]) == [
        "Indices has elements of type f32, not i32; give the positions that the pooling found"
      ])
  }

  @Test func broadcasting() {
    #expect(
      said(Op.Mul.self, [f32(2, 3), f32(4)]) == [
        "[2×3] and [4] differ at axis 1: 3 and 4; make both the same, or one of them 1"
      ])
    #expect(
      said(Op.SumToShape.self, [f32(2, 3), f32(4)]) == ["[4] does not repeat to [2×3]; make each axis the same or 1"])
    #expect(
      said(Op.BroadcastToShape.self, [f32(2, 3, 1), f32(2, 3)]) == [
        "[2×3×1] does not repeat to [2×3]; make each axis the same or 1"
      ])
  }

  @Test func pooling() {
    let two: Attributes = ["kernel_shape": .ints([2, 2])]
    #expect(
      said(Op.MaxPool.self, [f32(1, 1, 8)], two) == [
        "X has 3 axes [1×1×8], but needs 4 (N×C×H×W); give kernel_shape one number per spatial axis, or reshape the input"
      ])
    #expect(
      said(Op.MaxPool.self, [f32(1, 1, 8, 8)]) == ["kernel_shape []; give a kernel of 1 to 3 spatial axes"])
    #expect(
      said(Op.MaxPool.self, [f32(1, 1, 8)], ["kernel_shape": .ints([2]), "pads": .ints([0, 2])]) == [
        "padding 2 with a window of 2: a window would see only padding; pad by at most 1"
      ])
    #expect(
      said(Op.MaxPool.self, [f32(1, 1, 1, 8)], two) == [
        "a kernel of 2 does not fit height 1; use a kernel of at most 1, pad more, or pool less before it"
      ])
    #expect(
      said(Op.MaxPoolBackward.self, [f32(1, 1, 4), i32(1, 1, 3), f32(1, 1, 4)], ["kernel_shape": .ints([2])]) == [
        "dY is [1×1×4], but [1×1×3] is needed; give what belongs to this very pooling's output"
      ])
  }

  @Test func reshaping() {
    #expect(
      said(Op.Flatten.self, [f32(2, 3)], ["axis": .int(3)]) == [
        "axis 3 of [2×3], which has 2 axes; choose an axis from -2 to 2"
      ])
    #expect(said(Op.Softmax.self, [f32(2, 3)], ["axis": .int(2)])[0].hasPrefix("axis 2 of [2×3], which has 2 axes"))
    #expect(
      said(Op.ReshapeLike.self, [f32(2, 3), f32(7)]) == ["[2×3] has 6 elements, [7] has 7; reshape to as many elements"]
    )
    let huge = 1 << 40
    #expect(
      said(Op.Flatten.self, [f32(2, huge, huge)]) == [
        "[\(huge)×\(huge)] has more elements than can be counted; use smaller extents"
      ])
    #expect(
      said(Op.Relu.self, [f32(huge, huge)]) == [
        "the result [\(huge)×\(huge)] has more elements than can be counted; use smaller extents"
      ])
    #expect(
      said(Op.ReshapeLike.self, [f32(huge, huge), f32(7)]).contains(
        "[\(huge)×\(huge)] has more elements than can be counted; use smaller extents"))
  }

  @Test func losses() {
    #expect(
      said(Op.SoftmaxCrossEntropyLoss.self, [f32(4, 10), i32(3)]) == [
        "labels is [3], but [4] is needed; give one class number for each row of scores [4×10]"
      ])
    #expect(
      said(Op.SoftmaxCrossEntropyLoss.self, [f32(2, 10, 4, 4), i32(2)])[0]
        .hasPrefix("labels is [2], but [2×4×4] is needed"))
    #expect(
      said(Op.SoftmaxCrossEntropyLoss.self, [f32(10), i32(1)]) == [
        "scores [10] has no class axis; give scores N×C or N×C×d1…"
      ])
    #expect(
      said(Op.SoftmaxCrossEntropyLoss.self, [f32(4, 10), i32(4)], ["reduction": .string("none")]) == [
        "reduction \"none\"; use \"mean\" or \"sum\""
      ])
    #expect(
      said(Op.SoftmaxCrossEntropyLoss.self, [f32(4, 10), i32(4)], ["ignore_index": .int(255)]) == [
        "ignore_index is not supported; leave it out and keep ignored places from the loss"
      ])
    #expect(
      said(Op.SoftmaxCrossEntropyLossBackward.self, [f32(2), f32(4, 10), i32(4)]) == [
        "dLoss is [2], but [] is needed; give the gradient of the loss, a single number"
      ])
    #expect(
      said(Op.TopKCorrect.self, [f32(4, 10, 2), i32(4)]) == [
        "scores has 3 axes [4×10×2], but needs 2 (N×C); flatten the scores first"
      ])
    #expect(
      said(Op.TopKCorrect.self, [f32(4, 10), i32(5)], ["k": .int(0)]) == [
        "labels is [5], but [4] is needed; give one class number for each row of scores [4×10]",
        "the 0 largest scores; give a k of at least 1",
      ])
  }

  @Test func reductions() {
    #expect(
      said(Op.ReduceSum.self, [f32(2, 3)], ["axes": .ints([0, 2])]) == [
        "axes [0,2] of [2×3], which has 2 axes; choose axes from -2 to 1"
      ])
    #expect(
      said(Op.ReduceMaxBackward.self, [f32(2), f32(2, 3), f32(2, 1)], ["axes": .ints([1])]) == [
        "dY is [2], but [2×1] is needed; give what belongs to this very reduction"
      ])
  }

  @Test func norms() {
    let three = f32(3)
    #expect(
      said(Op.BatchNormalization.self, [f32(1, 4, 2), f32(4), three, f32(4), f32(4)]) == [
        "B [3] for an input [1×4×2] of 4 channels; give B of shape [4]"
      ])
    #expect(
      said(Op.BatchNormalization.self, [f32(3), three, three, three, three]) == [
        "X [3] has no channel axis; give an input N×C or N×C×spatial…"
      ])
    #expect(
      said(Op.BatchNormalization.self, [f32(1, 3), f32(1, 3), three, three, three]) == [
        "scale is [1×3]; give one number per channel"
      ])
    #expect(
      said(Op.BatchNormalizationBackward.self, [f32(2, 3), f32(1, 3), three, three, three]) == [
        "dY is [2×3], but [1×3] is needed; give the gradient of this very normalization's output"
      ])
    #expect(
      said(Op.BatchNormFold.self, [f32(4, 2, 1), nil, three, f32(4), f32(4), f32(4)]) == [
        "scale is [3], but [4] is needed; give one number per output channel"
      ])
    #expect(
      said(Op.BatchNormFold.self, [f32(), nil, three, three, three, three]).contains(
        "W [] has no channel axis; give weights O×…"))
  }

  @Test func training() {
    #expect(
      said(Op.Dropout.self, [f32(3)], ["ratio": .float(1)]) == [
        "a ratio of 1.0; drop a fraction of at least 0 and less than 1"
      ])
    #expect(said(Op.Dropout.self, [f32(3)], ["ratio": .float(.nan)]).count == 1)
    #expect(
      said(Op.Dropout.self, [f32(3)], ["drawn_axes": .int(0)]) == [
        "draws along 0 axes; draw along at least 1, the examples"
      ])
    #expect(
      said(Op.Dropout.self, [f32(3), TensorType(.i64, Shape([2]))]) == [
        "seed is [2], but [] is needed; give a single number"
      ])
    #expect(
      said(Op.SGDUpdate.self, [f32(3), f32(4), f32(2), f32(), f32()]) == [
        "dW is [4], but [3] is needed; give the gradient of this very parameter",
        "V is [2], but [3] is needed; give the velocity of this very parameter",
      ])
    #expect(said(Op.SGDUpdate.self, [f32(3), f32(3)]) == ["SGDUpdate without its operand rate; connect rate"])
    #expect(
      said(Op.SGDUpdate.self, [f32(3), f32(3), f32(3), f32(1)]) == [
        "rate is [1], but [] is needed; give a single number",
        "a velocity without momentum; give the momentum as a scalar, or leave the velocity out",
      ])
    #expect(
      said(Op.SGDUpdate.self, [f32(3), double, nil, f32()])[0]
        == "dW has elements of type f64, not f32; give it in the type of the weights")
  }

  @Test func backwardOperands() {
    #expect(
      said(Op.ReluBackward.self, [f32(3), f32(4)]) == [
        "dY is [3], but [4] is needed; give the gradient of this very output"
      ])
    #expect(said(Op.SoftmaxBackward.self, [f32(3), f32(4)])[0].hasPrefix("dY is [3], but [4] is needed"))
    #expect(
      said(Op.ConvBackwardData.self, [f32(1, 2, 5), f32(2, 1, 3), f32(1, 1, 8)]) == [
        "dY is [1×2×5], but [1×2×6] is needed; give the gradient of this very convolution's output"
      ])
    #expect(
      said(Op.ConvBackwardWeights.self, [f32(1, 1, 8), f32(1, 2, 5), f32(2, 1, 3)]) == [
        "dY is [1×2×5], but [1×2×6] is needed; give the gradient of this very convolution's output"
      ])
  }

  @Test func fused() throws {
    #expect(
      said(Op.Fused.self, [f32(3)]) == ["a fused node without a body; give the graph that it stands for"])
    var body = Graph()
    let a = body.addInput("a", f32(3))
    let b = body.addInput("b", f32(3))
    body.addOutput("y", body.add(Op.Add.self, [a, b])[0])
    #expect(
      said(Op.Fused.self, [f32(3)], body: body) == [
        "1 inputs for a body that takes 2; connect each of the body's inputs"
      ])
    #expect(
      said(Op.Fused.self, [f32(3), f32(4)], body: body) == [
        "[3] and [4] differ at axis 0: 3 and 4; make both the same, or one of them 1"
      ])
  }

  @Test func theWholeText() {
    var graph = Graph()
    let x = graph.addInput("input", f32(1, 64, 5, 5))
    let w = graph.addInput("w", f32(10, 512))
    let flat = graph.add(Op.Flatten.self, [x])[0]
    graph.add(
      Op.Gemm.self, [flat, w], ["transB": .int(1)],
      origin: Origin(path: "fc", layer: "Dense(10)", source: SourceLine(fileID: "Net/Net.swift", line: 7)))
    #expect(
      graph.mistakes.map(\.description) == [
        """
        fc Dense(10) at Net/Net.swift:7: the input has 1600 features, the weights [10×512] take 512
            given:   [1×1600]
            the way: input [1×64×5×5] → Flatten [1×1600]
            mend:    give weights that take 1600 features, or change the layers before so that 512 arrive
        """
      ])
  }
}
