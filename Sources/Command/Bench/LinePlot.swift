#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Line plots side by side as SVG, for light and dark backgrounds.
enum LinePlot {
  struct Series {
    let name: String
    let points: [(x: Double, y: Double)]
  }

  struct Panel {
    let title: String
    let x: String
    let y: String
    let series: [Series]
    var startsAtZero = false
    /// Drawn dashed, above which nothing can be.
    var limit: Series?
  }

  private static let (width, height) = (430.0, 330.0)
  private static let (left, right, top, bottom) = (64.0, 18.0, 40.0, 52.0)

  static func svg(_ panels: [Panel], note: String) -> String {
    var names: [String] = []
    for panel in panels { for series in panel.series where !names.contains(series.name) { names.append(series.name) } }
    let legend = Legend(names, hasLimit: panels.contains { $0.limit != nil }, width: width * Double(panels.count))
    let full = (width: width * Double(panels.count), height: height + legend.height + 26)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(full.width)) \(number(full.height))\" "
        + "width=\"\(number(full.width))\" height=\"\(number(full.height))\" role=\"img\">",
      style,
      "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
    ]
    for (index, panel) in panels.enumerated() {
      lines.append("<g transform=\"translate(\(number(Double(index) * width)) 0)\">")
      lines += draw(panel, names)
      lines.append("</g>")
    }
    lines.append("<g transform=\"translate(0 \(number(height)))\">")
    lines += legend.lines
    lines.append("</g>")
    lines.append(text(full.width / 2, full.height - 10, note, "note", anchor: "middle"))
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private static func draw(_ panel: Panel, _ names: [String]) -> [String] {
    let all = panel.series + (panel.limit.map { [$0] } ?? [])
    let x = Scale(
      values: all.flatMap { $0.points.map(\.x) }, from: left + 10, to: width - right - 10, startsAtZero: false,
      marks: panel.series.flatMap { $0.points.map(\.x) })
    let y = Scale(
      values: all.flatMap { $0.points.map(\.y) }, from: height - bottom, to: top, startsAtZero: panel.startsAtZero,
      marks: nil)
    var lines = [text(left, 24, panel.title, "title")]
    for tick in y.ticks {
      let at = y.place(tick)
      lines.append(line(left, at, width - right, at, "grid"))
      lines.append(text(left - 8, at + 4, label(tick), "tick", anchor: "end"))
    }
    for tick in x.ticks {
      let at = x.place(tick)
      lines.append(line(at, height - bottom, at, height - bottom + 5, "axis"))
      lines.append(text(at, height - bottom + 19, label(tick), "tick", anchor: "middle"))
    }
    lines.append(line(left, height - bottom, width - right, height - bottom, "axis"))
    lines.append(text((left + width - right) / 2, height - 12, panel.x, "label", anchor: "middle"))
    lines.append(text(left - 8, 24, panel.y, "label", anchor: "end"))
    if let limit = panel.limit { lines.append(path(limit, x, y, "limit")) }
    for series in panel.series {
      let colour = (names.firstIndex(of: series.name) ?? 0) % colours
      lines.append(path(series, x, y, "line c\(colour)"))
      for point in series.points {
        lines.append(
          "<circle class=\"dot d\(colour)\" cx=\"\(number(x.place(point.x)))\" cy=\"\(number(y.place(point.y)))\" "
            + "r=\"3.5\"><title>\(escaped(series.name)): \(label(point.x)), \(label(point.y)) \(escaped(panel.y))"
            + "</title></circle>")
      }
    }
    return lines
  }

  // MARK: Elements

  private static func path(_ series: Series, _ x: Scale, _ y: Scale, _ kind: String) -> String {
    let places = series.points.map { "\(number(x.place($0.x))),\(number(y.place($0.y)))" }
    return "<polyline class=\"\(kind)\" points=\"\(places.joined(separator: " "))\"/>"
  }

  private static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String) -> String {
    "<line class=\"\(kind)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>"
  }

  fileprivate static func text(
    _ x: Double, _ y: Double, _ text: String, _ kind: String, anchor: String = "start"
  ) -> String {
    "<text class=\"\(kind)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(escaped(text))</text>"
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, letter in
      switch letter {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(letter)
      }
    }
  }

  fileprivate static func number(_ value: Double) -> String {
    var text = Text.decimals(value, 2)
    while text.contains("."), text.last == "0" || text.last == "." { text.removeLast() }
    return text
  }

  /// A number on an axis: `0.02`, `5`, `1,000`.
  static func label(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 { return Text.grouped(Int(value)) }
    if abs(value) >= 100 { return Text.grouped(Int(value.rounded())) }
    return Text.significant(value)
  }

  /// What stands below the panels: a line and a name for each series.
  private struct Legend {
    let lines: [String]
    let height: Double

    init(_ names: [String], hasLimit: Bool, width: Double) {
      var lines: [String] = []
      var (x, y) = (LinePlot.left, 14.0)
      let entries = names.enumerated().map { (name: $1, kind: "line c\($0 % colours)", dot: "dot d\($0 % colours)") }
      for entry in entries + (hasLimit ? [(name: "measured peak", kind: "limit", dot: "")] : []) {
        // Letters are narrower than this, whatever the font.
        let needed = 34 + 8 * Double(entry.name.count) + 18
        if x + needed > width - LinePlot.right, x > LinePlot.left { (x, y) = (LinePlot.left, y + 20) }
        lines.append(LinePlot.line(x, y, x + 26, y, entry.kind))
        if !entry.dot.isEmpty {
          lines.append(
            "<circle class=\"\(entry.dot)\" cx=\"\(number(x + 13))\" cy=\"\(number(y))\" r=\"3.5\"/>")
        }
        lines.append(LinePlot.text(x + 34, y + 4, entry.name, "tick"))
        x += needed
      }
      self.lines = lines
      height = y + 14
    }
  }

  // MARK: Colours

  private static let light = ["#1f6fd6", "#d1480c", "#23803a", "#8f35ab", "#8a6a00", "#0b7285", "#c2255c", "#5c636a"]
  private static let dark = ["#74b0ff", "#ff9a52", "#69d684", "#da9bf0", "#f2c744", "#5fd3e6", "#ff8fb3", "#b9c0c7"]
  private static var colours: Int { light.count }

  private static var style: String {
    func rules(_ list: [String], paper: String, ink: String, soft: String, grid: String) -> String {
      let own = list.enumerated().map { ".c\($0){stroke:\($1)} .d\($0){fill:\($1)}" }.joined(separator: " ")
      return ".paper{fill:\(paper)} .dot{stroke:\(paper)} .title,.label{fill:\(ink)} .tick,.note{fill:\(soft)} "
        + ".axis{stroke:\(soft)} .grid{stroke:\(grid)} .limit{stroke:\(soft)} \(own)"
    }
    return """
      <style>
      text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:12px}
      .title{font-size:14px;font-weight:600} .note{font-size:11px}
      .line,.limit{fill:none;stroke-width:2;stroke-linejoin:round} .limit{stroke-width:1.5;stroke-dasharray:6 4}
      .dot{stroke-width:1.5} .grid{stroke-width:1} .axis{stroke-width:1}
      \(rules(light, paper: "#ffffff", ink: "#1c1e21", soft: "#5c636a", grid: "#e6e8eb"))
      @media (prefers-color-scheme:dark){\(rules(dark, paper: "#15181c", ink: "#eceff2", soft: "#a8b0b8", grid: "#2c3238"))}
      </style>
      """
  }
}

