import Diagnostics
import Platform
import SQLiteFiles

extension RegistryError {
    /// What the database says, under its own sentence.
    init(_ error: SQLiteError) {
        let kind: Kind =
            switch error.kind {
            case .file(let file): file.isNotFound ? .notFound : .disk
            case .notADatabase, .damaged, .limit: .answer
            case .unsupported: .unsupported
            case .busy: .notReady
            }
        let diagnostic = error.diagnostic
        self.init(
            kind, diagnostic.summary, place: diagnostic.place, details: diagnostic.details, hints: diagnostic.hints)
    }
}
