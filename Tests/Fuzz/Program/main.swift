import CFoveaFuzz
#if canImport(Glibc)
  import Glibc
#endif

// fovea-fuzz TARGET [libFuzzer options and folders of inputs]; without a target it lists them, each with its longest
// input and its folders of seeds.
let words = CommandLine.arguments
guard words.count > 1, let target = FuzzTargets.all.first(where: { $0.name == words[1] }) else {
  for target in FuzzTargets.all { print(([target.name, "\(target.longest)"] + target.seeds).joined(separator: " ")) }
  exit(words.count > 1 ? 2 : 0)
}
FuzzTargets.chosen = target
// libFuzzer sees its own options alone; the list lives as long as the process.
var arguments: [UnsafeMutablePointer<CChar>?] = ([words[0]] + words.dropFirst(2)).map { strdup($0) } + [nil]
var count = Int32(arguments.count - 1)
let status = arguments.withUnsafeMutableBufferPointer { list in
  var start = list.baseAddress
  return LLVMFuzzerRunDriver(&count, &start) { FuzzTargets.run($0, $1) }
}
exit(status)
