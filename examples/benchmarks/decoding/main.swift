// How fast bodies are read and checked in this process: decoding-benchmark FILE.skiff BODY.json [SECONDS]
//
// BODY.json is the body of a POST /invocations. Prints one JSON object: the body's bytes and rows, how often it was read, and nanoseconds for one
// reading, the best and the median, with the same decoder and the same memory as in the server.

import Bytes
import Glibc
import JSONText
import Platform
import ScorerServer
import Scoring

struct Misuse: Error, CustomStringConvertible {
    var description: String
}

func measure(_ arguments: [String]) throws {
    guard (3...4).contains(arguments.count) else {
        throw Misuse(description: "usage: decoding-benchmark FILE.skiff BODY.json [SECONDS]")
    }
    let model = try CompiledModel.load(ByteRegion(try readFile(arguments[1], limit: 1 << 30)), file: arguments[1])
    let body = try readFile(arguments[2], limit: 1 << 24)
    let seconds = arguments.count == 4 ? Double(arguments[3]) ?? 1 : 1
    var reader = try BodyReader(model)
    var times: [UInt64] = []
    var rows = 0
    let begin = MonotonicClock.nanoseconds
    while times.isEmpty || Double(MonotonicClock.nanoseconds - begin) < seconds * 1e9 {
        let start = MonotonicClock.nanoseconds
        rows = try body.withUnsafeBytes { try reader.read($0) }
        times.append(UInt64(MonotonicClock.nanoseconds - start))
    }
    times.sort()
    let summary: JSONObject = [
        "bytes": .int(body.count), "rows": .int(rows), "times": .int(times.count), "best": .int(Int(times[0])),
        "median": .int(Int(times[times.count / 2])),
    ]
    print(String(decoding: JSONWriter.bytes(.object(summary), style: .compact), as: UTF8.self))
}

do {
    try measure(CommandLine.arguments)
} catch {
    print("{\"error\": \"\(error)\"}")
    exit(2)
}
