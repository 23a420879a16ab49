import Diagnostics
import Glibc
import JSONText
import Platform

/// Tokens that another program hands out: `az` and `databricks`.
struct ProgramTokens {
    /// Why a program gave nothing.
    enum Failure: Error {
        /// It is not there, or not signed in: another way may be left. In words.
        case absent(String)
        /// It answered with what cannot be understood.
        case broken(CredentialsError)
    }

    let surroundings: Surroundings
    /// What is being done, after "cannot".
    let task: String

    static let timeoutSeconds = 60.0
    private static let outputLimit = 1 << 20

    /// What `program` prints, as a JSON object. It is found in the `PATH` of the surroundings.
    func object(
        _ program: String, _ arguments: [String], timeoutSeconds: Double = timeoutSeconds
    ) throws(Failure) -> JSONObject {
        let name = program.split(separator: "/").last.map(String.init) ?? program
        let finished: ChildProcess.Finished
        do {
            finished = try ChildProcess.run(
                ChildProcess.Request(program, arguments, environment: surroundings.environment),
                timeoutSeconds: timeoutSeconds, outputLimit: Self.outputLimit)
        } catch {
            throw .absent(
                error.isNotFound && !program.contains("/")
                    ? "there is no `\(name)` in `PATH`" : "`\(escaped(program))` cannot be run: \(error.reason)")
        }
        guard finished.isSuccess else {
            let how =
                switch finished.outcome {
                case .exited(let status)?: "ended with status \(status)"
                case .signalled(let signal)?: "was ended by signal \(signal)"
                case nil: "did not end within \(Int(timeoutSeconds)) seconds"
                }
            let words = Self.words(finished.errorText)
            throw .absent("`\(name)` \(how)" + (words.isEmpty ? "" : ": \(words)"))
        }
        guard let object = (try? JSONText.parse(finished.output, limits: .request))?.objectValue else {
            throw .broken(
                CredentialsError(.program, "cannot \(task): `\(name)` printed something else than a JSON object"))
        }
        return object
    }

    /// What a program wrote to standard error, in one line fit to be shown.
    private static func words(_ text: String) -> String {
        let lines = Redaction.clean(text).split(whereSeparator: \.isNewline).map { $0.withoutOuterSpace }
        return escaped(lines.filter { !$0.isEmpty }.joined(separator: " "), limit: 600)
    }

    private func token(
        _ object: JSONObject, of program: String, value: String, type: String, life: Double?
    ) throws(Failure) -> AccessToken {
        let place = Place(note: "the output of `\(program)`")
        do {
            return AccessToken(
                try TokenClient.secret(object[value], value, doing: task, place),
                type: object[type]?.stringValue ?? "Bearer", lifeSeconds: life)
        } catch { throw .broken(error) }
    }
}

// MARK: az

extension ProgramTokens {
    /// The token of whoever is signed in to `az`, for one application of Azure.
    ///
    /// - Parameters:
    ///   - resource: what the token is for.
    ///   - subscription: tried first; a person may have the workspace but not the subscription.
    func azure(resource: String, subscription: String?, tenant: String?) throws(Failure) -> AccessToken {
        var arguments = ["account", "get-access-token", "--resource", resource, "--output", "json"]
        if let tenant, try !isManagedIdentity() { arguments += ["--tenant", tenant] }
        var object: JSONObject?
        if let subscription {
            do throws(Failure) {
                object = try self.object("az", arguments + ["--subscription", subscription])
            } catch {
                guard case .absent = error else { throw error }
            }
        }
        // Not by `??`, which loses the type of the error.
        if object == nil { object = try self.object("az", arguments) }
        let answer = object ?? [:]
        return try token(answer, of: "az", value: "accessToken", type: "tokenType", life: Self.life(ofAzure: answer))
    }

    /// Whether `az` is signed in as the machine itself, which knows no tenants.
    private func isManagedIdentity() throws(Failure) -> Bool {
        let account: JSONObject
        do { account = try object("az", ["account", "show", "--output", "json"]) } catch {
            // Not signed in: the next call says so better. No `az`: that one is the answer.
            guard case .absent(let reason) = error, !reason.hasPrefix("there is no") else { throw error }
            return false
        }
        let user = account["user"]
        let names = ["systemAssignedIdentity", "userAssignedIdentity"]
        return user?["type"]?.stringValue == "servicePrincipal" && names.contains(user?["name"]?.stringValue ?? "")
    }

