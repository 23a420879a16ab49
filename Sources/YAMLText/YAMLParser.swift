import Bytes
import CYAML

/// One step through a YAML text, with libyaml's C types left behind.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    let kind: Kind
    let mark: YAMLMark
    var anchor: String?
    var tag: String?
}

/// libyaml's pull parser over a region of bytes.
///
/// `yaml_parser_t` points into itself, so it lives on the heap and never moves.
struct YAMLParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let region: ByteRegion
    private let file: String

    private init(parser: UnsafeMutablePointer<yaml_parser_t>, region: ByteRegion, file: String) {
        self.parser = parser
        self.region = region
        self.file = file
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    static func open(_ region: ByteRegion, file: String) throws(YAMLError) -> YAMLParser {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(.outOfMemory, file: file)
        }
        // Without a set encoding libyaml would take UTF-16 by its byte order mark.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, region.base.assumingMemoryBound(to: UInt8.self), region.count)
        return YAMLParser(parser: parser, region: region, file: file)
    }

    mutating func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        return try translated(event)
    }

    /// Raises `kind` at `mark`, with the line shown.
    func error(_ kind: YAMLError.Kind, at mark: YAMLMark) -> YAMLError {
        YAMLError(kind, file: file, mark: mark, sourceLine: sourceLine(mark.line))
    }

    private func translated(_ event: yaml_event_t) throws(YAMLError) -> YAMLEvent {
        let mark = YAMLMark(event.start_mark)
        switch event.type {
        case YAML_NO_EVENT, YAML_STREAM_END_EVENT:
            return YAMLEvent(kind: .streamEnd, mark: mark)
        case YAML_STREAM_START_EVENT:
            return YAMLEvent(kind: .streamStart, mark: mark)
        case YAML_DOCUMENT_START_EVENT:
            return YAMLEvent(kind: .documentStart, mark: mark)
        case YAML_DOCUMENT_END_EVENT:
            return YAMLEvent(kind: .documentEnd, mark: mark)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias(text(event.data.alias.anchor) ?? ""), mark: mark)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            // libyaml has checked the UTF-8 of the text and of its escapes.
            let kind = YAMLEvent.Kind.scalar(text: String(decoding: value, as: UTF8.self), isPlain: isPlain)
            return YAMLEvent(kind: kind, mark: mark, anchor: text(scalar.anchor), tag: text(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return YAMLEvent(kind: .sequenceStart, mark: mark, anchor: text(start.anchor), tag: text(start.tag))
        case YAML_SEQUENCE_END_EVENT:
            return YAMLEvent(kind: .sequenceEnd, mark: mark)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return YAMLEvent(kind: .mappingStart, mark: mark, anchor: text(start.anchor), tag: text(start.tag))
        case YAML_MAPPING_END_EVENT:
            return YAMLEvent(kind: .mappingEnd, mark: mark)
        default:
            // C enums are open in Swift; libyaml 0.2.5 has no further event.
            throw error(.syntax("libyaml gave an event of an unknown kind"), at: mark)
        }
    }

    private func text(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        bytes.map { String(cString: $0) }
    }

    private func failure() -> YAMLError {
        let words = parser.pointee.problem.map { String(cString: $0) } ?? "unknown problem"
        switch parser.pointee.error {
        case YAML_MEMORY_ERROR:
            return YAMLError(.outOfMemory, file: file)
        case YAML_READER_ERROR:
            let offset = min(Int(parser.pointee.problem_offset), region.count)
            return error(.encoding("\(words) at byte \(offset)"), at: mark(ofByte: offset))
        default:
            let place = YAMLMark(parser.pointee.problem_mark)
            guard let context = parser.pointee.context else { return error(.syntax(words), at: place) }
            return error(.syntax("\(words) \(String(cString: context))"), at: place)
        }
    }

    private func mark(ofByte offset: Int) -> YAMLMark {
        var line = 1
        var start = 0
        for index in 0..<offset where region[index] == UInt8(ascii: "\n") {
            line += 1
            start = index + 1
        }
        return YAMLMark(line: line, column: offset - start + 1)
    }

    /// The text of a line when it is UTF-8 and at most 200 bytes long.
    private func sourceLine(_ line: Int) -> String? {
        var current = 1
        var start = 0
        while current < line {
            guard start < region.count else { return nil }
            if region[start] == UInt8(ascii: "\n") { current += 1 }
            start += 1
        }
        var end = start
        while end < region.count, region[end] != UInt8(ascii: "\n"), end - start <= 200 { end += 1 }
        guard end - start <= 200, end > start else { return nil }
        return region.string(start..<end)
    }
}

extension YAMLMark {
    init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
