import CFoveaBlocks

/// The instructions that kernels of our own are compiled for.
package enum Instructions: Int32, Sendable, CaseIterable {
  case plain, avx2, avx512

  /// The best ones of this processor.
  package static let best = Instructions(rawValue: fovea_blocks_best()) ?? .plain
}
