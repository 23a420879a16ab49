import Bytes
import Diagnostics
import JSONText

/// Finds the JSON in what the Databricks CLI printed.
enum JobOutputDocument {
    static let limits = JSONLimits(maxDepth: 64, maxBytes: 64 << 20)

    /// The document; lines before and after the one object with `task_outputs` are passed over.
    static func read(_ bytes: [UInt8], _ search: JobOutputSearch) throws(RegistryError) -> JSONValue {
        // Windows shells write a byte order mark.
        let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
        guard bytes.contains(where: { !isBlank($0) }) else {
            throw search.refusal(
                "it is empty", hints: ["the CLI prints no output of a run that failed, or with `--no-wait`"])
        }
        let region = ByteRegion(bytes)
        let whole: JSONError
        do throws(JSONError) { return try JSONText.parse(region, limits: limits) } catch { whole = error }
        guard bytes.count <= limits.maxBytes else { throw refusal(of: whole, search) }
        var found: [JSONValue] = []
        var cut = false
        var start = 0
        while let line = nextObject(bytes, from: start) {
            switch object(region, at: line) {
            case .value(let value, let end):
                if value["task_outputs"] != nil || value["notebook_output"] != nil { found.append(value) }
                start = end
            case .endsEarly:
                cut = true
                start = bytes.count
            case .other:
                start = line + 1
            }
        }
        guard !cut else { throw cutOff(at: bytes.count, search) }
        guard found.count <= 1 else {
            throw search.refusal(
                "it holds the output of \(found.count) runs",
                hints: ["write the output of each run to a file of its own"])
        }
        guard let only = found.first else { throw refusal(of: whole, search) }
        return only
    }

    private static func refusal(of error: JSONError, _ search: JobOutputSearch) -> RegistryError {
        if case .endsEarly = error.kind { return cutOff(at: error.offset, search) }
        return search.refusal(
            "it is not JSON", place: Place(file: search.file, byteOffset: error.offset),
            details: [error.diagnostic.summary],
            hints: [JobOutputSearch.command + "; without `--output json` the CLI prints words for people"])
    }

    private static func cutOff(at offset: Int, _ search: JobOutputSearch) -> RegistryError {
        search.refusal(
            "the file ends inside its JSON, so it was cut off", place: Place(file: search.file, byteOffset: offset),
            hints: ["make it again; was the disk full, or the run interrupted?"])
    }

    private enum Attempt {
        case value(JSONValue, end: Int)
        case endsEarly
        case other
    }

    private static func object(_ region: ByteRegion, at start: Int) -> Attempt {
        var reader = JSONPullReader(region, range: start..<region.count, limits: limits)
        do throws(JSONError) {
            let value = try JSONText.value(startingWith: try reader.next(), &reader)
            return .value(value, end: reader.position)
        } catch {
            if case .endsEarly = error.kind { return .endsEarly }
            return .other
        }
    }

    /// The next line, from `start` on, that begins with a brace.
    private static func nextObject(_ bytes: [UInt8], from start: Int) -> Int? {
        var isLineStart = start == 0
        var index = start
        while index < bytes.count {
            if isLineStart, bytes[index] == UInt8(ascii: "{") { return index }
            if bytes[index] == UInt8(ascii: "\n") {
                isLineStart = true
            } else if !isBlank(bytes[index]) {
                isLineStart = false
            }
            index += 1
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
}

/// Finds references to models in what a task handed over.
enum JobOutputText {
    /// The references that stand alone: the whole text, its lines, or, when it is JSON, its strings. Each once, in their order.
    static func candidates(in text: String) -> [String] {
        var found: [String] = []
        func add(_ uri: String) {
            // Two are too many already.
            if found.count < 100, !found.contains(where: { $0.utf8.elementsEqual(uri.utf8) }) { found.append(uri) }
        }
        let whole = trimmed(text)
        let first = whole.utf8.first
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\""),
            let value = try? JSONText.parse(whole, limits: JobOutputDocument.limits)
        {
            strings(in: value) { if let uri = reference($0) { add(uri) } }
            return found
        }
        for line in text.split(whereSeparator: \.isNewline) {
            if let uri = reference(String(line)) { add(uri) }
        }
        return found
    }

    /// Words that look like a reference in the midst of others, at most a hundred, for the error.
    static func mentions(in text: String) -> [String] {
        var found: [String] = []
        for word in text.split(whereSeparator: { $0.isWhitespace || "\"'`,;()<>[]{}".contains($0) }) {
            guard found.count < 100 else { break }
            guard
                let start = ModelReference.remoteSchemes.compactMap({ word.firstRange(of: $0 + ":/")?.lowerBound })
                    .min()
            else { continue }
            let uri = String(word[start...])
            if !found.contains(uri) { found.append(uri) }
        }
        return found
    }

    private static func strings(in value: JSONValue, _ body: (String) -> Void) {
        switch value {
        case .string(let text): body(text)
        case .array(let values): for value in values { strings(in: value, body) }
        case .object(let object): for member in object.members { strings(in: member.value, body) }
        case .null, .bool, .number: break
        }
    }

    /// The reference that is all of `text` but blanks and a pair of quotes around it.
    private static func reference(_ text: String) -> String? {
        var text = trimmed(text)
        for quote in ["'", "\"", "`"] where text.utf8.count > 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            text = String(text.dropFirst().dropLast())
        }
        guard !text.contains(where: \.isNewline), let scheme = ModelReference.scheme(of: text),
            ModelReference.remoteSchemes.contains(scheme)
        else { return nil }
        return text
    }

    private static func trimmed(_ text: String) -> String {
        let inner = text.drop(while: \.isWhitespace)
        guard let last = inner.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(inner[...last])
    }
}
