/// What this version is called, for files that say by what they were written.
package enum Release {
  package static let version = "0.1.0"
}
