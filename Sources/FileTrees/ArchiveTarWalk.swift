import Diagnostics

/// Reads the headers of a tar archive that comes in pieces, and refuses what could be read in two ways.
///
/// Supported: ustar, pax and GNU headers with long names, of plain files and folders. Refused: links, devices, pipes, sparse
/// files, archives of several volumes; an extended header that gives a member another name or size without need; a header
/// with a wrong checksum; anything but zeros after the end, and no end.
struct ArchiveTarWalk {
    private enum State {
        case header
        /// Bytes of a member, with their padding.
        case skip(Int)
        /// Bytes of an extended header: all, those of its padding, and the letter that says which.
        case extended(size: Int, padding: Int, type: UInt8)
        /// Zeros to the end, at least this many bytes more.
        case padding(Int)
    }

    /// What extended headers say about the next member.
    private struct Override {
        var path: [UInt8]?
        var size: Int?
        var longName: [UInt8]?
        var isPresent = false
    }

    private let limits: ArchiveLimits
    private let problem: ArchiveProblem
    private var state = State.header
    private var buffer: [UInt8] = []
    private var offset = 0
    private var headerOffset = 0
    private var override = Override()
    private(set) var members: ArchiveMembers

    /// - Parameter problem: its note says that offsets are those of what the file unpacks to.
    init(_ limits: ArchiveLimits, fileByteCount: Int, _ problem: ArchiveProblem) {
        self.limits = limits
        self.problem = problem
        members = ArchiveMembers(limits, fileByteCount: fileByteCount, problem)
    }

