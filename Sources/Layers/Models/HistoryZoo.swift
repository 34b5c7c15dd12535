extension Zoo {
  /// The networks of the papers in the order of their years, as they were published.
  static let history: [Entry] = []
}
