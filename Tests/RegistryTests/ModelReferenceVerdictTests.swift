import JSONText
import Platform
import Registry
import TestKit
import Testing

/// What MLflow 3.17.2 makes of 2,600 generated URIs; `Tests/Fixtures/references/record.py` recorded it.
@Suite struct ModelReferenceVerdictTests {
    struct Verdict {
        let uri: String
        /// Nil when MLflow refuses the URI.
        let parts: [String?]?

        /// The text before the path, in small letters: `models`.
        var scheme: String { String(uri.prefix { $0 != ":" }).lowercased() }

        /// What stands between `//` and the next slash; nil without it.
        var authority: String? {
            let rest = uri.drop { $0 != ":" }.dropFirst()
            guard rest.hasPrefix("//") else { return nil }
            return String(rest.dropFirst(2).prefix { $0 != "/" })
        }

        /// The segments of the path, as written.
        var segments: [String] {
            var rest = uri.drop { $0 != ":" }.dropFirst()
            if rest.hasPrefix("//") { rest = rest.dropFirst(2).drop { $0 != "/" } }
            while rest.hasSuffix("/") { rest = rest.dropLast() }
            return rest.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        }

        /// Every rule by which we refuse what MLflow takes, as the types of the references document them.
        var isStricterByRule: Bool {
            if uri.contains(where: { $0 == "?" || $0 == "#" }) { return true }
            // Without a slash it is a path.
            if !uri.lowercased().hasPrefix(scheme + ":/") { return true }
            if segments.contains(where: { ["", ".", ".."].contains($0) }) { return true }
            if scheme == "models", segments.prefix(2).contains(where: { $0.allSatisfy(\.isWhitespace) || $0 == "١" }) {
                return true
            }
            if scheme == "models", segments.first == "@" { return true }
            guard let authority, !authority.isEmpty, scheme != "mlflow-artifacts" else { return false }
            let known = scheme == "models" ? ["databricks", "databricks-uc"] : ["databricks"]
            let at = authority.lastIndex(of: "@")
            let host = at.map { authority[authority.index(after: $0)...] } ?? authority[...]
            if !known.contains(host.lowercased()) { return true }
            guard let at else { return false }
            let profile = authority[..<at]
            return profile.isEmpty || profile.contains { " :@".contains($0) }
        }
    }

    static func verdicts(_ scheme: String) throws -> [Verdict] {
        let bytes = try FileDescriptor.open(Checkout.fixture("references/verdicts.jsonl")).readAll(limit: 1 << 24)
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let pair = try JSONText.parse(String(line)).arrayValue ?? []
            let parts = pair.last?.arrayValue.map { $0.map(\.stringValue) }
            let verdict = Verdict(uri: pair.first?.stringValue ?? "", parts: parts)
            return verdict.scheme == scheme ? verdict : nil
        }
    }

    /// Compares each verdict; `describe` gives our reading in MLflow's words, nil for what is no URI of the scheme.
    func compare(_ scheme: String, _ describe: (ModelReference) -> [String?]?) throws -> (agreed: Int, all: Int) {
        let verdicts = try Self.verdicts(scheme)
        var agreed = 0
        for verdict in verdicts {
            guard let reference = try? ModelReference.parse(verdict.uri), let ours = describe(reference) else {
                #expect(verdict.parts == nil || verdict.isStricterByRule, "\(verdict.uri)")
                continue
            }
            // MLflow keeps slashes at the end of a run's path.
            let theirs = verdict.parts?.map { part in part.map { String($0.reversed().drop { $0 == "/" }.reversed()) } }
            #expect(ours == theirs, "\(verdict.uri)")
            agreed += 1
        }
        return (agreed, verdicts.count)
    }

    func profileURI(_ authority: DatabricksAuthority?, _ service: DatabricksAuthority.Service) -> String? {
        guard let authority, authority.service == service else { return nil }
        return service.rawValue + (authority.profile.map { "://" + $0 } ?? "")
    }

    @Test("1,600 models: URIs mean what MLflow says, or are refused by a documented rule")
    func models() throws {
        let (agreed, all) = try compare("models") { reference in
            guard case .models(let uri) = reference else { return nil }
            let parts: [String?] =
                switch uri.target {
                case .logged(let id): [id, nil, nil, nil, nil]
                case .registered(let name, .version(let version)): [nil, name, version, nil, nil]
                case .registered(let name, .stage(let stage)): [nil, name, nil, stage, nil]
                case .registered(let name, .alias(let alias)): [nil, name, nil, nil, alias]
                case .registered(let name, .latest): [nil, name, nil, nil, nil]
                }
            return parts + [
                uri.subpath ?? "", profileURI(uri.authority, .workspace), profileURI(uri.authority, .unityCatalog),
            ]
        }
        #expect(all == 1_600)
        #expect(agreed > 400)
    }

    @Test("400 runs: URIs mean what MLflow says, or are refused by a documented rule")
    func runs() throws {
        let (agreed, all) = try compare("runs") { reference in
            guard case .run(let uri) = reference else { return nil }
            return [uri.runID, uri.path, profileURI(uri.authority, .workspace)]
        }
        #expect(all == 400)
        #expect(agreed > 80)
    }

    @Test("400 dbfs: URIs are read by the service that MLflow reads them by, or are refused by a documented rule")
    func dbfs() throws {
        for verdict in try Self.verdicts("dbfs") {
            guard case .dbfs(let uri)? = try? ModelReference.parse(verdict.uri) else {
                let kind = verdict.parts?.first ?? nil
                #expect(
                    kind == nil || kind == "acl" || kind == "no volume" || verdict.isStricterByRule, "\(verdict.uri)")
                continue
            }
            let kind =
                switch uri.target {
                case .run: "run"
                case .loggedModel: "logged_model"
                // MLflow wants one level below the volume; a model may be the volume.
                case .volume(let path): path.split(separator: "/").count == 4 ? "no volume" : "volume"
                case .registry, .file: "file"
                }
            #expect(verdict.parts == [kind, profileURI(uri.authority, .workspace)], "\(verdict.uri)")
        }
    }

    @Test("200 mlflow-artifacts: URIs lead to the address that MLflow asks, or are refused by a documented rule")
    func artifacts() throws {
        let service = "/api/2.0/mlflow-artifacts/artifacts"
        for verdict in try Self.verdicts("mlflow-artifacts") {
            guard case .artifacts(let uri)? = try? ModelReference.parse(verdict.uri) else {
                #expect(verdict.parts == nil || verdict.isStricterByRule, "\(verdict.uri)")
                continue
            }
            let path = uri.path.isEmpty ? "" : "/" + uri.path
            let theirs = verdict.parts?.first??.utf8
            // MLflow keeps a slash at the end.
            let ours = Array((service + path).utf8)
            let isSame = theirs.map {
                Array($0).suffix(ours.count) == ours[...] || Array($0).dropLast().suffix(ours.count) == ours[...]
            }
            #expect(isSame == true || (uri.authority != nil && verdict.parts == nil), "\(verdict.uri)")
        }
    }
}
