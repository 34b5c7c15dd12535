import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// What the layers of the basic operators say about what does not fit: each cause once.
@Suite struct LayerMistakeTests {
  private func said(_ input: InputShape, @LayerBuilder _ layers: () -> [Placed]) -> [String] {
    Model.draft(input: input, layers).mistakes.map { "\($0.problem); \($0.mend)" }
  }

  @Test func attributes() {
    #expect(said([1, 8, 8]) { LeakyReLU(-1) } == ["a slope of -1.0; give a number of at least 0, such as 0.01"])
    #expect(said([1, 8, 8]) { ELU(-1) } == ["an alpha of -1.0; give a number of at least 0, such as 1"])
    #expect(said([8]) { Clip(min: 2, max: 1) } == ["nothing lies from 2.0 to 1.0; give a min of at most max"])
    #expect(said([8]) { Clip(min: .nan) }.count == 1)
    #expect(said([8]) { PReLU(initial: .infinity) } == ["a slope of inf; give a number, such as 0.25"])
    #expect(said([8]) { PixelShuffle(0) } == ["factor 0 is less than 1; give a factor of at least 1"])
    #expect(said([6, 4, 4]) { PixelShuffle(2) }.count == 1 && said([6, 4, 5]) { SpaceToDepth(2) }.count == 1)
    #expect(said([8]) { DepthToSpace(2) } == ["[1×8] has no pixels; give an input N×C×…"])
    #expect(
      said([3, 8]) { Flip(axes: [0]) } == [
        "the axes [0] of the input [1×3×8]; name at least one axis from 1 to 2, each once"
      ])
    #expect(said([3, 8]) { Flip(axes: []) }.count == 1 && said([3, 8]) { Flip(axes: [2, -1]) }.count == 1)
    #expect(said([3, 8]) { Flip(axes: [.min]) }.count == 1)
    #expect(said([8]) { LogSoftmax(axis: 3) } == ["the input [1×8] has no axis 3; choose one from -2 to 1"])
    #expect(
      said([8]) { Reshape([0, 8]) }
        == ["an extent of 0; give extents of at least 1, and at most one -1 for what is left"])
    #expect(said([8]) { Reshape([-1, -1]) } == ["more than one extent is -1; leave only one to be worked out"])
    #expect(said([8]) { Reshape([3, 2]) }.count == 1)
    #expect(
      said([1, 8, 8]) { ZeroPad(before: [1], after: [1]) } == [
        "[1] and [1] for the input [1×1×8×8]; give 3 numbers each: one per axis after the batch"
      ])
    #expect(
      said([1, 8, 8]) { ConvTranspose2D(4, kernel: 3, outputPadding: [0, -1]) }
        == ["outputPadding -1 is less than 0; give a outputPadding of at least 0"])
    #expect(said([1, 8, 8]) { ConvTranspose2D(4, kernel: 3, stride: 2, outputPadding: 2) }.count == 1)
    #expect(said([1, 8]) { ConvTranspose1D(4, kernel: 3, padding: 9) }.count == 1)
    #expect(
      said([6, 8, 8]) { ConvTranspose2D(4, kernel: 3, groups: 4) } == [
        "6 input channels do not split into 4 groups; choose a number of groups that divides 6"
      ])
    #expect(said([1, 8]) { MaxPool1D(2, padding: 2) }.count == 1)
    #expect(said([1, 8, 8]) { AveragePool2D([2, 0], stride: 0) }.count == 2)
  }

  @Test func ranks() {
    #expect(
      said([1, 8]) { MaxPool2D(2) } == [
        "the input [1×1×8] has 3 axes, but 4 are needed (N×C×H×W); use MaxPool1D"
      ])
    #expect(
      said([1, 8, 8, 8]) { AveragePool1D(2) } == [
        "the input [1×1×8×8×8] has 5 axes, but 3 are needed (N×C×L); use AveragePool3D"
      ])
    #expect(said([1, 8, 8, 8]) { Conv2D(2, kernel: 1) }.first?.hasSuffix("use Conv3D") == true)
    #expect(said([8]) { Conv3D(2, kernel: 1) }.first?.contains("place it before Flatten() and Dense") == true)
    #expect(said([8]) { ConvTranspose2D(2, kernel: 1) }.first?.contains("Reshape([channels, …])") == true)
    #expect(
      said([8]) { GlobalAveragePool() } == [
        "the input [1×8] has no positions to pool over; place it before Flatten()"
      ])
  }

  @Test func branches() {
    #expect(
      said([4, 8, 8]) {
        Concatenate {
          Identity()
          MaxPool2D(2)
        }
      } == [
        "cannot put [1×4×8×8] and [1×4×4×4] side by side; "
          + "make the branches agree along every axis but the channels: check padding and stride"
      ])
    #expect(
      said([4, 8, 8]) {
        Concatenate {
          Identity()
          Flatten()
          Identity()
        }
      } == [
        "cannot put [1×4×8×8], [1×256] and [1×4×8×8] side by side; give all branches the same number of axes"
      ])
    #expect(
      said([4, 8, 8]) {
        Multiply {
          Identity()
          Conv2D(3, kernel: 1)
        }
      } == [
        "cannot multiply [1×4×8×8] and [1×3×8×8]; make both end in the same shape, or one in extent 1 along what "
          + "it is to scale, e.g. N×C×1×1"
      ])
    #expect(
      said([4, 8, 8]) { Multiply {} } == ["nothing to multiply; write a branch per line; the shortcut is Identity()"])
    #expect(said([4, 8, 8]) { Concatenate { Identity() } }.count == 1)
    // What is known of the whole is checked behind it.
    let behind = said([4, 8, 8]) {
      Concatenate {
        Identity()
        MaxPool2D(2)
      }
      Conv2D(4, kernel: 1, groups: 3)
    }
    #expect(behind.count == 2 && behind.last?.hasPrefix("8 input and 4 output channels") == true)
  }

  @Test func networksSayWhatDoesNotFit() {
    #expect(said([1, 8, 8]) { LeNet5(classes: 10) }.count == 1)
    #expect(said([1, 40]) { ResNetCIFAR(blocks: 3, classes: 10) }.isEmpty == false)
    #expect(said([3, 32, 32]) { ResNetCIFAR(blocks: -1, classes: 10) }.isEmpty)
    #expect(said([3, 32, 32]) { GenericCNN(modules: 60, width: 1 << 60, classes: 10) }.isEmpty == false)
    #expect(said([3, 32, 32]) { GenericCNN(modules: 6, classes: 0) }.count == 2)
    #expect(said([1, 28, 28]) { MLP(hidden: [0, 10], classes: 10) }.count == 1)
  }
}
