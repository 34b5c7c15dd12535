import FoveaTensors

/// Stylized digits of 7×12 points, the fixed targets of LeNet-5's last layer: classes that look alike have codes that
/// are alike (after LeCun et al. 1998, figure 3; drawn anew).
package enum DigitCodes {
  static let height = 12
  static let width = 7

  /// The points of class `index`, row by row, as −1 and 1.
  package static func code(_ index: Int) -> [Float] {
    if index < digits.count { return digits[index] }
    let stream = RandomStream(seed: 1998, purpose: "codes", path: "\(index)")
    return (0..<height * width).map { stream.uniform(index: $0) < 0.5 ? -1 : 1 }
  }

  private static let digits: [[Float]] = drawing.map { rows in
    rows.split(separator: "\n").joined().map { $0 == "#" ? 1 : -1 }
  }

  private static let drawing = [
    """
    ..###..
    .##.##.
    ##...##
    ##...##
    ##...##
    ##...##
    ##...##
    ##...##
    ##...##
    .##.##.
    ..###..
    .......
    """,
    """
    ...##..
    ..###..
    .####..
    ...##..
    ...##..
    ...##..
    ...##..
    ...##..
    ...##..
    ...##..
    .######
    .......
    """,
    """
    .#####.
    ##...##
    .....##
    .....##
    ....##.
    ...##..
    ..##...
    .##....
    ##.....
    ##.....
    #######
    .......
    """,
    """
    .#####.
    ##...##
    .....##
    .....##
    ....##.
    ..###..
    ....##.
    .....##
    .....##
    ##...##
    .#####.
    .......
    """,
    """
    ....##.
    ...###.
    ..####.
    .##.##.
    ##..##.
    ##..##.
    #######
    #######
    ....##.
    ....##.
    ....##.
    .......
    """,
    """
    #######
    ##.....
    ##.....
    ##.....
    ######.
    .....##
    .....##
    .....##
    .....##
    ##...##
    .#####.
    .......
    """,
    """
    ..####.
    .##....
    ##.....
    ##.....
    ##.###.
    ###..##
    ##...##
    ##...##
    ##...##
    .##.##.
    ..###..
    .......
    """,
    """
    #######
    .....##
    .....##
    ....##.
    ....##.
    ...##..
    ...##..
    ..##...
    ..##...
    .##....
    .##....
    .......
    """,
    """
    .#####.
    ##...##
    ##...##
    ##...##
    .#####.
    .#####.
    ##...##
    ##...##
    ##...##
    ##...##
    .#####.
    .......
    """,
    """
    .#####.
    ##...##
    ##...##
    ##...##
    .######
    ..##.##
    .....##
    .....##
    .....##
    ....##.
    .####..
    .......
    """,
  ]
}
