import FoveaTensors
import Testing

@Suite struct NPYTests {
  private func read(_ bytes: [UInt8]) throws -> Tensor {
    try bytes.withUnsafeBytes { try NPY.decode($0, name: "x.npy") }
  }

  private func message(_ bytes: [UInt8]) -> String {
    do {
      _ = try read(bytes)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func readsEveryTypeThatNumPyWrites() throws {
    let cases: [([UInt8], DType, [Double])] = [
      (Golden.f8, .f64, [-0.25, -0.125, 0, 0.125, 0.25, 0.375]),
      (Golden.f4, .f32, [-0.25, -0.125, 0, 0.125, 0.25, 0.375]),
      (Golden.f2, .f16, [-0.25, -0.125, 0, 0.125, 0.25, 0.375]),
      (Golden.i8, .i64, (0..<6).map { Double($0) * -1_099_511_627_776 }),
      (Golden.i4, .i32, (0..<6).map { Double($0) * -70000 }),
      (Golden.i2, .i16, (0..<6).map { Double($0) * -300 }),
      (Golden.i1, .i8, [-3, -2, -1, 0, 1, 2]),
      (Golden.u1, .u8, [0, 51, 102, 153, 204, 255]),
      (Golden.b1, .bool, [0, 1, 0, 1, 0, 1]),
      (Golden.version2, .f32, [0, 1, 2, 3, 4, 5]),
      (Golden.version3, .f32, [0, 1, 2, 3, 4, 5]),
    ]
    for (bytes, dtype, values) in cases {
      let tensor = try read(bytes)
      #expect(tensor.dtype == dtype)
      #expect(tensor.shape == [2, 3])
      #expect(tensor.array(of: Double.self) == values, "\(dtype)")
    }
  }

  @Test func readsShapesWithNoneOneAndZeroExtents() throws {
    #expect(try read(Golden.scalar).shape == .scalar)
    #expect(try read(Golden.scalar).array(of: Float.self) == [2.5])
    #expect(try read(Golden.vector).shape == [3])
    #expect(try read(Golden.vector).array(of: Int32.self) == [1, 2, 3])
    #expect(try read(Golden.empty).shape == [0, 3])
  }

  @Test func fortranOrderBecomesCOrder() throws {
    #expect(try read(Golden.fortran2).array(of: Float.self) == [0, 1, 2, 3, 4, 5])
    #expect(try read(Golden.fortran3).shape == [2, 3, 4])
    #expect(try read(Golden.fortran3).array(of: Int32.self) == (0..<24).map { Int32($0) })
  }

  @Test func writesTheBytesThatNumPyWrites() throws {
    let scratch = try Scratch()
    let path = scratch.file("x.npy")
    let goldens = [
      Golden.f8, Golden.f4, Golden.f2, Golden.i8, Golden.i4, Golden.i2, Golden.i1, Golden.u1, Golden.b1,
      Golden.scalar, Golden.vector, Golden.empty,
    ]
    for golden in goldens {
      try read(golden).writeNPY(to: path)
      #expect(try Scratch.bytes(of: path) == golden)
    }
  }

  @Test func everyTypeComesBack() throws {
    let scratch = try Scratch()
    for dtype in DType.allCases where dtype != .bf16 {
      let tensor = try Tensor((0..<24).map { Float($0 % 2) }, shape: [2, 1, 3, 4]).converted(to: dtype)
      try tensor.writeNPY(to: scratch.file("x.npy"))
      #expect(try Tensor(npy: scratch.file("x.npy")).isIdentical(to: tensor), "\(dtype)")
    }
  }

  @Test func bfloat16IsRefusedWithTheMend() throws {
    let scratch = try Scratch()
    let path = scratch.file("x.npy")
    let error = #expect(throws: TensorError.self) { try Tensor(zeros: [2], dtype: .bf16).writeNPY(to: path) }
    #expect(
      error?.description
        == "\(path): NumPy has no name for elements of type bf16; convert the tensor to f32 first")
    #expect(try scratch.names() == [])
  }

  /// Numbers without a sign keep their values in a wider type, and are written as they were.
  @Test func unsignedNumbersBecomeWider() throws {
    let read = try Golden.u2.withUnsafeBytes { try NPY.decode($0, name: "x.npy") }
    #expect(read.dtype == .i32 && read.array(of: Int32.self) == [0, 1, 2, 3, 4, 5])
    let scratch = try Scratch()
    let cases: [(Int, [Int64])] = [(16, [0, 1, 65535]), (32, [0, 1, 4_294_967_295]), (64, [0, 1, .max])]
    for (bits, values) in cases {
      let path = scratch.file("unsigned.npy")
      try Tensor(values).writeUnsignedNPY(to: path, bits: bits)
      let again = try Tensor(npy: path)
      #expect(again.dtype == (bits == 16 ? .i32 : .i64) && again.array(of: Int64.self) == values, "\(bits) bits")
    }
  }

  @Test func otherKindsAreNamed() {
    #expect(
      message(Golden.bigEndian)
        == "x.npy: holds big-endian elements ('>f4'), tensors are little-endian; "
        + "convert it first, e.g. numpy.save(path, array.astype('<f4'))")
    #expect(message(Golden.record).contains("holds records of several fields"))
    #expect(message(Golden.complex).contains("holds elements of NumPy type '<c8'"))
    #expect(message(Array("P5 28 28 255".utf8)).contains("is not a .npy file"))
    #expect(message([]).contains("is not a .npy file"))
    var future = Golden.f4
    future[6] = 4
    #expect(message(future).contains("is a .npy file of version 4, known are 1, 2 and 3"))
  }

