/// How many operands each operator of the standard takes, by opset: the one place where a node's are counted, before
/// anybody reads it.
enum ONNXSignatures {
  /// What is wrong with the operands of a node of the standard's; nil where nothing is, or the operator is not in it.
  static func problem(of node: ONNXNode, opset: Int) -> String? {
    guard let signature = all[node.op], let form = signature.forms.last(where: { $0.since <= opset }) else {
      return nil
    }
    let count = node.inputs.count
    func name(_ index: Int) -> String { index < signature.names.count ? signature.names[index] : "\(index + 1)" }
    if let most = form.most, count > most {
      let takes = most == 1 ? "1 operand" : "\(most) operands"
      return "it takes \(form.least == most ? takes : "at most \(takes)") in opset \(opset), not \(count)"
    }
    // Resize's region is left out by exporters even where the standard asks for it.
    let missing = (0..<form.least).filter { $0 >= count || (node.inputs[$0].isEmpty && node.op != "Resize") }
    guard !missing.isEmpty else { return nil }
    return "its operand\(missing.count == 1 ? "" : "s") \(missing.map(name).joined(separator: ", ")) "
      + "\(missing.count == 1 ? "is" : "are") missing"
  }

  private struct Signature {
    let names: [String]
    let forms: [(since: Int, least: Int, most: Int?)]
  }

