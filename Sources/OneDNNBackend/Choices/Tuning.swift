extension OneDNNBackend {
  /// How it is decided which of the library's ways runs a convolution.
  public enum Tuning: String, Sendable, CaseIterable {
    /// By rule, without a look at the clock: the same everywhere, today and tomorrow.
    case fixed
    /// What was measured before on such a machine, else by rule: nothing is timed.
    case remembered
    /// What was measured before, else each way is timed while a plan is made, and remembered.
    case measured
  }
}
