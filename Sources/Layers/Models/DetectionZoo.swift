extension Zoo {
  /// Networks that say what is where.
  static let detection: [Entry] = []
}
