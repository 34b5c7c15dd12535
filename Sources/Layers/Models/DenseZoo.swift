extension Zoo {
  /// Networks that give an answer for every place: segmentation, reconstruction, heatmaps, signals.
  static let dense: [Entry] = []
}
