import JSONText

/// Makes the lines `InferenceData` and `ModelOutput` of scored requests, in the schema of the seed's log.
///
/// A line has at most `lineBytes`, because container runtimes cut longer ones: more rows than fit become several lines with
/// `part`, `parts` and `first_row`, each with whole rows; what cannot be split by rows is split as text.
struct DataLog: Sendable {
    /// The drivers of containerd and Docker cut at 16 KiB.
    static let lineBytes = 16_000
    /// What a Parquet file begins with; nobody could read its bytes in a log.
    private static let parquet = Array("PAR1".utf8)

    let logging: DataLogging
    /// nil for plain values.
    let hash: ValueHash?
    let service: String
    let model: String
    let version: String?
    /// Larger requests and answers are left out.
    let dataBytes: Int

    /// Both records, and how many lines they are.
    func lines(
        _ entry: RequestEntry, request: [UInt8], answer: [UInt8], log: EventLog
    ) -> (text: [UInt8], count: Int) {
        var lines = DataLines()
        var start: [UInt8] = []
        begin(&start, "InferenceData", entry, log)
        if let rows = entry.rows { start.appendMember("rows", rows) }
        write(request, start, to: &lines) { DataRecord(request: $0, hash: hash) }

        start = []
        begin(&start, "ModelOutput", entry, log)
        start.appendMember("status", entry.status)
        if let rows = entry.rows { start.appendMember("rows", rows) }
        start.append(contentsOf: ", \"latency_ms\": ".utf8)
        start.appendMilliseconds(entry.nanoseconds)
        write(answer, start, to: &lines) { DataRecord(answer: $0, hash: hash) }
        return (lines.text, lines.count)
    }

    private func begin(_ start: inout [UInt8], _ type: String, _ entry: RequestEntry, _ log: EventLog) {
        log.begin(&start, "type", type)
        start.append(contentsOf: ", \"service_name\": ".utf8)
        JSONWriter.appendString(service, isASCII: true, to: &start)
        entry.appendIdentifiers(to: &start)
        start.append(contentsOf: ", \"model_name\": ".utf8)
        JSONWriter.appendString(model, isASCII: true, to: &start)
        start.append(contentsOf: ", \"model_version\": ".utf8)
        JSONWriter.append(.optional(version), style: .python, to: &start)
    }

    private func write(
        _ bytes: [UInt8], _ start: [UInt8], to lines: inout DataLines, _ record: ([UInt8]) -> DataRecord
    ) {
        guard bytes.count <= dataBytes, !bytes.starts(with: DataLog.parquet) else {
            return lines.appendOmitted(start, bytes.count)
        }
        lines.append(start, record(bytes))
    }
}

/// Log lines of one request, with whole rows as far as they go.
struct DataLines {
    private(set) var text: [UInt8] = []
    private(set) var count = 0

    /// - Parameter start: the line up to the data.
    mutating func append(_ start: [UInt8], _ record: DataRecord) {
        // What else a line has: part, parts, split, first_row and data.
        let room = max(1024, DataLog.lineBytes - start.count - 140)
        switch record.content {
        case .rows(let rows):
            if let groups = DataLines.groups(rows, record, room: room) { return append(start, record, rows, groups) }
            append(start, text: DataLines.joined(rows[...], record), room: room)
        case .text(let bytes):
            guard !record.isText, bytes.count <= room else { return append(start, text: bytes, room: room) }
            append(start, [], bytes, isText: false)
        }
    }

    /// Says only how much there was.
    mutating func appendOmitted(_ start: [UInt8], _ bytes: Int) {
        var extra: [UInt8] = []
        extra.appendMember("omitted_bytes", bytes)
        append(start, extra, Array("null".utf8), isText: false)
    }

    private mutating func append(
        _ start: [UInt8], _ record: DataRecord, _ rows: [[UInt8]], _ groups: [Range<Int>]
    ) {
        for (index, group) in groups.enumerated() {
            var extra: [UInt8] = []
            if groups.count > 1 {
                DataLines.appendPart(index, of: groups.count, "rows", to: &extra)
                extra.appendMember("first_row", group.lowerBound)
            }
            append(start, extra, DataLines.joined(rows[group], record), isText: record.isText)
        }
    }

    /// Splits a text wherever a line is full.
    private mutating func append(_ start: [UInt8], text: [UInt8], room: Int) {
        var pieces: [Range<Int>] = []
        var first = 0
        var size = 0
        for (index, byte) in text.enumerated() {
            let bytes = DataLines.isEscaped(byte) ? 2 : 1
            if size + bytes > room {
                pieces.append(first..<index)
                (first, size) = (index, 0)
            }
            size += bytes
        }
        pieces.append(first..<text.count)
        for (index, piece) in pieces.enumerated() {
            var extra: [UInt8] = []
            if pieces.count > 1 { DataLines.appendPart(index, of: pieces.count, "text", to: &extra) }
            append(start, extra, Array(text[piece]), isText: true)
        }
    }

    private mutating func append(_ start: [UInt8], _ extra: [UInt8], _ data: [UInt8], isText: Bool) {
        text.append(contentsOf: start)
        text.append(contentsOf: extra)
        text.append(contentsOf: ", \"data\": ".utf8)
        if isText {
            text.append(UInt8(ascii: "\""))
            for byte in data {
                if DataLines.isEscaped(byte) { text.append(UInt8(ascii: "\\")) }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        } else {
            text.append(contentsOf: data)
        }
        text.append(contentsOf: "}\n".utf8)
        count += 1
    }

    private static func appendPart(_ index: Int, of count: Int, _ split: String, to extra: inout [UInt8]) {
        extra.appendMember("part", index + 1)
        extra.appendMember("parts", count)
        extra.append(contentsOf: ", \"split\": \"\(split)\"".utf8)
    }

    /// Which rows go together into a line; nil when one is too long for any.
    private static func groups(_ rows: [[UInt8]], _ record: DataRecord, room: Int) -> [Range<Int>]? {
        let frame = record.open.utf8.count + record.close.utf8.count + 4
        var groups: [Range<Int>] = []
        var first = 0
        var size = frame
        for (index, row) in rows.enumerated() {
            let bytes = row.count + 2 + (record.isText ? row.count(where: isEscaped) : 0)
            guard frame + bytes <= room else { return nil }
            if size + bytes > room {
                groups.append(first..<index)
                (first, size) = (index, frame)
            }
            size += bytes
        }
        groups.append(first..<rows.count)
        return groups
    }

    private static func joined(_ rows: ArraySlice<[UInt8]>, _ record: DataRecord) -> [UInt8] {
        var text = Array(record.open.utf8)
        for (index, row) in rows.enumerated() {
            if index > 0 { text.append(contentsOf: ", ".utf8) }
            text.append(contentsOf: row)
        }
        text.append(contentsOf: record.close.utf8)
        return text
    }

    private static func isEscaped(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") }
}