  private static let all: [String: Signature] = {
    var result: [String: Signature] = [:]
    for line in table.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      guard let bar = words.firstIndex(of: "|") else { continue }
      let forms = words[1..<bar].compactMap { word -> (since: Int, least: Int, most: Int?)? in
        let numbers = word.split { $0 == ":" || $0 == "-" }
        guard numbers.count == 3, let since = Int(numbers[0]), let least = Int(numbers[1]) else { return nil }
        return (since, least, Int(numbers[2]))
      }
      result[words[0]] = Signature(names: Array(words[(bar + 1)...]), forms: forms)
    }
    return result
  }()

  /// Written by Tests/ExchangeTests/make_onnx_signatures.py.
  private static let table = """
    Abs 1:1-1 | X
    Acos 7:1-1 | input
    Acosh 9:1-1 | input
    Add 1:2-2 | A B
    AffineGrid 20:2-2 | theta size
    And 1:2-2 | A B
    ArgMax 1:1-1 | data
    ArgMin 1:1-1 | data
    Asin 7:1-1 | input
    Asinh 9:1-1 | input
    Atan 7:1-1 | input
    Atanh 9:1-1 | input
    Attention 23:3-6 24:3-7 | Q K V attn_mask past_key past_value nonpad_kv_seqlen
    AveragePool 1:1-1 | X
    BatchNormalization 1:5-5 | X scale B input_mean input_var
    Bernoulli 15:1-1 | input
    BitShift 11:2-2 | X Y
    BitwiseAnd 18:2-2 | A B
    BitwiseNot 18:1-1 | X
    BitwiseOr 18:2-2 | A B
    BitwiseXor 18:2-2 | A B
    BlackmanWindow 17:1-1 | size
    Cast 1:1-1 | input
    CastLike 15:2-2 | input target_type
    Ceil 1:1-1 | X
    Celu 12:1-1 | X
    CenterCropPad 18:2-2 | input_data shape
    Clip 1:1-1 11:1-3 | input min max
    Col2Im 18:3-3 | input image_shape block_shape
    Compress 9:2-2 | input condition
    Concat 1:1-* | inputs
    ConcatFromSequence 11:1-1 | input_sequence
    Constant 1:0-0 |
    ConstantOfShape 9:1-1 | input
    Conv 1:2-3 | X W B
    ConvInteger 10:2-4 | x w x_zero_point w_zero_point
    ConvTranspose 1:2-3 | X W B
    Cos 7:1-1 | input
    Cosh 9:1-1 | input
    CumSum 11:2-2 | x axis
    DFT 17:1-2 20:1-3 | input dft_length axis
    DeformConv 19:3-5 | X W offset B mask
    DepthToSpace 1:1-1 | input
    DequantizeLinear 10:2-3 | x x_scale x_zero_point
    Det 11:1-1 | X
    Div 1:2-2 | A B
    Dropout 1:1-1 12:1-3 | data ratio training_mode
    DynamicQuantizeLinear 11:1-1 | x
    Einsum 12:1-* | Inputs
    Elu 1:1-1 | X
    Equal 1:2-2 | A B
    Erf 9:1-1 | input
    Exp 1:1-1 | input
    Expand 8:2-2 | input shape
    EyeLike 9:1-1 | input
    Flatten 1:1-1 | input
    Floor 1:1-1 | X
    GRU 1:3-6 | X W R B sequence_lens initial_h
    Gather 1:2-2 | data indices
    GatherElements 11:2-2 | data indices
    GatherND 11:2-2 | data indices
    Gelu 20:1-1 | X
    Gemm 1:3-3 11:2-3 | A B C
    GlobalAveragePool 1:1-1 | X
    GlobalLpPool 1:1-1 | X
    GlobalMaxPool 1:1-1 | X
    Greater 1:2-2 | A B
    GreaterOrEqual 12:2-2 | A B
    GridSample 16:2-2 | X grid
    GroupNormalization 18:3-3 | X scale bias
    HammingWindow 17:1-1 | size
    HannWindow 17:1-1 | size
    HardSigmoid 1:1-1 | X
    HardSwish 14:1-1 | X
    Hardmax 1:1-1 | input
    Identity 1:1-1 | input
    If 1:1-1 | cond
    ImageDecoder 20:1-1 | encoded_stream
    InstanceNormalization 1:3-3 | input scale B
    IsInf 10:1-1 | X
    IsNaN 9:1-1 | X
    LRN 1:1-1 | X
    LSTM 1:3-8 | X W R B sequence_lens initial_h initial_c P
    LayerNormalization 17:2-3 | X Scale B
    LeakyRelu 1:1-1 | X
    Less 1:2-2 | A B
    LessOrEqual 12:2-2 | A B
    Log 1:1-1 | input
    LogSoftmax 1:1-1 | input
    Loop 1:3-* 11:2-* | M cond v_initial
    LpNormalization 1:1-1 | input
    LpPool 1:1-1 | X
    MatMul 1:2-2 | A B
    MatMulInteger 10:2-4 | A B a_zero_point b_zero_point
    Max 1:1-* | data_0
    MaxPool 1:1-1 | X
    MaxRoiPool 1:2-2 | X rois
    MaxUnpool 9:2-3 | X I output_shape
    Mean 1:1-* | data_0
    MeanVarianceNormalization 9:1-1 | X
    MelWeightMatrix 17:5-5 | num_mel_bins dft_length sample_rate lower_edge_hertz upper_edge_hertz
    Min 1:1-* | data_0
    Mish 18:1-1 | X
    Mod 10:2-2 | A B
    Mul 1:2-2 | A B
    Multinomial 7:1-1 | input
    Neg 1:1-1 | X
    NegativeLogLikelihoodLoss 12:2-3 | input target weight
    NonMaxSuppression 10:2-5 | boxes scores max_output_boxes_per_class iou_threshold score_threshold
    NonZero 9:1-1 | X
    Not 1:1-1 | X
    OneHot 9:3-3 | indices depth values
    Optional 15:0-1 | input
    OptionalGetElement 15:1-1 | input
    OptionalHasElement 15:1-1 18:0-1 | input
    Or 1:2-2 | A B
    PRelu 1:2-2 | X slope
    Pad 1:1-1 11:2-3 18:2-4 | data pads constant_value axes
    Pow 1:2-2 | X Y
    QLinearConv 10:8-9 | x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point B
    QLinearMatMul 10:8-8 | a a_scale a_zero_point b b_scale b_zero_point y_scale y_zero_point
    QuantizeLinear 10:2-3 | x y_scale y_zero_point
    RMSNormalization 23:2-2 | X scale
    RNN 1:3-6 | X W R B sequence_lens initial_h
    RandomNormal 1:0-0 |
    RandomNormalLike 1:1-1 | input
    RandomUniform 1:0-0 |
    RandomUniformLike 1:1-1 | input
    Range 11:3-3 | start limit delta
    Reciprocal 1:1-1 | X
    ReduceL1 1:1-1 18:1-2 | data axes
    ReduceL2 1:1-1 18:1-2 | data axes
    ReduceLogSum 1:1-1 18:1-2 | data axes
    ReduceLogSumExp 1:1-1 18:1-2 | data axes
    ReduceMax 1:1-1 18:1-2 | data axes
    ReduceMean 1:1-1 18:1-2 | data axes
    ReduceMin 1:1-1 18:1-2 | data axes
    ReduceProd 1:1-1 18:1-2 | data axes
    ReduceSum 1:1-1 13:1-2 | data axes
    ReduceSumSquare 1:1-1 18:1-2 | data axes
    RegexFullMatch 20:1-1 | X
    Relu 1:1-1 | X
    Reshape 1:1-1 5:2-2 | data shape
    Resize 10:2-2 11:3-4 13:1-4 | X roi scales sizes
    ReverseSequence 10:2-2 | input sequence_lens
    RoiAlign 10:3-3 | X rois batch_indices
    RotaryEmbedding 23:3-4 | X cos_cache sin_cache position_ids
    Round 11:1-1 | X
    STFT 17:2-4 | signal frame_step window frame_length
    Scan 8:2-* 9:1-* | initial_state_and_scan_inputs
    Scatter 9:3-3 | data indices updates
    ScatterElements 11:3-3 | data indices updates
    ScatterND 11:3-3 | data indices updates
    Selu 1:1-1 | X
    SequenceAt 11:2-2 | input_sequence position
    SequenceConstruct 11:1-* | inputs
    SequenceEmpty 11:0-0 |
    SequenceErase 11:1-2 | input_sequence position
    SequenceInsert 11:2-3 | input_sequence tensor position
    SequenceLength 11:1-1 | input_sequence
    SequenceMap 17:1-* | input_sequence additional_inputs
    Shape 1:1-1 | data
    Shrink 9:1-1 | input
    Sigmoid 1:1-1 | X
    Sign 9:1-1 | input
    Sin 7:1-1 | input
    Sinh 9:1-1 | input
    Size 1:1-1 | data
    Slice 1:1-1 10:3-5 | data starts ends axes steps
    Softmax 1:1-1 | input
    SoftmaxCrossEntropyLoss 12:2-3 | scores labels weights
    Softplus 1:1-1 | X
    Softsign 1:1-1 | input
    SpaceToDepth 1:1-1 | input
    Split 1:1-2 2:1-1 13:1-2 | input split
    SplitToSequence 11:1-2 | input split
    Sqrt 1:1-1 | X
    Squeeze 1:1-1 13:1-2 | data axes
    StringConcat 20:2-2 | X Y
    StringNormalizer 10:1-1 | X
    StringSplit 20:1-1 | X
    Sub 1:2-2 | A B
    Sum 1:1-* | data_0
    Swish 24:1-1 | X
    Tan 7:1-1 | input
    Tanh 1:1-1 | input
    TensorScatter 24:2-3 | past_cache update write_indices
    TfIdfVectorizer 9:1-1 | X
    ThresholdedRelu 10:1-1 | X
    Tile 1:3-3 6:2-2 | input repeats
    TopK 1:1-1 10:2-2 | X K
    Transpose 1:1-1 | data
    Trilu 14:1-2 | input k
    Unique 11:1-1 | X
    Unsqueeze 1:1-1 13:2-2 | data axes
    Upsample 1:1-1 9:2-2 | X scales
    Where 9:3-3 | condition X Y
    Xor 1:2-2 | A B
    """
}
