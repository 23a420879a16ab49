import Diagnostics
import HTTPTransport
import JSONText
import Platform
import TestKit
import Testing

@testable import Registry

/// The hostile listings, by every service of a workspace that lists files.
@Suite struct DatabricksListingTests {
    enum Service: String, CaseIterable, CustomTestStringConvertible {
        case workspaceRegistry, filesAPI, dbfs, run, loggedModel
        var testDescription: String { rawValue }

        /// What stands before the path of an entry.
        var root: String {
            switch self {
            case .workspaceRegistry, .loggedModel: ""
            case .run: "model/"
            case .filesAPI: "/Models/main/default/churn/4/"
            case .dbfs: "/FileStore/churn/"
            }
        }

        func store(_ fake: FakeDatabricks) -> any ArtifactStore {
            let name = CatalogName(catalog: "main", schema: "default", model: "churn")
            switch self {
            case .workspaceRegistry: return WorkspaceArtifacts(fake.client, model: "churn", version: "4", root: "")
            case .filesAPI:
                return FilesAPIStore(fake.client, root: "/Models/main/default/churn/4", about: .catalogModel(name))
            case .dbfs: return DBFSStore(fake.client, root: "/FileStore/churn", about: .folder("/FileStore/churn"))
            case .run:
                let run = TrackedResource(kind: .run, id: "r1", experiment: "7")
                return TrackedArtifacts(fake.client, run, root: "model")
            case .loggedModel:
                let model = TrackedResource(kind: .loggedModel, id: "m-1", experiment: "7")
                return TrackedArtifacts(fake.client, model, root: "")
            }
        }

        /// A listing of these paths, each as JSON text, as this service writes it.
        func listing(_ entries: [(path: String, isFolder: Bool, size: String?)]) -> String {
            let list = entries.map { path, isFolder, size in
                let whole = #""\#(root)\#(path.dropFirst())"#
                let length = size.map { #", "file_size": \#($0)"# } ?? ""
                return
                    #"{"path": \#(whole), "\#(self == .filesAPI ? "is_directory" : "is_dir")": \#(isFolder)\#(length)}"#
            }
            return #"{"\#(self == .filesAPI ? "contents" : "files")": [\#(list.joined(separator: ", "))]}"#
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let entries: [String]
        let expect: String
        let why: String
        var testDescription: String { why }
    }

    static let cases: [Case] = {
        guard let bytes = try? readFile(Checkout.fixture("hostile/listing/cases.json"), limit: 1 << 20),
            let rows = try? JSONText.parse(bytes).arrayValue
        else { return [] }
        return rows.map { row in
            Case(
                entries: (row["entries"]?.arrayValue ?? []).compactMap(\.stringValue),
                expect: row["expect"]?.stringValue ?? "",
                why: row["why"]?.stringValue ?? "")
        }
    }()

    @Test(
        "the listings of the fixtures, as the workspace registry would send them",
        arguments: [
            (
                "list_0.json",
                "error: cannot find it: the server lists `../x`, which no model may hold: it does not lie in the folder that was asked, the top folder"
            ), ("list_1.json", "error: cannot find it: the server's listing of `a` goes in a circle"),
            (
                "list_2.json",
                "error: cannot find it: the server lists `m/model.pkl`, which no model may hold: it does not lie in the folder that was asked, the top folder"
            ), ("list_4.json", "no error"),
        ])
    func fixtures(file: String, start: String) throws {
        let body = try readFile(Checkout.fixture("hostile/listing/\(file)"), limit: 1 << 20)
        let fake = try FakeDatabricks(workspace: { _ in .answer(200, body) })
        defer { fake.stop() }
        let text = fake.message { try fake.listing(Service.workspaceRegistry.store(fake)) }
        #expect(text.split(separator: "\n").first.map(String.init) == start)
    }

    @Test("the rows were found")
    func found() { #expect(Self.cases.count > 50) }

    @Test(
        "a listed path is refused before anything is read, with the path escaped, or allowed",
        arguments: Service.allCases,
        cases)
    func hostile(service: Service, row: Case) throws {
        let listing = service.listing(row.entries.map { (path: $0, isFolder: false, size: "1") })
        let fake = try FakeDatabricks(workspace: { _ in .text(200, listing) })
        defer { fake.stop() }
        let text = fake.message { try fake.listing(service.store(fake)) }
        // These services list one folder at a time: a slash in a name leads elsewhere.
        let isNested = row.entries.contains { $0.contains("/") }
        if row.expect == "allowed", !isNested {
            #expect(text == "no error")
        } else {
            // A lone surrogate is no JSON already.
            let isJSON = (try? JSONText.parse(listing)) != nil
            let start = isJSON ? "the server lists " : "the answer of `WORKSPACE` is not a JSON object"
            #expect(text.hasPrefix("error: cannot find it: \(start)"))
            #expect(text.utf8.allSatisfy { $0 == 10 || $0 >= 0x20 && $0 != 0x7f })
        }
        #expect(fake.asked.count == 1)
    }

    @Test(
        "sizes are whole numbers, as numbers or as text", arguments: Service.allCases,
        [
            ("12", "a 12"), ("\"12\"", "a 12"), ("0", "a 0"), ("null", "a ?"), ("-1", nil), ("\"-1\"", nil),
            ("\"+1\"", nil),
            ("1.5", nil), ("\"1e3\"", nil), ("\"\"", nil), ("9223372036854775808", nil), ("true", nil), ("{}", nil),
        ] as [(String, String?)])
    func sizes(service: Service, row: (size: String, listed: String?)) throws {
        let fake = try FakeDatabricks(workspace: { _ in .text(200, service.listing([("\"a\"", false, row.size)])) })
        defer { fake.stop() }
        if let listed = row.listed {
            #expect(try fake.listing(service.store(fake)) == [listed])
        } else {
            #expect(
                fake.message { try fake.listing(service.store(fake)) }
                    == "error: cannot find it: the server lists `\(service.root)a` with a size that is not a number of bytes\n"
            )
        }
    }

    @Test("a folder that lists itself ends with an error", arguments: Service.allCases)
    func selfListing(service: Service) throws {
        let fake = try FakeDatabricks(workspace: { _ in .text(200, service.listing([("\"a\"", true, nil)])) })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(service.store(fake)) }
                == "error: cannot find it: the server's listing of `a` goes in a circle\n")
        #expect(fake.asked.count == 2)
    }

