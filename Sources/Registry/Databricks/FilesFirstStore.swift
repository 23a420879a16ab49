import Diagnostics
import HTTPTransport
import Transfers

/// A folder that the Files API has, or else another store: the order in which Databricks itself wants to be asked.
///
/// Which of the two lists the folder is decided by the first listing and stays so, so that a second listing can be compared with the
/// first. A file that the one cannot read is tried by the other.
final class FilesFirstStore: ArtifactStore {
    private let files: FilesAPIStore
    private let makeOther: (_ task: String) throws(RegistryError) -> any ArtifactStore
    private var other: (any ArtifactStore)?
    private var isListedByOther: Bool?

    /// - Parameter other: makes the other store, at most once; may ask the workspace for credentials.
    init(_ files: FilesAPIStore, other: @escaping (_ task: String) throws(RegistryError) -> any ArtifactStore) {
        self.files = files
        makeOther = other
    }

    var place: String { isListedByOther == true ? other?.place ?? files.place : files.place }

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] {
        switch isListedByOther {
        case true: return try otherStore(task).list(folder, doing: task)
        case false: return try files.list(folder, doing: task)
        case nil: break
        }
        switch try files.tryList(folder, doing: task) {
        case .entries(let entries):
            isListedByOther = false
            return entries
        case .refusal(let refusal):
            guard refusal.leavesOtherWays else { throw refusal.error(doing: task) }
            do throws(RegistryError) {
                let entries = try otherStore(task).list(folder, doing: task)
                isListedByOther = true
                return entries
            } catch {
                throw Self.combined(refusal, error, task)
            }
        }
    }

    /// The refusal that says more to a person: a missing Files API is not what is wrong when the other way fails as well.
    private static func combined(_ refusal: DatabricksAnswer, _ other: RegistryError, _ task: String) -> RegistryError {
        let first = refusal.error(doing: task)
        guard other.kind != .cancelled else { return other }
        if refusal.isUnknownAddress || refusal.isNotFound || refusal.status == 404 {
            return other.adding(details: ["the Files API before it: \(reason(first, task))"])
        }
        return first.adding(details: ["the way around the Files API: \(reason(other, task))"])
    }

    static func reason(_ error: RegistryError, _ task: String) -> String {
        let start = "cannot \(task): "
        let summary = error.diagnostic.summary
        return summary.hasPrefix(start) ? String(summary.dropFirst(start.count)) : summary
    }

    fileprivate func otherStore(_ task: String) throws(RegistryError) -> any ArtifactStore {
        if let other { return other }
        let made = try makeOther(task)
        other = made
        return made
    }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess {
        // Here only when the other one lists, and so exists.
        if isListedByOther == true, let other {
            let files = files
            return FallbackAccess(other.access(to: entry, doing: task), subject: files.subject, doing: task) {
                files.access(to: entry, doing: task)
            }
        }
        return FallbackAccess(files.access(to: entry, doing: task), subject: files.subject, doing: task) { [self] in
            try otherStore(task).access(to: entry, doing: task)
        }
    }
}

/// A file that is read one way, and another way when the first is refused for good.
final class FallbackAccess: ObjectAccess {
    private var access: any ObjectAccess
    private let subject: DatabricksSubject
    private let task: String
    private let makeOther: () throws -> any ObjectAccess
    private var failure: RegistryError?

    /// - Parameter other: makes the other way, at most once.
    init(
        _ first: any ObjectAccess, subject: DatabricksSubject, doing task: String,
        other: @escaping () throws -> any ObjectAccess
    ) {
        access = first
        self.subject = subject
        self.task = task
        makeOther = other
    }

    func signRequest() throws -> HTTPRequest? { try access.signRequest() }

    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest { try access.readRequest(signed: signed) }

    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict {
        do {
            return try access.judge(answer, stage: stage)
        } catch let error as RegistryError {
            if let failure {
                throw failure.adding(details: ["another way to it: \(FilesFirstStore.reason(error, task))"])
            }
            guard DatabricksAnswer(answer, about: subject).leavesOtherWays, !answer.isTrouble else { throw error }
            failure = error
            do {
                access = try makeOther()
            } catch let second as RegistryError {
                throw error.adding(details: ["another way to it: \(FilesFirstStore.reason(second, task))"])
            }
            return .renew
        }
    }
}
