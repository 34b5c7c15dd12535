import Fovea

/// The part of a data set that a network is tried on.
enum DataSplit: String, CaseIterable { case test, validation, train }

/// A network and what it is tried on, by the options that name them.
struct JudgedModel: Sendable {
  let options: ModelOptions
  let preprocessing: PreprocessingOptions
  let split: DataSplit

  /// The network and what it is tried on, each made to fit the other.
  func loaded(_ source: DatasetSource) throws -> (Model, any Dataset) {
    if let given = try options.given().map({ preprocessing.applied(to: $0) }) {
      var pictures = PictureOptions(given.preprocessing)
      pictures.classNames = given.classNames.isEmpty ? nil : given.classNames
      try options.requireClassifier(given)
      let dataset = try part(of: source, pictures)
      guard pictures.classNames == nil, let numbers = Self.numbered(dataset, of: given.scores) else {
        return (given, dataset)
      }
      pictures.classNames = numbers
      return (given, try part(of: source, pictures))
    }
    let trained = try options.trained()
    var pictures = PictureOptions()
    if let published = trained?.preprocessing {
      pictures = PictureOptions(preprocessing.applied(to: published))
    } else {
      pictures.resize = preprocessing.resize
      pictures.size = preprocessing.size
      pictures.isBGR = preprocessing.channels == .bgr
      pictures.channels = preprocessing.channels.map { $0 == .gray ? 1 : 3 }
    }
    pictures.classNames = try options.listedNames()
    if pictures.classNames == nil, let names = trained?.classNames, !names.isEmpty { pictures.classNames = names }
    var dataset = try part(of: source, pictures)
    if pictures.classNames == nil, let numbers = Self.numbered(dataset, of: trained?.classes) {
      pictures.classNames = numbers
      dataset = try part(of: source, pictures)
    }
    let wish = ModelOptions.Wish(input: InputShape(dataset.sampleShape), classNames: dataset.classNames)
    return (preprocessing.applied(to: try options.load(wish)), dataset)
  }

  /// The numbers of all classes, where those of the data are numbers too and not all of them occur.
  private static func numbered(_ dataset: any Dataset, of classes: Int?) -> [String]? {
    guard let classes, classes > dataset.classNames.count,
      dataset.classNames.allSatisfy({ Int($0).map { (0..<classes).contains($0) } ?? false })
    else { return nil }
    return (0..<classes).map(String.init)
  }

  /// The part that `--split` names. What a run kept from training is written beside its model files.
  func part(of source: DatasetSource, _ pictures: PictureOptions) throws -> any Dataset {
    if split == .test { return try source.loadForEvaluation(pictures: pictures) }
    let whole = try source.load(split: .train, pictures: pictures)
    let directory = options.text.lastIndex(of: "/").map { String(options.text[..<$0]) } ?? "."
    guard options.isFile, Directory.exists(RunDirectory(directory).record) else {
      if split == .train { return whole }
      throw Failure("\(options.text) does not lie in a run's directory, so nobody knows what it kept from training")
    }
    let record = try RunRecord.read(directory: directory)
    guard record.examples == whole.count else {
      throw Failure(
        "the run in \(directory) trained on \(record.examples) examples of \(record.datasetName), "
          + "but \(source) has \(whole.count); give its own data set")
    }
    let parts = try record.options.split(whole)
    if split == .train { return parts.train }
    guard let validation = parts.validation else {
      throw Failure("the run in \(directory) kept nothing from training; train with --validation FRACTION")
    }
    return validation
  }
}
