/// Control flow whose way is known while a network is read.
extension ONNXOperator {
  static let control: [ONNXOperator] = [
    ONNXOperator("If", refused: "a condition that a run makes") { (site) throws(ONNXRefusal) in
      guard let known = try site.known(0), let truths = known.here.ints, truths.count == 1 else {
        throw ONNXRefusal(
          "its condition comes out of the network itself; it must be known before it runs", isAboutShapes: true)
      }
      guard known.isFixed else {
        throw ONNXRefusal("its condition depends on a size that is open", isAboutShapes: true)
      }
      site.passOver("then_branch", "else_branch")
      guard case .graph(let branch)? = site.attribute(truths[0] != 0 ? "then_branch" : "else_branch") else {
        throw ONNXRefusal("it has no \(truths[0] != 0 ? "then_branch" : "else_branch")")
      }
      return try site.importer.read(branch: branch)
    }
  ]
}
