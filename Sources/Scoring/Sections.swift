import Bytes

/// What a section of a `.skiff` file holds. The numbers are written in the file; see Format.md, "Section kinds".
enum SectionKind: UInt32 {
    case program = 1
    case strings = 2
    case float64 = 3
    case float32 = 4
    case uint32 = 5
    case uint64 = 6

    /// The size of one element; the length of a section must be a multiple of it.
    var elementSize: Int {
        switch self {
        case .program, .strings: 1
        case .float32, .uint32: 4
        case .float64, .uint64: 8
        }
    }
}

/// One section's bytes, in a file or in a builder.
struct Section: Sendable {
    /// Nil when this version does not know the kind; such a section must not be referred to.
    var kind: SectionKind?
    var region: ByteRegion
    var range: Range<Int>

    var start: UnsafeRawPointer { region.base + range.lowerBound }
}

/// A read-only array inside a region: no copy, no bounds checks in release builds.
struct NumberArray<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    // Sound: the memory belongs to `region`, which never changes and lives as long as this value.
    let base: UnsafePointer<Element>
    let count: Int
    private let region: ByteRegion

    fileprivate init(_ section: Section) {
        region = section.region
        base = section.start.assumingMemoryBound(to: Element.self)
        count = section.range.count / MemoryLayout<Element>.size
    }

    /// An array of its own.
    init(copying elements: [Element]) {
        let region = elements.withUnsafeBytes { ByteRegion(Array($0)) }
        self.init(Section(kind: nil, region: region, range: region.range))
    }

    @inline(__always)
    subscript(_ index: Int) -> Element {
        assert(index >= 0 && index < count, "array index out of range")
        return base[index]
    }

    /// The elements as a buffer, valid while this value lives.
    var buffer: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }
}

/// The sections that a program refers to, by number.
struct SectionTable: Sendable {
    var sections: [Section]

    func float64(_ number: Int) throws(ScoringError) -> NumberArray<Double> {
        NumberArray(try section(number, .float64))
    }
    func float32(_ number: Int) throws(ScoringError) -> NumberArray<Float> {
        NumberArray(try section(number, .float32))
    }
    func uint32(_ number: Int) throws(ScoringError) -> NumberArray<UInt32> {
        NumberArray(try section(number, .uint32))
    }
    func uint64(_ number: Int) throws(ScoringError) -> NumberArray<UInt64> {
        NumberArray(try section(number, .uint64))
    }
    func strings(_ number: Int) throws(ScoringError) -> StringTable {
        try StringTable(try section(number, .strings), number: number)
    }

    private func section(_ number: Int, _ kind: SectionKind) throws(ScoringError) -> Section {
        guard number > 0, number < sections.count else {
            throw ScoringError(.damaged, "section \(number) does not exist")
        }
        let section = sections[number]
        guard section.kind == kind else { throw ScoringError(.damaged, "section \(number) is not of kind \(kind)") }
        return section
    }
}
