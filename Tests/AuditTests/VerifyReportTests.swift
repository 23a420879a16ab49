import Audit
import Contexts
import Diagnostics
import FileTrees
import JSONText
import Registry
import TestKit
import Testing

@Suite struct VerifyReportTests {
    static func written(_ folder: TemporaryDirectory) throws -> String {
        let local = try LocalFolder.read(Checkout.example("credit-default/model"))
        let model = try DescribedModel(local.tree, shownName: "credit", identity: local.identity)
        var elf = [UInt8](repeating: 0, count: 120)
        for (index, byte) in [(0, 0x7F), (1, 0x45), (2, 0x4C), (3, 0x46), (4, 2), (5, 1), (16, 2)] {
            elf[index] = UInt8(byte)
        }
        for (index, byte) in [(18, 62), (32, 64), (54, 56), (56, 1), (64, 1)] { elf[index] = UInt8(byte) }
        let scorer = try ScorerBinary.read(folder.write("skiff-scorer", elf), for: .amd64)
        let plan = try ServingPlanner.plan(model, options: PlanOptions(machine: .amd64))
        let context = try BuildContext.render(plan, model: model, scorer: scorer)
        try context.writeFolder(at: folder.file("ctx"), replacing: false, time: 0)
        return folder.file("ctx")
    }

    @Test("an untouched context is verified")
    func verified() throws {
        let folder = TemporaryDirectory()
        let context = try ContextFolder.read(Self.written(folder))
        let report = VerifyReport(context)
        #expect(report.isVerified)
        #expect(report.text == "verified: 11 files and the manifest, sha256:\(context.manifest.contextDigest)\n")
        #expect(report.json["verified"] == true)
    }

    @Test("every changed, added, removed and re-moded file is named")
    func changed() throws {
        let folder = TemporaryDirectory()
        let path = try Self.written(folder)
        let script = """
            cd "$1" && printf x >> app/model.skiff && printf y > added && rm .dockerignore && chmod 755 Dockerfile
            """
        #expect(try run("sh", ["-c", script, "sh", path]).isSuccess)
        let report = VerifyReport(try ContextFolder.read(path))
        #expect(!report.isVerified)
        #expect(
            report.text == """
                .dockerignore: missing
                Dockerfile: its mode is not that of the manifest
                added: not in the manifest
                app/model.skiff: its bytes are not those of the manifest
                not verified: 4 differences to the manifest

                """)
        #expect(report.json["differences"]?.arrayValue?.count == 4)
    }

    @Test("a manifest that contradicts its own digest is not verified")
    func unsound() throws {
        let folder = TemporaryDirectory()
        let path = try Self.written(folder)
        let script = """
            cd "$1" && printf x >> .dockerignore && python3 - <<'EOF'
            import hashlib, json
            m = json.load(open("audit/manifest.json"))
            data = open(".dockerignore", "rb").read()
            for f in m["files"]:
                if f["path"] == ".dockerignore":
                    f["size"], f["sha256"] = len(data), hashlib.sha256(data).hexdigest()
            json.dump(m, open("audit/manifest.json", "w"))
            EOF
            """
        #expect(try run("sh", ["-c", script, "sh", path]).isSuccess)
        let report = VerifyReport(try ContextFolder.read(path))
        #expect(!report.isVerified)
        #expect(
            report.text == """
                audit/manifest.json: its digest is not that of its own list
                not verified: 1 difference to the manifest

                """)
    }

    @Test("a folder without a manifest is no context")
    func noContext() throws {
        let folder = TemporaryDirectory()
        #expect(
            message { try ContextFolder.read(folder.path) } == """
                error: cannot read the context `\(folder.path)`: it has no file `audit/manifest.json`
                hint: a context is what `skiff pack` writes

                """)
    }

    @Test("the manifest's digest can be recomputed from its list by other tools")
    func independent() throws {
        let folder = TemporaryDirectory()
        let path = try Self.written(folder)
        let program = """
            import hashlib, json, os, sys
            root = sys.argv[1]
            m = json.load(open(root + "/audit/manifest.json"))
            text = "skiff-tree 1\\n"
            for f in sorted(m["files"], key=lambda f: f["path"].encode()):
                data = open(os.path.join(root, f["path"]), "rb").read()
                mode = "0%o" % (os.stat(os.path.join(root, f["path"])).st_mode & 0o777)
                text += "%s %s %d %s\\n" % (mode, hashlib.sha256(data).hexdigest(), len(data), f["path"])
            print(m["context"]["digest"] == "sha256:" + hashlib.sha256(text.encode()).hexdigest())
            """
        let result = try run("python3", ["-I", "-c", program, path])
        #expect(result.outputText == "True\n", "\(result.errorText)")
    }
}
