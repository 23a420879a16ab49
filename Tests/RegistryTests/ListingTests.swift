import Diagnostics
import FileTrees
import HTTPTransport
import JSONText
import Platform
import TestKit
import Testing
import Transfers

@testable import Registry

/// Listings that a broken or hostile server sends, through the code that reads real ones.
@Suite struct ListingTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let entries: [String]
        let isAllowed: Bool
        let why: String
        var testDescription: String { why }

        /// The `files` of a listing; each path comes as the server writes it.
        func files(below folder: String) -> String {
            let start = folder.isEmpty ? "\"" : "\"\(folder)/"
            return entries.map { #"{"path": \#(start + $0.dropFirst()), "is_dir": false, "file_size": 1}"# }
                .joined(separator: ", ")
        }
    }

    static let rows: [Row] = {
        guard let bytes = try? readFile(Checkout.fixture("hostile/listing/cases.json"), limit: 1 << 20),
            let cases = try? JSONText.parse(bytes).arrayValue
        else { fatalError("the hostile listings cannot be read") }
        return cases.map { row in
            Row(
                entries: (row["entries"]?.arrayValue ?? []).compactMap(\.stringValue),
                isAllowed: row["expect"]?.stringValue == "allowed", why: row["why"]?.stringValue ?? "")
        }
    }()

    @Test("the hostile listings are all here")
    func count() {
        #expect(Self.rows.count == 59)
        #expect(Self.rows.count(where: \.isAllowed) == 13)
    }

    /// A model at the root of a run, whose listing names whole paths.
    private func run(_ files: String, fault: (@Sendable (FaultServer.Request) -> FaultServer.Reply?)? = nil)
        -> FakeMLflow
    {
        FakeMLflow { request in
            if request.path.hasSuffix("runs/get") {
                return .text(200, #"{"run": {"info": {"artifact_uri": "/srv/x", "experiment_id": "1"}}}"#)
            }
            guard request.path.hasSuffix("artifacts/list") else { return fault?(request) }
            return .text(200, #"{"files": [\#(files)]}"#)
        }
    }

    @Test("a listing with names: what no model may hold is refused before a byte is written", arguments: rows)
    func names(_ row: Row) throws {
        // Slashes belong to folders here; the whole paths are the next test's.
        let hasFolders = row.entries.contains { $0.contains("/") }
        let fake = FakeMLflow(
            FakeMLflow.topListing(#"{"path": "MLmodel", "file_size": 12}, \#(row.files(below: ""))"#))
        defer { fake.server.stop() }
        let folder = TemporaryDirectory()
        do {
            let model = try fake.resolve()
            #expect(row.isAllowed && !hasFolders)
            #expect(model.listing.count == row.entries.count + 1)
        } catch let error as RegistryError {
            #expect(!row.isAllowed || hasFolders, "\(message(of: error))")
            check(error)
        }
        #expect(try folder.names() == [])
        #expect(!fake.server.requests.contains { $0.path.contains("/artifacts/1/model/") })
    }

    @Test("a listing with whole paths: what no model may hold is refused before a byte is written", arguments: rows)
    func paths(_ row: Row) throws {
        let isFolder = row.why == "Windows device folder" || row.entries.contains { $0.contains("/") }
        let fake = run(#"{"path": "MLmodel", "file_size": 12}, \#(row.files(below: ""))"#)
        defer { fake.server.stop() }
        do {
            let model = try fake.resolve("runs:/r")
            #expect(row.isAllowed && !isFolder)
            #expect(model.listing.count == row.entries.count + 1)
        } catch let error as RegistryError {
            // A path with a slash does not lie in the folder that was asked.
            #expect(!row.isAllowed || isFolder, "\(message(of: error))")
            check(error)
        }
        #expect(!fake.server.requests.contains { $0.path == "/get-artifact" })
    }

    @Test("a store that lists everything at once: what no model may hold is refused", arguments: rows)
    func recursive(_ row: Row) throws {
        let texts = row.entries.compactMap { try? JSONText.parse($0).stringValue }
        guard texts.count == row.entries.count else {
            #expect(row.why == "lone surrogate")
            return
        }
        let store = FixedStore(
            (texts + ["MLmodel"]).map { ListedEntry(path: $0, isFolder: false, size: 1) })
        do {
            let files = try Listing.files(of: [store], doing: "find `x`")
            #expect(row.isAllowed)
            #expect(Set(files.map(\.path.text)) == Set(texts + ["MLmodel"]))
        } catch {
            #expect(!row.isAllowed)
            check(error)
        }
    }

    /// Whole and printable.
    private func check(_ error: RegistryError) {
        let text = message(of: error)
        #expect(error.kind == .listing || error.kind == .answer, "\(text)")
        #expect(text.hasPrefix("error: cannot find `"))
        #expect(
            text.unicodeScalars.allSatisfy { scalar in
                scalar == "\n"
                    || scalar.value >= 0x20 && scalar.properties.generalCategory != .control
                        && scalar.properties.generalCategory != .format
            }, "\(text)")
        #expect(error.diagnostic.status == .failed)
    }

    @Test("whole files of a listing: the answer is read as such")
    func files() throws {
        for (number, expected) in [
            (0, "the server lists `../x`, which no model may hold"),
            (2, "the server lists `m/model.pkl` with a size that is not a number of bytes"),
        ] {
            let text = String(
                decoding: try readFile(Checkout.fixture("hostile/listing/list_\(number).json"), limit: 1 << 16),
                as: UTF8.self)
            let fake = FakeMLflow { $0.target.hasSuffix("artifacts?path=1%2Fmodel") ? .text(200, text) : nil }
            defer { fake.server.stop() }
            #expect(fake.message { try fake.resolve() }.contains(expected))
        }
        // A size as text is a number.
        let entries = try ListedEntry.entries(
            #require(
                try JSONText.parse(readFile(Checkout.fixture("hostile/listing/list_4.json"), limit: 1 << 16))
                    .objectValue),
            doing: "x")
        #expect(entries == [ListedEntry(path: "m", isFolder: false, size: 12)])
    }

    @Test("a folder that lists itself ends at the depth limit")
    func selfListing() throws {
        let text = String(
            decoding: try readFile(Checkout.fixture("hostile/listing/list_1.json"), limit: 1 << 16), as: UTF8.self)
        let fake = FakeMLflow { $0.target.contains("artifacts?path=") ? .text(200, text) : nil }
        defer { fake.server.stop() }
        let told = fake.message { try fake.resolve() }
        #expect(told.contains("it has 65 components, the limit is 64"), "\(told)")
        #expect(fake.server.requests.count < 80)
    }

    static let sizes = [
        (#""file_size": -1"#, false), (#""file_size": "-1""#, false), (#""file_size": "+1""#, false),
        (#""file_size": 1.5"#, false), (#""file_size": "1e3""#, false), (#""file_size": " 1""#, false),
        (#""file_size": """#, false), (#""file_size": null"#, false), (#""file_size": true"#, false),
        (#""file_size": [1]"#, false), (#""file_size": 9223372036854775808"#, false),
        (#""file_size": "9223372036854775808""#, false), (#""file_size": 12"#, true), (#""file_size": "12""#, true),
        (#""is_dir": false"#, true),
    ]

    @Test("a size is a number of bytes, as a number or as its decimal digits", arguments: sizes)
    func size(member: String, isAccepted: Bool) {
        let fake = FakeMLflow(FakeMLflow.topListing(#"{"path": "MLmodel", \#(member)}"#))
        defer { fake.server.stop() }
        let expected =
            isAccepted
            ? "no error"
            : "error: cannot find `models:/churn/3`: the server lists `MLmodel` with a size that is not a number of bytes\n"
        #expect(fake.message { try fake.resolve() } == expected)
    }

    @Test("more entries than the limit are refused, and named")
    func tooMany() {
        let store = FixedStore(
            (0...Listing.entryLimit).map { ListedEntry(path: "f\($0)", isFolder: false, size: 0) })
        #expect(
            message { try Listing.files(of: [store], doing: "find `x`") }
                == "error: cannot find `x`: the server lists more than the limit of 100,000 files and folders\n")
    }

    @Test("a page token that comes again ends the listing of a run")
    func repeatedToken() {
        let fake = FakeMLflow { request in
            if request.path.hasSuffix("runs/get") {
                return .text(200, #"{"run": {"info": {"artifact_uri": "/srv/x", "experiment_id": "1"}}}"#)
            }
            let number = request.earlierCount
            return request.path.hasSuffix("artifacts/list")
                ? .text(200, #"{"files": [{"path": "f\#(number)"}], "next_page_token": "t"}"#) : nil
        }
        defer { fake.server.stop() }
        #expect(
            fake.message { try fake.resolve("runs:/r") }
                == "error: cannot find `runs:/r`: the server's listing of the top folder goes in a circle\n")
    }

    @Test("two listings are compared by path, size, digest and version; the first difference is named")
    func difference() throws {
        func files(_ entries: [ListedEntry]) throws -> [RemoteFile] {
            try Listing.files(of: [FixedStore(entries)], doing: "find `x`")
        }
        let a = ListedEntry(path: "a", isFolder: false, size: 1)
        let b = ListedEntry(path: "b", isFolder: false, size: 2000, checksums: [], version: "1")
        var other = b
        other.version = "2"
        let before = try files([a, b])
        #expect(Listing.difference(before, try files([b, a])) == nil)
        #expect(Listing.difference(before, try files([a])) == "`b` is gone")
        #expect(Listing.difference(before, try files([b])) == "`a` is gone")
        #expect(Listing.difference(try files([a]), before) == "`b` is new")
        #expect(Listing.difference(try files([b]), before) == "`a` is new")
        #expect(Listing.difference(before, try files([a, other])) == "`b` has other contents")
        #expect(
            Listing.difference(before, try files([a, ListedEntry(path: "b", isFolder: false, size: 1)]))
                == "`b` had 2,000 bytes and has 1")
    }

    @Test("a later store's file takes the place of an earlier one's; the stores' clashes are refused")
    func overlay() throws {
        let (one, two) = (
            FixedStore([
                ListedEntry(path: "a", isFolder: false, size: 1), ListedEntry(path: "b", isFolder: false, size: 1),
            ]), FixedStore([ListedEntry(path: "b", isFolder: false, size: 2)])
        )
        #expect(
            try Listing.files(of: [one, two], doing: "find `x`").map { "\($0.path) \($0.size)" } == ["a 1", "b 2"])
        let clash = FixedStore([ListedEntry(path: "A", isFolder: false, size: 2)])
        #expect(
            message { try Listing.files(of: [one, clash], doing: "find `x`") }.contains(
                "differs from it only by case or normal form"))
    }
}

/// A store whose listing is known.
struct FixedStore: ArtifactStore {
    let entries: [ListedEntry]
    var place: String { "fixed" }

    init(_ entries: [ListedEntry]) { self.entries = entries }

    func list(_ folder: String, doing task: String) throws(RegistryError) -> [ListedEntry] { entries }

    func access(to entry: ListedEntry, doing task: String) -> any ObjectAccess { NoAccess() }
}

private struct NoAccess: ObjectAccess {
    func signRequest() throws -> HTTPRequest? { nil }
    func readRequest(signed: HTTPResponse?) throws -> HTTPRequest {
        HTTPRequest(.get, try HTTPURL("http://127.0.0.1/"))
    }
    func judge(_ answer: HTTPResponse, stage: ObjectStage) throws -> ObjectVerdict { .renew }
}
