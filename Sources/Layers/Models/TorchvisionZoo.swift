extension Zoo {
  /// Networks that torchvision has too: its names, sizes and keys, so that its weights load as they are.
  static let torchvision: [Entry] = []
}