    /// Seconds that the token still lives: `expires_on` counts from 1970, the older `expiresOn` is in LOCAL time.
    private static func life(ofAzure object: JSONObject) -> Double? {
        let now = Double(time(nil))
        if let since = TokenClient.seconds(object["expires_on"]) { return max(0, since - now) }
        return object["expiresOn"]?.stringValue.flatMap { WrittenTime.seconds($0, isLocal: true) }
            .map { max(0, $0 - now) }
    }
}

// MARK: databricks

extension ProgramTokens {
    /// The token of whoever is signed in to the `databricks` command, for a profile or a host.
    ///
    /// - Parameter path: the program, as the configuration names it; nil to look for it.
    func databricks(
        path: String?, profile: String?, host: String, accountID: String?
    ) throws(Failure) -> AccessToken {
        let program = try locate(path ?? "databricks")
        let version = version(of: program)
        var arguments = ["auth", "token"]
        // Older ones take `--profile` for every command and heed it for few (databricks/cli#855).
        if let profile, version >= CLIVersion(major: 0, minor: 207, patch: 1) {
            arguments += ["--profile", profile]
        } else {
            arguments += ["--host", host]
            if let accountID { arguments += ["--account-id", accountID] }
        }
        if version >= CLIVersion(major: 0, minor: 296, patch: 0) { arguments.append("--force-refresh") }
        let object = try object(program, arguments)
        let end = object["expiry"]?.stringValue.flatMap { WrittenTime.seconds($0, isLocal: false) }
        return try token(
            object, of: "databricks", value: "access_token", type: "token_type",
            life: end.map { max(0, $0 - Double(time(nil))) })
    }

    /// The new `databricks` is one file of more than a megabyte; the old one, a Python script, has no `auth token`.
    private func locate(_ name: String) throws(Failure) -> String {
        if name.contains("/") { return surroundings.absolute(name) }
        var isOld = false
        for folder in (surroundings[.path] ?? "").split(separator: ":") {
            let path = "\(folder)/\(name)"
            guard let status = try? FileStatus.of(path), status.kind == .file else { continue }
            if status.size >= 1 << 20 { return path }
            isOld = true
        }
        throw .absent(
            isOld
                ? "the `\(escaped(name))` in `PATH` is older than 0.100 and hands out no tokens"
                : "there is no `\(escaped(name))` in `PATH`")
    }

    private struct CLIVersion: Comparable {
        let major: Int
        let minor: Int
        let patch: Int

        static func < (left: CLIVersion, right: CLIVersion) -> Bool {
            (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
        }
    }

    /// Its version; 0.0.0 when it does not say, which is too old for every option.
    private func version(of program: String) -> CLIVersion {
        let object = try? object(program, ["version", "--output", "json"], timeoutSeconds: 5)
        func number(_ name: String) -> Int { object?[name]?.intValue ?? 0 }
        return CLIVersion(major: number("Major"), minor: number("Minor"), patch: number("Patch"))
    }
}

/// A moment as programs write it: `2026-11-22 20:31:00.123456`, `2026-11-22T20:31:00Z`, `2026-11-22T20:31:00.1+01:00`.
enum WrittenTime {
    /// Seconds since 1970; nil when the text is not of that form.
    ///
    /// - Parameter isLocal: what a time without a zone means: local time, else UTC.
    static func seconds(_ text: String, isLocal: Bool) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, [4, 7].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }),
            bytes[10] == UInt8(ascii: " ") || bytes[10] == UInt8(ascii: "T"),
            [13, 16].allSatisfy({ bytes[$0] == UInt8(ascii: ":") })
        else { return nil }
        let fields = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].compactMap { number(bytes[$0]) }
        guard fields.count == 6 else { return nil }
        var parts = tm()
        parts.tm_year = Int32(fields[0] - 1900)
        parts.tm_mon = Int32(fields[1] - 1)
        parts.tm_mday = Int32(fields[2])
        parts.tm_hour = Int32(fields[3])
        parts.tm_min = Int32(fields[4])
        parts.tm_sec = Int32(fields[5])
        parts.tm_isdst = -1
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop { (0x30...0x39).contains($0) } }
        if rest.isEmpty, isLocal { return Double(mktime(&parts)) }
        let utc = Double(timegm(&parts))
        if rest.isEmpty || rest.elementsEqual("Z".utf8) { return utc }
        let zone = Array(rest)
        guard zone.count == 6, zone[3] == UInt8(ascii: ":"), let hours = number(zone[1..<3]),
            let minutes = number(zone[4..<6]), zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-")
        else { return nil }
        let offset = Double(hours * 3600 + minutes * 60)
        return zone[0] == UInt8(ascii: "+") ? utc - offset : utc + offset
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }
}
