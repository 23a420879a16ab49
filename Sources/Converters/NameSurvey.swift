import Diagnostics
import Pickle

/// Looks at every name of a pickle and gathers the reasons to refuse it, each with its place in the model and in the file.
struct NameSurvey {
    private(set) var refusals: [Refusal] = []
    /// Reasons that are worth telling, and names that are looked at to find them: a hostile file has any number.
    private static let limit = 100
    private static let attempts = 2_000

    init(_ graph: PickleGraph) {
        let verdicts = graph.globals.map { ConverterCatalog.names.verdict(on: $0) }
        let isByValue = graph.globals.map { $0.module.hasPrefix("cloudpickle") && $0.uses.contains(.call) }
        for finding in graph.findings.prefix(NameSurvey.limit) {
            // cloudpickle calls what it has just made to rebuild a function; the function itself is the reason then.
            if isByValue.contains(true), finding.opcode == "REDUCE" { continue }
            var refusal = Refusal(
                path: graph.file, reason: finding.words, help: "no library writes this: ask where the file comes from",
                place: graph.place(finding.offset, opcode: finding.opcode))
            refusal.isAboutBytes = true
            refusals.append(refusal)
        }
        guard verdicts.contains(where: { $0 != .allowed }) else { return }
        let paths = ObjectPaths(graph)
        var opaque: Set<Int> = []
        for (index, verdict) in verdicts.enumerated() {
            if case .unconverted = verdict { opaque.insert(index) }
            if isByValue[index] { opaque.insert(index) }
        }
        let isInside = paths.namesInside(opaque)
        // What no honest model holds comes first. The parts of what is refused itself are no news.
        let refused = verdicts.indices.filter { index in
            if case .refused = verdicts[index] { !(isByValue[index] && isInside[index]) } else { false }
        }
        let unconverted = verdicts.indices.filter { index in
            if case .unconverted = verdicts[index] { !isInside[index] } else { false }
        }
        var chosen = Array((refused + unconverted).prefix(NameSurvey.attempts))
        if chosen.isEmpty { chosen = Array(verdicts.indices.filter { verdicts[$0] != .allowed }.prefix(1)) }
        for index in chosen where refusals.count < NameSurvey.limit {
            append(verdicts[index], paths.path(ofGlobal: index), graph.globals[index], graph)
        }
    }

    private mutating func append(
        _ verdict: GlobalCatalog.Verdict, _ path: String?, _ global: PickleGlobal, _ graph: PickleGraph
    ) {
        let (reason, help): (String, String?)
        switch verdict {
        case .allowed: return
        case .refused(let words, let hint), .unconverted(let words, let hint): (reason, help) = (words, hint)
        }
        var refusal = Refusal(
            path: path ?? graph.file, reason: reason, help: help,
            place: graph.place(global.offset, opcode: global.opcode))
        // Code of the person's own, in a parameter of a step, is no news to them.
        let isOwn = global.module == "__main__" || global.module.hasPrefix("cloudpickle")
        if case .refused = verdict, !(isOwn && refusal.path.contains("(")) { refusal.isAboutBytes = true }
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
