import Bytes
import Diagnostics

/// Reads `requirements.txt` line by line: exact pins are taken, every other line that is not blank or a comment leaves a
/// finding.
///
/// pip ends a line at more characters than LF, expands `${NAME}`, joins lines at a backslash and changes its decoding for
/// a comment such as `# -*- coding: x -*-`; a line in which it could see something else than we do is refused.
struct RequirementsFile {
    private let file: String
    private(set) var requirements: [Requirement] = []
    private(set) var unpinned: [Requirement] = []
    private(set) var findings: [PythonEnvironment.Finding] = []

    init(file: String) {
        self.file = file
    }

    static func parse(_ region: ByteRegion, file: String) -> RequirementsFile {
        var reader = RequirementsFile(file: file)
        var start = 0
        var line = 1
        var isContinued = false
        while start < region.count {
            var end = start
            while end < region.count, region[end] != UInt8(ascii: "\n") { end += 1 }
            let isCarriageReturn = end > start && region[end - 1] == UInt8(ascii: "\r")
            let range = start..<(isCarriageReturn ? end - 1 : end)
            isContinued = reader.readLine(region, range, line: line, isContinued: isContinued)
            start = end + 1
            line += 1
        }
        return reader
    }

    /// Takes one requirement of any file, already free of comments and not empty.
    mutating func take(_ text: String, line: Int) {
        do {
            let requirement = try RequirementParser.parse(text, line: line)
            if requirement.version != nil {
                keep(requirement, text: text)
            } else {
                unpinned.append(requirement)
                let reason = requirement.specifier.isEmpty ? "no version is given" : "it allows more than one version"
                add(.unpinned, text, reason: reason, line: line)
            }
        } catch {
            add(.refused, text, reason: error.reason, line: line)
        }
    }

    mutating func add(_ kind: PythonEnvironment.Finding.Kind, _ text: String, reason: String, line: Int) {
        findings.append(PythonEnvironment.Finding(kind: kind, file: file, line: line, text: text, reason: reason))
    }

    /// Whether the next line continues this one.
    private mutating func readLine(_ region: ByteRegion, _ range: Range<Int>, line: Int, isContinued: Bool) -> Bool {
        guard let text = region.string(range) else {
            add(
                .refused, String(decoding: region.slice(range), as: UTF8.self), reason: "it is not UTF-8 text",
                line: line)
            return false
        }
        let requirement = text.withoutComment.trimmingBlanks
        let continues = requirement.hasSuffix("\\")
        if isContinued {
            add(.refused, text, reason: "it continues line \(line - 1), which ends with a backslash", line: line)
        } else if text.unicodeScalars.contains(where: Self.endsLine) {
            add(.refused, text, reason: "it holds a character at which pip begins a new line", line: line)
        } else if text.namesEncoding {
            add(.refused, text, reason: "it names an encoding, which may change how pip reads the file", line: line)
        } else if continues {
            add(.refused, text, reason: "it ends with a backslash, which joins the next line to it", line: line)
        } else if !requirement.isEmpty {
            take(requirement, line: line)
        }
        return continues
    }

    private mutating func keep(_ requirement: Requirement, text: String) {
        let rivals = requirements.filter { $0.name == requirement.name && $0.marker == requirement.marker }
        if let same = rivals.first(where: { $0.specifier == requirement.specifier && $0.extras == requirement.extras })
        {
            return add(.ignored, text, reason: "it repeats line \(same.line)", line: requirement.line)
        }
        if let other = rivals.first(where: { $0.specifier != requirement.specifier }) {
            let reason = "line \(other.line) asks for `\(other.name)\(other.specifier)`"
            add(.conflict, text, reason: reason, line: requirement.line)
        }
        requirements.append(requirement)
    }

    /// What Python's `str.splitlines` breaks at, apart from LF.
    private static func endsLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }
}

extension String {
    /// Without what follows a `#` at the beginning or after a blank, as pip has it.
    fileprivate var withoutComment: Substring {
        var previous: Unicode.Scalar = " "
        for index in unicodeScalars.indices {
            if unicodeScalars[index] == "#", previous == " " || previous == "\t" { return self[..<index] }
            previous = unicodeScalars[index]
        }
        return self[...]
    }

    /// A comment with `coding:` or `coding=`, by which Python's readers choose an encoding.
    fileprivate var namesEncoding: Bool {
        guard trimmingBlanks.hasPrefix("#") else { return false }
        return contains("coding:") || contains("coding=")
    }
}