    /// Takes the next piece.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(FileTreeError) {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let taken = try take(rest)
            position += taken
            offset += taken
        }
    }

    /// States that nothing more comes.
    mutating func finish() throws(FileTreeError) {
        switch state {
        case .padding(let missing):
            guard missing <= 0, offset % TarHeader.byteCount == 0 else { throw truncated }
        case .header, .skip, .extended:
            throw truncated
        }
    }

    private var truncated: FileTreeError {
        problem.error(
            "it is cut off: a tar archive ends with two blocks of zeros, which are missing", at: offset,
            hints: ["fetch or make the archive again"])
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) throws(FileTreeError) -> Int {
        switch state {
        case .header:
            let count = min(bytes.count, TarHeader.byteCount - buffer.count)
            if buffer.isEmpty { headerOffset = offset }
            buffer.append(contentsOf: bytes[..<count])
            if buffer.count == TarHeader.byteCount {
                let block = buffer
                buffer = []
                try read(block)
            }
            return count
        case .skip(let left):
            let count = min(bytes.count, left)
            state = count == left ? .header : .skip(left - count)
            return count
        case .extended(let size, let padding, let type):
            let count = min(bytes.count, size + padding - buffer.count)
            buffer.append(contentsOf: bytes[..<count])
            if buffer.count == size + padding {
                let body = Array(buffer[..<size])
                buffer = []
                state = .header
                try readExtended(body, type)
            }
            return count
        case .padding(let missing):
            guard bytes.allSatisfy({ $0 == 0 }) else {
                throw problem.error("something follows the end of the archive", at: offset)
            }
            state = .padding(missing - bytes.count)
            return bytes.count
        }
    }

    private mutating func read(_ block: [UInt8]) throws(FileTreeError) {
        if block.allSatisfy({ $0 == 0 }) {
            guard !override.isPresent else {
                throw problem.error("an extended header is the last one", at: headerOffset)
            }
            state = .padding(TarHeader.byteCount)
            return
        }
        let header = TarHeader(bytes: block)
        guard header.hasRightChecksum else {
            let what =
                headerOffset == 0 ? "what it holds is not a tar archive" : "a header is damaged: its checksum is wrong"
            throw problem.error(what, at: headerOffset)
        }
        guard let dialect = header.dialect else {
            throw problem.error("a header is of no known kind of tar archive", at: headerOffset)
        }
        guard let size = header.size else {
            throw problem.error("the size of the member `\(shown(header.name))` is not a number", at: headerOffset)
        }
        switch header.type {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "X"):
            try begin(extended: header.type, size: size)
        default: try add(header, dialect, size)
        }
    }

    private mutating func begin(extended type: UInt8, size: Int) throws(FileTreeError) {
        guard size <= limits.extendedHeaderByteCount else {
            throw problem.error(
                "an extended header has \(grouped(size)) bytes, the limit is \(grouped(limits.extendedHeaderByteCount))",
                at: headerOffset, kind: .limit)
        }
        if type != UInt8(ascii: "g") {
            guard !override.isPresent else {
                throw problem.error("a member has more than one extended header", at: headerOffset)
            }
            override.isPresent = true
        }
        state = .extended(size: size, padding: Self.padding(size), type: type)
        // An empty one has no bytes that would bring us there.
        if size == 0 {
            state = .header
            try readExtended([], type)
        }
    }

    private mutating func readExtended(_ body: [UInt8], _ type: UInt8) throws(FileTreeError) {
        guard type != UInt8(ascii: "L") else {
            guard body.last == 0, !body.dropLast().contains(0) else {
                throw problem.error("a long name does not end with a zero byte", at: headerOffset)
            }
            override.longName = body.dropLast()
            return
        }
        guard let records = PaxRecords.parse(body) else {
            throw problem.error("an extended header is damaged", at: headerOffset)
        }
        if let key = records.refusedKey(isGlobal: type == UInt8(ascii: "g")) {
            throw problem.error(
                "an extended header has the key `\(shown(key))`, which is not supported", at: headerOffset,
                hints: key.starts(with: "GNU.sparse".utf8) ? ["make the archive without `--sparse`"] : [])
        }
        override.path = records["path"] ?? override.path
        if let text = records["size"] {
            guard let size = PaxRecords.number(text) else {
                throw problem.error("an extended header has a size that is not a number", at: headerOffset)
            }
            override.size = size
        }
    }

    private mutating func add(_ header: TarHeader, _ dialect: TarHeader.Dialect, _ size: Int) throws(FileTreeError) {
        let name = try name(header)
        let size = try self.size(header, size, name)
        let type = header.type
        let hasSlash = name.last == UInt8(ascii: "/")
        let isFolder = type == UInt8(ascii: "5") || (dialect == .old && type == 0 && hasSlash)
        guard isFolder || type == 0 || type == UInt8(ascii: "0") else {
            throw problem.error(
                "its member `\(shown(name))` is \(Self.words(type))", at: headerOffset, kind: .specialFile,
                hints: ["a model holds plain files and folders only; pack it without that"])
        }
        guard isFolder || !hasSlash else {
            throw problem.error("its member `\(shown(name))` is a file with the name of a folder", at: headerOffset)
        }
        guard !isFolder || size == 0 else {
            throw problem.error("its member `\(shown(name))` is a folder with bytes of its own", at: headerOffset)
        }
        guard let mode = header.mode else {
            throw problem.error("the mode of the member `\(shown(name))` is not a number", at: headerOffset)
        }
        try members.add(
            name, size: size, isExecutable: !isFolder && mode & 0o100 != 0, isFolder: isFolder, at: headerOffset)
        override = Override()
        let all = size + Self.padding(size)
        state = all == 0 ? .header : .skip(all)
    }

    /// The name; an extended header gives another one only when the header has no room for it.
    private func name(_ header: TarHeader) throws(FileTreeError) -> [UInt8] {
        let own = header.name
        guard !own.isEmpty || override.path != nil else {
            throw problem.error("a member has no name", at: headerOffset)
        }
        if let name = override.longName {
            guard name.count >= 100, name.starts(with: own) else { throw disagreement("name", own, name) }
            return name
        }
        guard let path = override.path else { return own }
        guard !path.contains(0) else { throw problem.error("a name has a zero byte", at: headerOffset) }
        let isNeeded = path.count > 100 || path.contains { $0 >= 0x80 }
        guard isNeeded || path == own else { throw disagreement("name", own, path) }
        return path
    }

    private func size(_ header: TarHeader, _ own: Int, _ name: [UInt8]) throws(FileTreeError) -> Int {
        guard let size = override.size else { return own }
        // Eleven octal digits hold less than 8 GiB.
        guard size == own || size >= 1 << 33 else {
            throw problem.error(
                "the headers of the member `\(shown(name))` disagree about its size: \(grouped(own)) and \(grouped(size)) bytes",
                at: headerOffset)
        }
        return size
    }

    private func disagreement(_ what: String, _ own: [UInt8], _ other: [UInt8]) -> FileTreeError {
        problem.error(
            "the headers of a member disagree about its \(what): `\(shown(own))` and `\(shown(other))`",
            at: headerOffset)
    }

    private func shown(_ name: [UInt8]) -> String { escaped(String(decoding: name, as: UTF8.self)) }

    private static func padding(_ size: Int) -> Int {
        (TarHeader.byteCount - size % TarHeader.byteCount) % TarHeader.byteCount
    }

    private static func words(_ type: UInt8) -> String {
        switch type {
        case UInt8(ascii: "1"): "a hard link"
        case UInt8(ascii: "2"), UInt8(ascii: "K"): "a symbolic link"
        case UInt8(ascii: "3"): "a character device"
        case UInt8(ascii: "4"): "a block device"
        case UInt8(ascii: "6"): "a pipe"
        case UInt8(ascii: "S"): "a sparse file"
        case UInt8(ascii: "M"): "the rest of a file from another volume"
        case UInt8(ascii: "V"): "the name of a volume"
        default: "of the unknown kind `\(escaped(String(Unicode.Scalar(type))))`"
        }
    }
}
