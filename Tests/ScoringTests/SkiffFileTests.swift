import Bytes
import Diagnostics
import TestKit
import Testing

@testable import Scoring

@Suite struct SkiffFileTests {
    @Test("the same description gives the same bytes, and reading and writing changes none")
    func sameBytes() throws {
        let bytes = try SampleModel.pipeline().serialized()
        #expect(try SampleModel.pipeline().serialized() == bytes)
        #expect(try CompiledModel.load(ByteRegion(bytes), file: nil).serialized() == bytes)
    }

    @Test("a file that is not aligned in memory is read all the same")
    func misaligned() throws {
        let bytes = try SampleModel.pipeline().serialized()
        let shifted = ByteRegion([0] + bytes)
        let region = ByteRegion(start: shifted.base + 1, count: bytes.count) { _ = shifted }
        #expect(try CompiledModel.load(region, file: nil).serialized() == bytes)
    }

    @Test("columns, answer, source and sizes survive the file")
    func meaning() throws {
        let model = try CompiledModel.load(ByteRegion(SampleModel.pipeline().serialized()), file: nil)
        #expect(model.inputs.columns.map(\.name) == ["colour", "age", "höhe"])
        #expect(model.inputs.columns.map(\.type) == [.string, .double, .float])
        #expect(model.inputs.columns.map(\.required) == [true, true, false])
        #expect(model.inputs.form == .table)
        #expect(model.answer == .rows([13, 14]))
        #expect(model.source == SampleModel.source)
        #expect(model.slotCount == 15)
        let summary = model.summary
        #expect(
            summary.operators.map(\.name)
                == ["impute", "oneHot", "impute", "scale", "requireFinite", "trees", "scale"])
        #expect((summary.treeCount, summary.nodeCount, summary.columnCount) == (2, 6, 3))
        #expect((summary.formatVersion, summary.byteCount) == (1, model.serialized().count))
    }

    struct Damage: CustomTestStringConvertible {
        var testDescription: String
        var message: String
        var change: @Sendable (inout [UInt8]) -> Void
        /// Whether the checksum of header and table is made right again.
        var mends = true
    }

    @Test("a damaged frame is refused with what and where", arguments: Self.damages)
    func damagedFrame(_ row: Damage) throws {
        var bytes = try SampleModel.pipeline().serialized()
        row.change(&bytes)
        if row.mends { FileSurgery.mendHeader(&bytes) }
        let error = #expect(throws: ScoringError.self) {
            try CompiledModel.load(ByteRegion(bytes), file: "m.skiff")
        }
        #expect(error.map { Rendering.text($0.diagnostic, colour: false) } == row.message)
    }

    private static let again = "hint: make the file again with `skiff convert`\n"
    private static let newer = "hint: use a newer skiff, or make the file again\n"

    static let damages: [Damage] = [
        Damage(
            testDescription: "magic",
            message: "error: cannot read `m.skiff`: it does not begin as a .skiff file\n  --> m.skiff at byte 0\n"
                + again,
            change: { $0[5] = 0x0a }),
        Damage(
            testDescription: "minimum reader",
            message: "error: cannot read `m.skiff`: it needs a reader of format 2; this one reads format 1\n"
                + "  --> m.skiff at byte 10\n" + newer,
            change: {
                $0[8] = 2; $0[10] = 2
            }),
        Damage(
            testDescription: "format version 0",
            message: "error: cannot read `m.skiff`: format version 0 cannot need reader 1\n  --> m.skiff at byte 8\n"
                + again,
            change: { $0[8] = 0 }),
        Damage(
            testDescription: "unknown feature",
            message: "error: cannot read `m.skiff`: it needs features that this version does not know (flags 8)\n"
                + "  --> m.skiff at byte 12\n" + newer,
            change: { $0[12] = 8 }),
        Damage(
            testDescription: "cut short",
            message: "error: cannot read `m.skiff`: it has 2863 bytes instead of 2864\n  --> m.skiff at byte 16\n"
                + again,
            change: { $0.removeLast() }),
        Damage(
            testDescription: "one byte more",
            message: "error: cannot read `m.skiff`: it has 2865 bytes instead of 2864\n  --> m.skiff at byte 16\n"
                + again,
            change: { $0.append(0) }),
        Damage(
            testDescription: "number of sections",
            message: "error: cannot read `m.skiff`: 65280 sections do not fit\n  --> m.skiff at byte 24\n" + again,
            change: {
                $0[24] = 0; $0[25] = 255
            }, mends: false),
        Damage(
            testDescription: "checksum of the header",
            message: "error: cannot read `m.skiff`: the checksum of header and section table does not match\n"
                + "  --> m.skiff at byte 28\n" + again,
            change: { $0[40] ^= 1 }, mends: false),
        Damage(
            testDescription: "offset of a section",
            message:
                "error: cannot read `m.skiff`: section 1 lies outside the file or not right after its predecessor\n"
                + "  --> m.skiff at byte 96\n" + again,
            change: { $0[104] ^= 64 }),
        Damage(
            testDescription: "length of a section",
            message:
                "error: cannot read `m.skiff`: section 2 lies outside the file or not right after its predecessor\n"
                + "  --> m.skiff at byte 128\n" + again,
            change: { $0[150] = 255 }),
        Damage(
            testDescription: "checksum of a section",
            message: "error: cannot read `m.skiff`: the checksum of section 0 does not match\n"
                + "  --> m.skiff at byte 640\n" + again,
            change: { $0[700] ^= 1 }),
        Damage(
            testDescription: "kind of a section",
            message: "error: cannot read `m.skiff`: section 1 is not of kind float64\n  --> m.skiff\n" + again,
            change: { $0[96] = 77 }),
        Damage(
            testDescription: "empty",
            message: "error: cannot read `m.skiff`: it does not begin as a .skiff file\n  --> m.skiff at byte 0\n"
                + again,
            change: { $0 = [] }, mends: false),
    ]

    @Test("a section of an unknown kind is ignored when the program does not refer to it")
    func unknownSection() throws {
        let model = try SampleModel.pipeline()
        let frame = try SkiffFile.decode(ByteRegion(model.serialized()))
        let extra = ByteRegion([1, 2, 3])
        var sections = frame.sections + [Section(kind: nil, region: extra, range: extra.range)]
        sections.append(frame.sections[1])
        let bytes = SkiffFile.encode(sections: sections, sourceDigest: frame.sourceDigest)
        #expect(try CompiledModel.load(bytes, file: nil).answer == model.answer)
    }
}
