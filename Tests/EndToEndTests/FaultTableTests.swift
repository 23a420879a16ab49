import Foundation
import Glibc
import TestKit
import Testing

/// The faults of a network and of servers, one by one, by the product. The map of every promise to its test is
/// `Tests/Fixtures/databricks/README.md`.
@Suite("One fault, one end", .besideStandIn, .serialized)
struct FaultTableTests {
    /// One fault on the way to a file of 8 MiB.
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var fault: String
        /// Met by the request after that.
        var second: String?
        /// Nil: the model comes all the same. Else what the error says.
        var error: String?
        /// Most bytes of the file that may be sent again.
        var again = 0
        var testDescription: String { name }
    }

    static let size = (8 << 20) + 5

    static let faults = [
        Fault(name: "a short body", fault: #""truncate": 3000000"#, again: 1 << 20),
        Fault(name: "a reset before the answer", fault: #""reset": true"#),
        Fault(name: "chunks that end too early, in order", fault: #""plain_end": 3000000"#, again: 3_000_000),
        Fault(name: "one answer that is too long", fault: #""extra": 7"#, again: size + 7),
        Fault(name: "a page in place of the file, once", fault: #""error": "html""#, again: 1 << 10),
        Fault(
            name: "a page in place of the file, always", fault: #""error": "html", "times": 99"#, error: "weights.bin"),
        Fault(name: "too long, always", fault: #""extra": 7, "times": 99"#, error: "weights.bin"),
        Fault(name: "429 with seconds", fault: #""error": "limit_seconds""#),
        Fault(name: "429 with an hour", fault: #""error": "limit_long""#, error: "weights.bin"),
        Fault(name: "503 and 500 without a word", fault: #""error": "unavailable", "times": 2"#),
        Fault(name: "400 is not tried again", fault: #""status": 400, "times": 99"#, error: "weights.bin"),
        Fault(name: "404 is not tried again", fault: #""status": 404, "times": 99"#, error: "weights.bin"),
        Fault(name: "416 after a cut", fault: #""truncate": 3000000"#, second: #""status": 416"#, again: size),
    ]

    @Test("a fault on the way of one file", arguments: faults)
    func oneFile(_ row: Fault) throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.fault(#"{"match": "^mlflow GET .*weights.bin", \#(row.fault)}"#)
        if let second = row.second { try standIn.fault(#"{"match": "^mlflow GET .*weights.bin", \#(second)}"#) }
        let folder = TemporaryDirectory()
        let result = try skiff("fetch", "models:/medium/1", folder.file("model"), environment: standIn.mlflow())
        let asked = try standIn.log().filter { $0.path.contains("weights.bin") }
        if let error = row.error {
            #expect(result.status == 2, "\(result.errors)")
            #expect(result.errors.contains(error), "\(result.errors)")
            #expect(result.errors.split(separator: "\n").count { $0.hasPrefix("error: ") } == 1, "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("model")))
            // A wrong body is asked for once more; an answer that says no is not.
            #expect(asked.count <= 2, "\(asked.map(\.status))")
        } else {
            #expect(result.status == 0, "\(result.errors)")
            #expect(try folder.files("model").filter { !$0.key.hasSuffix("/") } == standIn.files("medium"))
            let sent = asked.filter { $0.status < 300 }.reduce(0) { $0 + $1.sent }
            #expect(
                sent <= Self.size + row.again, "\(asked.map { "\($0.status) \($0.sent) \($0.headers["range"] ?? "")" })"
            )
        }
    }

    @Test("a cut is mended by Range and If-Range, and another ETag begins the file anew")
    func conditional() throws {
        let standIn = try BesideStandIn.standIn
        let folder = TemporaryDirectory()
        for (number, second) in ["", #""tag": "\"another\"""#].enumerated() {
            try standIn.reset()
            try standIn.fault(#"{"match": "^mlflow GET .*weights.bin", "truncate": 3000000}"#)
            if !second.isEmpty {
                try standIn.fault(#"{"match": "^mlflow GET .*weights.bin", \#(second), "times": 99}"#)
            }
            let result = try skiff(
                "fetch", "models:/medium/1", folder.file("model-\(number)"), environment: standIn.mlflow())
            #expect(result.status == 0, "\(result.errors)")
            let files = try folder.files("model-\(number)").filter { !$0.key.hasSuffix("/") }
            #expect(try files == standIn.files("medium"))
            let asked = try standIn.log().filter { $0.path.contains("weights.bin") }
            try #require(asked.count >= 2)
            #expect(asked[1].headers["range"]?.hasPrefix("bytes=") == true, "\(asked[1].headers)")
            #expect(asked[1].headers["if-range"] != nil, "\(asked[1].headers)")
            #expect(asked[1].status == (second.isEmpty ? 206 : 200))
        }
    }

    @Test(
        "a signed address that expires in the middle is asked for anew, five times at most", arguments: [true, false])
    func expiry(isEnough: Bool) throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        // 8 MiB in five pieces, or in many more.
        try standIn.set(#"{"expire_after": \#(isEnough ? 1_900_000 : 500_000)}"#)
        let folder = TemporaryDirectory()
        let result = try skiff("fetch", "models:/medium/1", folder.file("model"), environment: standIn.databricks())
        let signed = try standIn.log().filter {
            $0.path.contains("get-signed-download-uri") && $0.path.contains("weights.bin")
        }
        #expect(result.status == (isEnough ? 0 : 2), "\(result.errors)")
        #expect((isEnough ? 2...6 : 6...7).contains(signed.count), "\(signed.count)")
        if isEnough {
            #expect(try folder.files("model").filter { !$0.key.hasSuffix("/") } == standIn.files("medium"))
            let sent = try standIn.log().filter {
                $0.role == "storage" && $0.path.contains("weights") && $0.status < 300
            }
            #expect(sent.reduce(0) { $0 + $1.sent } <= Self.size + (1 << 20))
        } else {
            #expect(result.errors.contains("5 times"), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("model")))
        }
        #expect(try leaks(of: standIn.secrets(), in: Data(result.errors.utf8)) == [])
    }

    @Test(
        "a redirect to another origin takes no header of ours with it",
        arguments: [301, 302, 303, 307, 308])
    func redirect(_ status: Int) throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.fault(
            #"{"match": "^(storage|workspace) GET (/signed|/api/2.0/fs/files)", "redirect": "other", "status": \#(status), "times": 99}"#
        )
        let folder = TemporaryDirectory()
        let result = try skiff("fetch", "models:/medium/1", folder.file("model"), environment: standIn.databricks())
        // The other origin serves signed addresses.
        #expect(result.status == 0, "\(result.errors)")
        let seen = try standIn.log().filter { $0.role == "other" }
        #expect(!seen.isEmpty)
        let allowed: Set<String> = ["host", "accept", "accept-encoding", "range", "user-agent", "connection"]
        for request in seen {
            #expect(Set(request.headers.keys).subtracting(allowed) == [], "\(request.headers)")
        }
    }

    @Test(
        "a listing that names wrong sizes, or that changes meanwhile, ends with an error",
        arguments: [
            #"{"sizes": "wrong"}"#, #"{"sizes": "negative"}"#, #"{"change_after": 1}"#, #"{"repeat_token": true}"#,
            #"{"own_folder": true}"#, #"{"extra_entries": [{"path": "../evil"}]}"#,
            #"{"extra_entries": [{"path": "/etc/passwd"}]}"#, #"{"extra_entries": [{"path": "mlmodel"}]}"#,
            #"{"extra_entries": [{"path": "a\u0000b"}]}"#, #"{"extra_entries": [{"path": "MLmodel", "file_size": 3}]}"#,
        ])
    func listings(_ settings: String) throws {
        let standIn = try BesideStandIn.standIn
        let folder = TemporaryDirectory()
        for reference in ["models:/small/1", "models:/main.default.small/1"] {
            try standIn.reset()
            try standIn.set(settings)
            let result = try skiff("fetch", reference, folder.file("model"), environment: standIn.databricks())
            #expect(result.status == 2, "\(reference): \(result.errors)")
            #expect(result.errors.split(separator: "\n").count { $0.hasPrefix("error: ") } == 1, "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("model")))
            #expect(!FileManager.default.fileExists(atPath: folder.file("evil")))
        }
    }

    @Test("sizes as text are sizes")
    func textSizes() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.set(#"{"sizes": "text"}"#)
        let folder = TemporaryDirectory()
        let result = try skiff("fetch", "models:/small/1", folder.file("model"), environment: standIn.databricks())
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test("a wrong clock is corrected by the server's, once")
    func skew() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.set(#"{"files_api": "denied"}"#)
        try standIn.fault(#"{"match": "^storage GET", "error": "skewed"}"#)
        let folder = TemporaryDirectory()
        let result = try skiff(
            "fetch", "models:/main.default.small/2", folder.file("model"),
            environment: standIn.databricks(["MLFLOW_S3_ENDPOINT_URL": standIn.origin("storage")]))
        #expect(result.status == 0, "\(result.errors)")
        #expect(try folder.files("model").filter { !$0.key.hasSuffix("/") } == standIn.files("small"))
    }

    @Test("a storage whose certificate nobody signed is not asked for anything")
    func tls() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        try standIn.set(#"{"files_api": "denied"}"#)
        let folder = TemporaryDirectory()
        let result = try skiff(
            "fetch", "models:/main.default.small/3", folder.file("model"), environment: standIn.databricks())
        #expect(result.status == 2)
        #expect(result.errors.contains("fakeacct.dfs.localhost"), "\(result.errors)")
        #expect(result.errors.contains("certificate"), "\(result.errors)")
        #expect(try standIn.log().filter { $0.role == "azure" }.isEmpty)
    }

    @Test("a disk that is too small is found before the first byte, and says what is needed and free")
    func fullDisk() throws {
        let result = try inNamespace("mount -t tmpfs -o size=2m none \"$1\"", "models:/medium/1")
        #expect(result.status == 2, "\(result.errors)")
        #expect(result.errors.contains("free some space"), "\(result.errors)")
        #expect(try BesideStandIn.standIn.log().allSatisfy { !$0.path.contains("weights.bin") })
    }

    @Test("a place that cannot be written is found before the first byte")
    func readOnly() throws {
        let result = try inNamespace("mount -t tmpfs -o ro none \"$1\"", "models:/medium/1")
        #expect(result.status == 2, "\(result.errors)")
        #expect(result.errors.contains("read-only"), "\(result.errors)")
        #expect(try BesideStandIn.standIn.log().allSatisfy { !$0.path.contains("weights.bin") })
    }

    @Test("a folder that is there is left as it is")
    func occupied() throws {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        let folder = TemporaryDirectory()
        try folder.write("model/notes.txt", "precious")
        let result = try skiff("fetch", "models:/small/1", folder.file("model"), environment: standIn.mlflow())
        #expect(result.status == 2)
        #expect(result.errors.contains(folder.file("model")), "\(result.errors)")
        #expect(try folder.files("model") == ["notes.txt": Data("precious".utf8)])
        #expect(try standIn.log().allSatisfy { !$0.path.contains("model.bin") })
    }

    /// Fetches into a folder that `mount` has put in place, in a mount namespace of its own, so that nothing is left mounted.
    private func inNamespace(_ mount: String, _ reference: String) throws -> CommandResult {
        let standIn = try BesideStandIn.standIn
        try standIn.reset()
        let folder = TemporaryDirectory()
        let disk = folder.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        let script = "\(mount) && \"$2\" fetch \"$3\" \"$1/model\""
        let namespace = getuid() == 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"]
        return try run(
            URL(fileURLWithPath: "/usr/bin/unshare"),
            namespace + ["sh", "-c", script, "sh", disk, Workshop.skiff().path, reference],
            environment: standIn.mlflow())
    }
}
