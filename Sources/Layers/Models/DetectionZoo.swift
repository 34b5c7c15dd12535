import FoveaGraphs

extension Zoo {
  /// Networks that say where things are. Their output is a `YOLOGrid` of numbers, not one score for each class.
  static let detection: [Entry] = [
    Entry(
      name: "yolov1", summary: "YOLO: 24 convolutions and two dense layers over a grid of 7×7 cells.",
      paper: "Redmon et al. 2015", input: [3, 448, 448], classes: 20, task: .detection, initialization: .he
    ) { YOLOv1(classes: $0) },
    Entry(
      name: "yolov1-tiny", summary: "Fast YOLO: nine convolutions and three dense layers over the same grid.",
      paper: "Redmon et al. 2015", input: [3, 448, 448], classes: 20, task: .detection, initialization: .he
    ) { FastYOLOv1(classes: $0) },
  ]
}
