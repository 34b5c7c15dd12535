/// How well a detector finds one class: its precision at every recall, in one number.
public struct AveragePrecision: Sendable, Equatable {
  /// How the curve of precision over recall becomes one number. In both, the precision at a recall is the best at
  /// that recall or a larger one.
  public enum Interpolation: String, Sendable, CaseIterable {
    /// The mean at the recalls 0, 0.1 … 1 (PASCAL VOC until 2009; Everingham et al. 2010).
    case elevenPoints
    /// The area under the curve (PASCAL VOC from 2010).
    case allPoints
  }

  /// The class's number.
  public let classIndex: Int
  /// From 0 to 1.
  public let value: Double
  /// How many there are to be found; difficult ones do not count.
  public let truths: Int
  /// Right ones among the detections up to each, best first; difficult finds do not count.
  public let precision: [Double]
  /// Found ones among all there are, after the same detections.
  public let recall: [Double]

  /// - Parameter hits: for each detection, best first, whether it is right.
  init(classIndex: Int, hits: [Bool], truths: Int, interpolation: Interpolation) {
    self.classIndex = classIndex
    self.truths = truths
    var found = 0
    var counts: [Int] = []
    for hit in hits {
      found += hit ? 1 : 0
      counts.append(found)
    }
    precision = counts.enumerated().map { Double($0.element) / Double($0.offset + 1) }
    recall = counts.map { Double($0) / Double(truths) }
    var best = precision
    for place in best.indices.dropLast().reversed() { best[place] = max(best[place], best[place + 1]) }
    switch interpolation {
    case .elevenPoints:
      // Compared as whole numbers: 3 of 10 is a recall of 0.3.
      let sum = (0...10).reduce(0.0) { sum, tenth in
        sum + (counts.firstIndex { 10 * $0 >= tenth * truths }.map { best[$0] } ?? 0)
      }
      value = sum / 11
    case .allPoints:
      // Recall grows by one truth with each hit.
      value = zip(hits, best).reduce(0) { $1.0 ? $0 + $1.1 : $0 } / Double(truths)
    }
  }
}

/// The mean of the average precisions of all classes, as PASCAL VOC scores detectors (Everingham et al. 2010).
///
/// Detections go best first (equal scores in the order given, NaN last). Each is held against the box of its
/// class, in its picture, that it overlaps most: it is right when they overlap by at least `overlap` and no better
/// detection has found that box; it does not count when that box is difficult; else it is wrong. Boxes are
/// continuous: no pixel is added to their sides. A class that is in no picture has no precision and is left out.
///
/// ```swift
/// let quality = try MeanAveragePrecision(of: detections, truths: truths)
/// print(quality.value ?? 0)
/// ```
public struct MeanAveragePrecision: Sendable, Equatable {
  /// The classes that are there to be found, by number.
  public let classes: [AveragePrecision]

  /// From 0 to 1; nil when there is nothing to be found.
  public var value: Double? {
    classes.isEmpty ? nil : classes.reduce(0) { $0 + $1.value } / Double(classes.count)
  }

  /// - Parameters:
  ///   - detections: for each picture.
  ///   - truths: what there is, for each picture.
  ///   - overlap: intersection over union from which a detection is right, above 0 and at most 1.
  /// - Throws: `VisionError.countMismatch`, `.badOverlap`.
  public init(
    of detections: [[Detection]], truths: [[Annotation]], overlap: Double = 0.5,
    interpolation: AveragePrecision.Interpolation = .allPoints
  ) throws(VisionError) {
    guard detections.count == truths.count else {
      throw .countMismatch(what: "pictures with detections", expected: truths.count, found: detections.count)
    }
    guard overlap > 0, overlap <= 1 else { throw .badOverlap(overlap) }
    var counts: [Int: Int] = [:]
    for truth in truths.joined() where !truth.isDifficult { counts[truth.classIndex, default: 0] += 1 }
    var found: [Int: [(picture: Int, detection: Detection)]] = [:]
    for (picture, list) in detections.enumerated() {
      for detection in list { found[detection.classIndex, default: []].append((picture, detection)) }
    }
    classes = counts.sorted { $0.key < $1.key }.map { index, count in
      let hits = MeanAveragePrecision.hits(found[index] ?? [], truths, overlap)
      return AveragePrecision(classIndex: index, hits: hits, truths: count, interpolation: interpolation)
    }
  }

  /// For each detection of one class that counts, best first, whether it is right.
  private static func hits(
    _ detections: [(picture: Int, detection: Detection)], _ truths: [[Annotation]], _ overlap: Double
  ) -> [Bool] {
    func key(_ score: Double) -> Double { score.isNaN ? -.infinity : score }
    // Swift's sort keeps the order of equal ones.
    let order = detections.sorted { key($0.detection.score) > key($1.detection.score) }
    var taken: Set<[Int]> = []
    return order.compactMap { picture, detection in
      var best = 0.0
      var place: Int?
      for (index, truth) in truths[picture].enumerated() where truth.classIndex == detection.classIndex {
        let shared = detection.box.intersectionOverUnion(truth.box)
        if shared > best { (best, place) = (shared, index) }
      }
      guard let place, best >= overlap else { return false }
      if truths[picture][place].isDifficult { return nil }
      return taken.insert([picture, place]).inserted
    }
  }
}