/// From numbers to places along an axis; logarithmic where the numbers span a factor of eight.
struct Scale {
  let isLogarithmic: Bool
  let ticks: [Double]
  private let (low, high): (Double, Double)
  private let (from, to): (Double, Double)

  /// - Parameters:
  ///   - from, to: the places of the ends.
  ///   - marks: where ticks shall be, as far as there is room; round numbers when nil.
  init(values: [Double], from: Double, to: Double, startsAtZero: Bool, marks: [Double]?) {
    self.from = from
    self.to = to
    let finite = values.filter(\.isFinite)
    let (least, most) = (finite.min() ?? 0, finite.max() ?? 1)
    isLogarithmic = !startsAtZero && least > 0 && most >= 8 * least
    if let marks {
      (low, high) = least == most ? (least - 1, most + 1) : (least, most)
      ticks = Scale.thinned(Array(Set(marks)).sorted(), low, high, isLogarithmic, room: abs(to - from))
      return
    }
    if isLogarithmic {
      let all = (-9...12).flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
      let first = all.last { $0 <= least * 1.0001 } ?? least
      let last = all.first { $0 >= most * 0.9999 } ?? most
      (low, high) = (first, last)
      let inside = all.filter { $0 >= first * 0.999 && $0 <= last * 1.001 }
      // Powers of ten alone where the steps between them would crowd.
      ticks = inside.count <= 8 ? inside : inside.filter { abs(log10($0) - log10($0).rounded()) < 1e-6 }
    } else {
      let top = most > 0 ? most : 1
      let step = Scale.step(top / 5)
      (low, high) = (0, (top / step).rounded(.up) * step)
      ticks = (0...Int((high / step).rounded())).map { Double($0) * step }
    }
  }

  func place(_ value: Double) -> Double {
    let share =
      isLogarithmic ? (log(value) - log(low)) / (log(high) - log(low)) : (value - low) / (high - low)
    return from + (to - from) * share
  }

  /// 1, 2 or 5 times a power of ten, at least `least`.
  private static func step(_ least: Double) -> Double {
    let power = pow(10, log10(least).rounded(.down))
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least * 0.9999 } ?? 10 * power
  }

  /// Marks that have room for their labels; the first and the last stay.
  private static func thinned(
    _ marks: [Double], _ low: Double, _ high: Double, _ isLogarithmic: Bool, room: Double
  ) -> [Double] {
    func place(_ value: Double) -> Double {
      room * (isLogarithmic ? (log(value) - log(low)) / (log(high) - log(low)) : (value - low) / (high - low))
    }
    func half(_ value: Double) -> Double { 4 * Double(LinePlot.label(value).count) + 3 }
    var kept: [Double] = []
    for mark in marks {
      if let last = kept.last, place(mark) - place(last) < half(mark) + half(last) {
        guard mark == marks.last, kept.count > 1 else { continue }
        kept.removeLast()
      }
      kept.append(mark)
    }
    return kept
  }
}
