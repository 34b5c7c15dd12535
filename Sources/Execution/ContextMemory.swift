#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Context {
  /// Bytes that a plan may take: the machine's memory.
  static func memoryLimit() -> Int {
    #if canImport(Glibc)
      return sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    #else
      return Int(Int64.max)
    #endif
  }

  /// Gives the system back what is free in the process's heap, where the C library can.
  static func returnFreeMemory() {
    #if os(Linux)
      // The C library's header that declares it is not among those that Swift sees.
      typealias Trim = @convention(c) (Int) -> Int32
      guard let trim = dlsym(nil, "malloc_trim") else { return }
      _ = unsafeBitCast(trim, to: Trim.self)(0)
    #endif
  }
}
