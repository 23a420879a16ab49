public import Bytes
public import Diagnostics
public import MLmodelFormat
public import Scoring

/// A model to convert: its bytes and what `MLmodel` says about them.
public struct ConversionSource: Sendable {
    /// The bytes of the serialised model.
    public var artefact: ByteRegion
    /// Its name inside the model folder: `model.pkl`.
    public var artefactName: String
    /// The parsed `MLmodel`.
    public var mlmodel: MLmodel
    /// The input example; gives the columns when there is no signature.
    public var inputExample: InputExample?
    /// The SHA-256 of the artefact; 32 bytes.
    public var digest: [UInt8]
    /// What a null in a column of texts is.
    public var nullPolicy = NullPolicy.trained
    /// The exact version of pandas that the model's requirements name.
    public var pandasVersion: String?

    /// Makes a source of its parts.
    public init(
        artefact: ByteRegion, artefactName: String, mlmodel: MLmodel, inputExample: InputExample?, digest: [UInt8]
    ) {
        self.artefact = artefact
        self.artefactName = artefactName
        self.mlmodel = mlmodel
        self.inputExample = inputExample
        self.digest = digest
    }
}

/// What became of a conversion: a whole model, or every known reason why there is none.
public enum ConversionOutcome: Sendable {
    /// The compiled model, and remarks worth showing to a person.
    case converted(CompiledModel, notes: [String])
    /// The reasons; never empty.
    case refused([Refusal])

    /// The same with a further remark, if there is one.
    func adding(_ note: String?) -> ConversionOutcome {
        guard let note, case .converted(let model, let notes) = self else { return self }
        return .converted(model, notes: notes + [note])
    }
}

/// One reason why a model cannot be converted.
public struct Refusal: Sendable, Equatable {
    /// The part of the model: `steps[0].transformers_[1].FunctionTransformer(func=__main__.clean)`; the artefact's name
    /// when the reason concerns all of it.
    public var path: String
    /// One sentence without a full stop.
    public var reason: String
    /// What would help.
    public var help: String?
    /// Where it shows.
    public var place: Place?
    /// The file ends too early: no library could load the model either.
    public var isDamage = false
    /// It is about bytes that no training library writes, so that the place belongs to the words.
    public var isAboutBytes = false

    /// Makes a refusal.
    public init(path: String, reason: String, help: String? = nil, place: Place? = nil) {
        self.path = path
        self.reason = reason
        self.help = help
        self.place = place
    }
}

/// Thrown inside of the converters: one or more refusals. Empty when the survey of names reports the reason.
struct Refused: Error {
    var refusals: [Refusal]

    init(_ refusals: [Refusal]) {
        self.refusals = refusals
    }
}

/// Gathers the refusals of several independent parts.
struct RefusalCollector {
    private var refusals: [Refusal] = []
    private var failed = false

    /// The result of `body`, or nil after noting its refusals.
    mutating func attempt<Value>(_ body: () throws -> Value) throws -> Value? {
        do {
            return try body()
        } catch let error as Refused {
            refusals += error.refusals
            failed = true
            return nil
        }
    }

    /// Throws what was gathered, if anything was.
    func finish() throws {
        if failed { throw Refused(refusals) }
    }
}
