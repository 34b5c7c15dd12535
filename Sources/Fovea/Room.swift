// What people import. The rooms below hold the code; this one is their public face.
@_exported import FoveaData
@_exported import FoveaExchange
@_exported import FoveaExecution
@_exported import FoveaGraphs
@_exported import FoveaInference
@_exported import FoveaLanesBackend
@_exported import FoveaLayers
@_exported import FoveaOneDNNBackend
@_exported import FoveaTensors
@_exported import FoveaTraining
@_exported import FoveaVision

/// What this program and library are called by.
public enum Version {
  /// Semantic version: what is public in this module, the command line and its JSON are what it promises.
  public static let text = Release.version
}
