import FoveaGraphs

/// The members of one JSON object of a graph, with errors that say where they stand.
struct Fields {
  let place: String
  private let object: JSONObject

  init(_ json: JSONValue, at place: String) throws(GraphCodingError) {
    guard let object = json.object else { throw .broken(at: place, problem: "not an object") }
    self.place = place
    self.object = object
  }

  /// No members; for its errors.
  init(at place: String) {
    self.place = place
    object = JSONObject()
  }

  subscript(key: String) -> JSONValue? { object[key] }

  func broken(_ problem: String) -> GraphCodingError { .broken(at: place, problem: problem) }

  func string(_ key: String) throws(GraphCodingError) -> String {
    guard let text = object[key]?.string else { throw broken("no text \"\(key)\"") }
    return text
  }

  func integer(_ key: String) throws(GraphCodingError) -> Int {
    guard let number = object[key]?.integer else { throw broken("no whole number \"\(key)\"") }
    return number
  }

  func array(_ key: String) throws(GraphCodingError) -> [JSONValue] {
    guard let list = object[key]?.array else { throw broken("no list \"\(key)\"") }
    return list
  }

  func integers(_ key: String, default value: [Int]? = nil) throws(GraphCodingError) -> [Int] {
    if object[key] == nil, let value { return value }
    var result: [Int] = []
    for element in try array(key) {
      guard let number = element.integer else { throw broken("\"\(key)\" is no list of whole numbers") }
      result.append(number)
    }
    return result
  }

  /// A value that was defined before.
  func value(_ json: JSONValue?, in graph: Graph) throws(GraphCodingError) -> Value {
    guard let number = json?.integer else { throw broken("a value is not a number") }
    guard graph.values.indices.contains(number) else {
      throw broken("it refers to value \(number), but there are \(graph.values.count) before it")
    }
    return Value(id: number)
  }
}