  @Test func everyCutIsAnError() {
    for length in 0..<Golden.f4.count { #expect(message(Array(Golden.f4[..<length])) != "no error") }
    #expect(
      message(Array(Golden.f4.dropLast(5)))
        == "x.npy: its header needs 152 bytes in the file, which has 147; it is cut off or damaged: write it again")
  }

  @Test func everyDamagedByteIsAnErrorOrATensor() {
    // Nothing may trap, whatever a header says.
    for position in 0..<128 {
      for value: UInt8 in [0, 0x20, 0x27, 0x28, 0x29, 0x2c, 0x39, 0x7d, 0xff] {
        var bytes = Golden.fortran3
        bytes[position] = value
        _ = message(bytes)
      }
    }
  }

  private func file(header: String, body: [UInt8] = []) -> [UInt8] {
    let text = Array((header + "\n").utf8)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count & 0xff), UInt8(text.count >> 8)] + text + body
  }

  @Test func headersOfOtherWritersAreRead() throws {
    let four: [UInt8] = [1, 2, 3, 4]
    let odd = try read(file(header: "{\"shape\":(2L,2),\"fortran_order\":True ,\"descr\":\"u1\"}", body: four))
    #expect(odd.shape == [2, 2])
    #expect(odd.array(of: UInt8.self) == [1, 3, 2, 4])
    let bools = try read(
      file(header: "{'descr': '?', 'fortran_order': False, 'shape': (0,)}".replacing("?", with: "|b1")))
    #expect(bools.dtype == .bool)
    let dirty = try read(file(header: "{'descr': '|b1', 'fortran_order': False, 'shape': (4,)}", body: [0, 2, 255, 1]))
    #expect(dirty.array(of: Bool.self) == [false, true, true, true])
  }

  @Test func impossibleShapesFailBeforeMemoryIsTaken() {
    func claim(_ shape: String) -> String {
      message(file(header: "{'descr': '<f8', 'fortran_order': False, 'shape': \(shape), }"))
    }
    #expect(claim("(4611686018427387904, 4)").contains("more elements than can be counted"))
    #expect(claim("(4611686018427387904, 4, 0)").contains("more elements than can be counted"))
    #expect(claim("(1152921504606846976,)").contains("more elements than can be counted"))
    #expect(claim("(1152921504606846975,)").contains("more elements than can be counted"))
    #expect(claim("(2147483648, 784)").contains("its header needs 13469017440"))
    #expect(claim("(-1, 4)").contains("has the extent '-1'"))
    #expect(claim("(99999999999999999999,)").contains("has the extent '99999999999999999999'"))
    #expect(claim("(1.5,)").contains("has no"))
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: TensorError.self) { try Tensor(npy: "/no/such/x.npy") }
    #expect(error?.description == "cannot open /no/such/x.npy: No such file or directory")
  }
}