    @Test("folders without an end stop at the depth of paths", arguments: Service.allCases)
    func depth(service: Service) throws {
        let fake = try FakeDatabricks(workspace: { request in
            let depth = request.target.replacing("%2F", with: "/").split { "/?&".contains($0) }.count {
                $0 == "a" || $0.hasSuffix("=a")
            }
            let path = "\"" + Array(repeating: "a", count: depth + 1).joined(separator: "/") + "\""
            return .text(200, service.listing([(path, true, nil)]))
        })
        defer { fake.stop() }
        let text = fake.message { try fake.listing(service.store(fake)) }
        #expect(text.contains("it has 65 components, the limit is 64"))
    }

    @Test(
        "a token that comes again ends with an error",
        arguments: [Service.workspaceRegistry, .filesAPI, .run, .loggedModel])
    func circle(service: Service) throws {
        let fake = try FakeDatabricks(workspace: { _ in
            let page = service.listing([("\"a\"", false, "1")])
            return .text(200, String(page.dropLast()) + #", "next_page_token": "again"}"#)
        })
        defer { fake.stop() }
        #expect(
            fake.message { try fake.listing(service.store(fake)) }
                == "error: cannot find it: the server's listing of the top folder goes in a circle\n")
        #expect(fake.asked.count == 2)
    }

    @Test("a listing that is no list is an answer that makes no sense", arguments: Service.allCases)
    func noList(service: Service) throws {
        let key = service == .filesAPI ? "contents" : "files"
        for (body, words) in [
            (#"{"\#(key)": {}}"#, "`\(key)` of the server's listing is not a list"),
            (#"{"\#(key)": [{"is_dir": true}]}"#, "the server lists a file without a path"),
            (#"{"\#(key)": [7]}"#, "the server lists a file without a path"),
        ] {
            let fake = try FakeDatabricks(workspace: { _ in .text(200, body) })
            defer { fake.stop() }
            #expect(fake.message { try fake.listing(service.store(fake)) } == "error: cannot find it: \(words)\n")
        }
    }
}
