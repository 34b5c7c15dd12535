import FoveaTensors

extension Op {
  /// How many samples have their label among the k largest scores.
  ///
  /// scores [N, C], labels (i32) [N] → count []. Attribute: `k` (1). Of equal scores the lower class number
  /// comes first; a NaN score counts as the largest, and a sample whose own score is NaN as wrong.
  public enum TopKCorrect: Operator {
    public static let name = "TopKCorrect"
    public static let inputNames = ["scores", "labels"]
    public static let nonFloatInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      query.require(.i32, ofInput: 1, mend: "give class numbers as i32")
      if query.requireRank(2, ofInput: 0, layout: "N×C", mend: "flatten the scores first") {
        query.requireShape(
          PartialShape([query.shape(0)[0]]), ofInput: 1,
          mend: "give one class number for each row of scores \(query.shape(0))")
      }
      let k = query.attributes.int("k", default: 1)
      if k < 1 { query.reject("the \(k) largest scores", mend: "give a k of at least 1") }
      return [TensorType(query.dtype(0), Shape.scalar)]
    }

    public static var differentiability: Differentiability {
      .no(because: "a count of right answers does not change with small steps; differentiate the loss instead")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }
    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.inputShape(0)
      let (rows, classes) = (x[0], x[1])
      let k = site.attributes.int("k", default: 1)
      return { buffers in
        let labels = buffers.input(1, as: Int32.self)
        var correct: T = 0
        for row in 0..<rows {
          let scores = buffers.input(0, as: T.self) + row * classes
          let label = Int(labels[row])
          guard label >= 0, label < classes, !scores[label].isNaN else { continue }
          let own = scores[label]
          var ahead = 0
          for index in 0..<classes where !(scores[index] < own) && (scores[index] != own || index < label) {
            ahead += 1
          }
          if ahead < k { correct += 1 }
        }
        buffers.output(0, as: T.self)[0] = correct
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(0)
      return
        "Counts in how many of \(x[0]) rows of \(x[1]) scores the right class is among the "
        + "\(site.attributes.int("k", default: 1)) largest."
    }
  }
}
