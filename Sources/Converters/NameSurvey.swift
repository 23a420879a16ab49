import Diagnostics
import Pickle

/// Looks at every name of a pickle and gathers the reasons to refuse it, each with its place in the model and in the file.
struct NameSurvey {
    private(set) var refusals: [Refusal] = []
    private static let limit = 100

    init(_ graph: PickleGraph) {
        let catalog = GlobalCatalog(modelTypes: ConverterCatalog.classNames)
        let verdicts = graph.globals.map { catalog.verdict(on: $0) }
        let isByValue = graph.globals.map { $0.module.hasPrefix("cloudpickle") && $0.uses.contains(.call) }
        for finding in graph.findings {
            // cloudpickle calls what it has just made to rebuild a function; the function itself is the reason then.
            if isByValue.contains(true), finding.opcode == "REDUCE" { continue }
            refusals.append(
                Refusal(
                    path: graph.file, reason: finding.words,
                    help: "no library writes this: ask where the file comes from",
                    place: Place(file: graph.file, byteOffset: finding.offset, note: "opcode \(finding.opcode)")))
        }
        guard verdicts.contains(where: { $0 != .allowed }) else { return }
        let paths = ObjectPaths(graph)
        var opaque: Set<Int> = []
        for (index, verdict) in verdicts.enumerated() {
            if case .unconverted = verdict { opaque.insert(index) }
            if isByValue[index] { opaque.insert(index) }
        }
        for (index, verdict) in verdicts.enumerated() {
            let global = graph.globals[index]
            switch verdict {
            case .allowed: continue
            case .unconverted(let reason, let help):
                // The parts of what is refused itself are no news.
                if !paths.isInside(opaque, global: index) {
                    append(reason, help, paths.path(ofGlobal: index), global, graph)
                }
            case .refused(let reason, let help):
                if isByValue[index], paths.isInside(opaque, global: index) { continue }
                append(reason, help, paths.path(ofGlobal: index), global, graph)
            }
        }
    }

    private mutating func append(
        _ reason: String, _ help: String?, _ path: String?, _ global: PickleGlobal, _ graph: PickleGraph
    ) {
        guard refusals.count < NameSurvey.limit else { return }
        let refusal = Refusal(
            path: path ?? graph.file, reason: reason, help: help,
            place: Place(file: graph.file, byteOffset: global.offset, note: "opcode \(global.opcode)"))
        guard !refusals.contains(where: { $0.path == refusal.path && $0.reason == reason }) else { return }
        refusals.append(refusal)
    }

    /// Adds what the converters found; a model always has a reason.
    mutating func add(_ more: [Refusal]) {
        refusals += more
        if refusals.isEmpty {
            refusals = [Refusal(path: "", reason: "it is not a model that can be converted")]
        }
    }
}
