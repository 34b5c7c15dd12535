import FoveaExecution
import FoveaGraphs
import FoveaTensors
import Testing

/// A layout of a test's own: the elements backwards, with one element of padding in front.
final class Backwards: ForeignLayout {
  let count: Int
  init(_ count: Int) { self.count = count }
  var text: String { "backwards" }
  var byteCount: Int { (count + 1) * 4 }
  func isSame(as other: any ForeignLayout) -> Bool { (other as? Backwards)?.count == count }
  func encode(plain: UnsafeRawPointer, into target: UnsafeMutableRawPointer) throws(ExecutionError) {
    let from = plain.assumingMemoryBound(to: Float.self)
    let to = target.assumingMemoryBound(to: Float.self)
    to[0] = 0
    for index in 0..<count { to[count - index] = from[index] }
  }
  func decode(_ source: UnsafeRawPointer, intoPlain target: UnsafeMutableRawPointer) throws(ExecutionError) {
    let from = source.assumingMemoryBound(to: Float.self)
    let to = target.assumingMemoryBound(to: Float.self)
    for index in 0..<count { to[index] = from[count - index] }
  }
}

@Suite struct StoreTests {
  @Test func valuesKeepTheirTypeAndRaiseTheVersion() throws {
    let store = Store()
    try store.set("a", to: Tensor([1, 2, 3] as [Float]))
    let version = store.version
    try store.set("a", to: Tensor([4, 5, 6] as [Float]))
    #expect(store.version == version + 1)
    #expect(try store.tensor("a").array(of: Float.self) == [4, 5, 6])
    let error = #expect(throws: ExecutionError.self) { try store.set("a", to: Tensor([1, 2] as [Float])) }
    #expect(error?.description == "\"a\" is f32[2], but the network takes f32[3]")
    let missing = #expect(throws: ExecutionError.self) { try store.tensor("b") }
    #expect(missing?.description.contains("\"b\" has no values yet") == true)
    store.remove("a")
    #expect(!store.contains("a") && store.paths.isEmpty)
  }

  @Test func aPinnedLayoutIsInvisibleToReaders() throws {
    let store = Store()
    try store.set("w", to: Tensor([1, 2, 3] as [Float]))
    let type = TensorType(.f32, [3] as Shape)
    try store.pin("w", type, .foreign(Backwards(3)))
    #expect(store.pinnedLayout("w") == .foreign(Backwards(3)))
    #expect(try store.tensor("w").array(of: Float.self) == [1, 2, 3])
    try store.set("w", to: Tensor([7, 8, 9] as [Float]))
    #expect(try store.tensor("w").array(of: Float.self) == [7, 8, 9])
    // The first plan's choice stays.
    try store.pin("w", type, .plain)
    #expect(store.pinnedLayout("w") == .foreign(Backwards(3)))
    #expect(try store.copy().tensor("w").array(of: Float.self) == [7, 8, 9])
  }

  @Test func initialValuesDependOnSeedAndPathAlone() throws {
    let weight = Parameter(path: "w", role: .weight, initializer: .fan(nil, fanIn: 50, fanOut: 100))
    let shape: Shape = [100, 50]
    func values(_ scheme: InitializationScheme, seed: UInt64 = 1, path: String = "w") -> [Double] {
      var parameter = weight
      parameter.path = path
      return Store.initial(parameter, shape, .f32, seed: seed, scheme: scheme).array(of: Double.self)
    }
    func deviation(_ list: [Double]) -> Double {
      (list.map { $0 * $0 }.reduce(0, +) / Double(list.count)).squareRoot()
    }
    #expect(values(.he) == values(.he))
    #expect(values(.he) != values(.he, seed: 2))
    #expect(values(.he) != values(.he, path: "v"))
    // He: √(2/50) = 0.2; Xavier: √(6/150)/√3 = 0.1155; PyTorch's: 1/√50/√3 = 0.0816.
    #expect(abs(deviation(values(.he)) - 0.2) < 0.01)
    #expect(abs(deviation(values(.xavier)) - 0.1155) < 0.005)
    #expect(abs(deviation(values(.standard)) - 0.0816) < 0.004)
    #expect(values(.xavier).allSatisfy { abs($0) <= 0.2000001 })
    let bias = Parameter(path: "b", role: .bias, initializer: .fan(nil, fanIn: 50, fanOut: 100))
    #expect(Store.initial(bias, [4], .f32, seed: 1, scheme: .he).array(of: Float.self) == [0, 0, 0, 0])
    #expect(Store.initial(bias, [4], .f32, seed: 1, scheme: .standard).array(of: Float.self) != [0, 0, 0, 0])
  }
}
