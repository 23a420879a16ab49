// How long a `.skiff` file takes to score rows in this process: scoring-benchmark FILE.skiff ROWS.json [THREADS]
//
// ROWS.json holds {"columns": [name, …], "data": [[cell, …], …]}. Prints one JSON object: nanoseconds per row when rows are scored
// one at a time and all at once (the best and the median of twelve rounds, or of as many as fit into two seconds), nanoseconds to load the file, and
// the answers.

import Bytes
import Glibc
import JSONText
import Platform
import Scoring

struct Misuse: Error, CustomStringConvertible {
    var description: String
}

func nanoseconds(_ work: () throws -> Void) rethrows -> Double {
    let start = MonotonicClock.nanoseconds
    try work()
    return Double(MonotonicClock.nanoseconds - start)
}

/// Rows of a file, bound to a model's columns.
func bind(_ rows: [[JSONValue]], _ columns: [String], to model: CompiledModel) throws -> InputBlock {
    var block = InputBlock(model: model)
    block.appendRows(rows.count)
    for (target, column) in model.inputs.columns.enumerated() {
        guard let source = columns.firstIndex(of: column.name) else { throw Misuse(description: "no \(column.name)") }
        for (number, row) in rows.enumerated() {
            switch row[source] {
            case .number(let value): block.set(value.double ?? .nan, row: number, column: target)
            case .string(let text): block.set(text, row: number, column: target)
            case .bool(let flag): block.set(flag ? 1 : 0, row: number, column: target)
            case .null, .array, .object: block.setMissing(row: number, column: target)
            }
        }
    }
    return block
}

func measure(_ arguments: [String]) throws {
    guard (3...4).contains(arguments.count) else {
        throw Misuse(description: "usage: scoring-benchmark FILE.skiff ROWS.json [THREADS]")
    }
    let region = ByteRegion(try readFile(arguments[1], limit: 1 << 30))
    let model = try CompiledModel.load(region, file: arguments[1])
    let loading = try (0..<5).map { _ in
        try nanoseconds { _ = try CompiledModel.load(region, file: arguments[1]) }
    }
    let request = try JSONText.parse(ByteRegion(try readFile(arguments[2], limit: 1 << 30)))
    let columns = (request["columns"]?.arrayValue ?? []).compactMap(\.stringValue)
    let rows = (request["data"]?.arrayValue ?? []).compactMap(\.arrayValue)
    guard !rows.isEmpty else { throw Misuse(description: "no rows") }
    let all = try bind(rows, columns, to: model)
    let singles = try rows.map { try bind([$0], columns, to: model) }
    let threads = arguments.count == 4 ? Int(arguments[3]) ?? 1 : 1
    let evaluator = Evaluator(model: model, sharing: ScoringProcessors(count: threads))
    var answers = AnswerBlock(model: model)
    var single: [Double] = []
    var batch: [Double] = []
    let start = MonotonicClock.nanoseconds
    while single.isEmpty || single.count < 12 && MonotonicClock.nanoseconds - start < 2_000_000_000 {
        single.append(
            try nanoseconds { for row in singles { try evaluator.evaluate(row, into: &answers) } } / Double(rows.count))
        batch.append(try nanoseconds { try evaluator.evaluate(all, into: &answers) } / Double(rows.count))
    }
    let summary: JSONObject = [
        "rows": .int(rows.count), "bytes": .int(region.count), "nodes": .int(model.summary.nodeCount),
        "load": .double(loading.min() ?? 0), "single": .double(single.min() ?? 0),
        "singleMedian": .double(single.sorted()[single.count / 2]), "batch": .double(batch.min() ?? 0),
        "batchMedian": .double(batch.sorted()[batch.count / 2]), "answers": .array(answers.values.map { .double($0) }),
    ]
    print(String(decoding: JSONWriter.bytes(.object(summary), style: .compact), as: UTF8.self))
}

do {
    try measure(CommandLine.arguments)
} catch {
    print("{\"error\": \"\(error)\"}")
    exit(2)
}
