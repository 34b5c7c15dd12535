import FoveaTensors

/// What can go wrong while a data set is fetched.
public enum FetchError: Error, Equatable {
  case unknown(name: String, suggestion: String?, known: [String])
  case noLibrary(reason: String, urls: [String], directory: String)
  case unreachable(url: String, reason: String, file: String, attempts: Int)
  case refused(url: String, status: Int, file: String)
  case tooLong(url: String, expected: Int)
  case tooShort(url: String, expected: Int, found: Int)
  case wrongChecksum(url: String, expected: String, found: String)
  case foreignFile(path: String, expected: String, found: String)
  case busy(path: String)
  case badMirror(String)
  case file(FileError)
  case data(DataError)
  case badArchive(path: String, reason: String)
}

extension FetchError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknown(let name, let suggestion, let known):
      "there is nothing to fetch called '\(name)'; "
        + (suggestion.map { "did you mean '\($0)'?" } ?? "there are \(known.joined(separator: ", "))")
    case .noLibrary(let reason, let urls, let directory):
      "libcurl cannot be opened (\(reason)); install it (Debian: apt-get install libcurl4), or fetch "
        + "\(urls.joined(separator: ", ")) some other way and put \(urls.count == 1 ? "it" : "them") into \(directory)"
    case .unreachable(let url, let reason, let file, let attempts):
      "cannot get \(url) (\(reason)\(attempts > 1 ? "; tried \(attempts) times" : "")); run the command again to go on "
        + "where it stopped, or get the file some other way and put it at \(file)"
    case .refused(let url, let status, let file):
      "\(url): the server answers with status \(status); try again later, or get the file some other way and put it "
        + "at \(file)"
    case .tooLong(let url, let expected):
      "\(url): the server sends more than the file's \(expected) bytes; it is another file: try again later or name "
        + "another home with --from"
    case .tooShort(let url, let expected, let found):
      "\(url): the server ends after \(found) of the file's \(expected) bytes; run the command again to go on"
    case .wrongChecksum(let url, let expected, let found):
      "\(url): what came has the SHA-256 \(found), expected \(expected); it was thrown away: try again, or name another "
        + "home with --from"
    case .foreignFile(let path, let expected, let found):
      "\(path) is there with the SHA-256 \(found), but the published file has \(expected); move it away first"
    case .busy(let path):
      "another program is fetching \(path); wait for it"
    case .badMirror(let url):
      "'\(url)' is no home of files; give an address that begins with http:// or https://"
    case .file(let error): error.description
    case .data(let error): error.description
    case .badArchive(let path, let reason):
      "\(path): \(reason); remove it and fetch it again"
    }
  }
}
