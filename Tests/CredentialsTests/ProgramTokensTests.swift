import Diagnostics
import HTTPTransport
import Platform
import TestKit
import Testing

@testable import Credentials

/// `az` and `databricks`, played by scripts that note how they were called.
@Suite struct ProgramTokensTests {
    /// A folder with the program `name`, which notes its arguments in `calls` and then runs `body`.
    private func folder(_ name: String, _ body: String, paddedTo size: Int = 0) throws -> TemporaryDirectory {
        let folder = TemporaryDirectory()
        let script = "#!/bin/sh\necho \"$*\" >> \(folder.file("calls"))\n\(body)\nexit 0\n"
        let padding = String(repeating: "#", count: max(0, size - script.utf8.count))
        try folder.write(name, script + padding, mode: 0o755)
        return folder
    }

    private func calls(_ folder: TemporaryDirectory) throws -> [String] {
        guard try FileStatus.of(folder.file("calls")) != nil else { return [] }
        return String(decoding: try readFile(folder.file("calls"), limit: 1 << 20), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    private func resolve(
        _ folder: TemporaryDirectory, _ variables: [String: String]
    ) throws -> (choice: AuthChoice, result: Result<DatabricksWorkspace, CredentialsError>) {
        var base = ["DATABRICKS_HOST": "https://adb-1.2.azuredatabricks.net", "ARM_TENANT_ID": "tenant"]
        base["PATH"] = "\(folder.path):/usr/bin:/bin"
        let network = try #require(FaultServer { _ in .text(404, "") })
        defer { network.stop() }
        return DatabricksConfiguration.resolve(
            profile: nil, try surroundings(folder, base.merging(variables) { $1 }), http: http(proxy: network),
            isOffline: false)
    }

    private static let person = "a.eyJ1cG4iOiJtZUBoLmV4YW1wbGUifQ==.c"
    private static let application = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"

    @Test("azure-cli: a person's token, one call, its end in local time")
    func azurePerson() throws {
        let folder = try folder(
            "az",
            """
            [ "$2" = show ] && { echo '{"user":{"type":"user","name":"me"}}'; exit 0; }
            end=$(date -d '+1 hour' '+%Y-%m-%d %H:%M:%S.000000')
            echo "{\\"accessToken\\":\\"\(Self.person)\\",\\"tokenType\\":\\"Bearer\\",\\"expiresOn\\":\\"$end\\"}"
            """)
        let (choice, result) = try resolve(folder, [:])
        #expect(choice.method == .azureCLI)
        let login = try result.get().login
        #expect(try login.credential()?.headers.map(\.value.revealed) == ["Bearer \(Self.person)"])
        #expect(login.remainingSeconds.map { $0 > 3500 && $0 <= 3601 } == true)
        let account = "account get-access-token --resource \(Self.application) --output json --tenant tenant"
        #expect(try calls(folder) == ["account show --output json", account])
    }

    @Test("azure-cli: a service principal gets a second token; without the subscription when that is refused")
    func azurePrincipal() throws {
        let folder = try folder(
            "az",
            """
            [ "$2" = show ] && { echo '{"user":{"type":"servicePrincipal","name":"systemAssignedIdentity"}}'; exit 0; }
            case "$*" in *--subscription*) echo 'no such subscription' >&2; exit 1;; esac
            echo "{\\"accessToken\\":\\"token-for-$4\\",\\"tokenType\\":\\"Bearer\\",\\"expires_on\\":$(date -d '+1 hour' +%s)}"
            """)
        let (_, result) = try resolve(folder, ["DATABRICKS_AZURE_RESOURCE_ID": "/subscriptions/s/w"])
        let credential = try result.get().login.credential()
        #expect(
            credential?.headers.map(\.value.revealed) == [
                "Bearer token-for-\(Self.application)", "token-for-https://management.core.windows.net/",
            ])
        #expect(credential?.headers.last?.name == "X-Databricks-Azure-SP-Management-Token")
        let calls = try calls(folder).filter { $0.contains("get-access-token") }
        #expect(calls.first?.hasSuffix("--output json --subscription s") == true)
        #expect(calls.allSatisfy { !$0.contains("--tenant") })
    }

    @Test("azure-cli: nobody is signed in: the words of az, made fit to print, and the search goes on")
    func azureSignedOut() throws {
        let folder = try folder("az", "printf 'ERROR: Please run \\033[31maz login\\nto setup account.\\n' >&2; exit 1")
        let (choice, result) = try resolve(folder, [:])
        #expect(
            choice.entries.first { $0.method == .azureCLI }?.verdict
                == .declined("`az` ended with status 1: ERROR: Please run \\u{1b}[31maz login to setup account."))
        #expect(throws: CredentialsError.self) { try result.get() }
        let (_, wanted) = try resolve(folder, ["DATABRICKS_AUTH_TYPE": "azure-cli"])
        #expect(
            message { try wanted.get() }.hasPrefix(
                "error: cannot sign in to `https://adb-1.2.azuredatabricks.net` with `azure-cli`: `az` ended with status 1: "
            ))
    }

    @Test("azure-cli: no such program, for a host in Azure only")
    func azureAbsent() throws {
        let empty = TemporaryDirectory()
        let here = try resolve(empty, ["PATH": empty.path]).choice.entries.first { $0.method == .azureCLI }?.verdict
        #expect(here == .declined("there is no `az` in `PATH`"))
        let elsewhere = try resolve(empty, ["DATABRICKS_HOST": "https://h.example", "ARM_TENANT_ID": ""])
        #expect(
            elsewhere.choice.entries.first { $0.method == .azureCLI }?.verdict == .declined("the host is not in Azure"))
    }

    private static let answer = """
        [ "$1" = version ] && { echo '{"Major":0,"Minor":MINOR,"Patch":1}'; exit 0; }
        echo '{"access_token":"cli-token","token_type":"Bearer","expiry":"2099-01-01T00:00:00.5+01:00"}'
        """

    struct Version: Sendable {
        let minor: Int
        let profile: String?
        let call: String
    }

    @Test(
        "databricks-cli: the profile where the command heeds it, else the host",
        arguments: [
            Version(minor: 300, profile: nil, call: "auth token --host https://h.example --force-refresh"),
            Version(minor: 300, profile: "p", call: "auth token --profile p --force-refresh"),
            Version(minor: 250, profile: "p", call: "auth token --profile p"),
            Version(minor: 200, profile: "p", call: "auth token --host https://h.example"),
        ])
    func databricks(_ row: Version) throws {
        let folder = try folder(
            "databricks", Self.answer.replacing("MINOR", with: "\(row.minor)"), paddedTo: 1 << 20)
        try folder.write(".databrickscfg", "[p]\nhost = https://h.example\n", mode: 0o600)
        var variables = ["DATABRICKS_HOST": "https://h.example", "ARM_TENANT_ID": ""]
        variables["DATABRICKS_CONFIG_PROFILE"] = row.profile
        let (choice, result) = try resolve(folder, variables)
        #expect(choice.method == .databricksCLI)
        #expect(try result.get().login.credential()?.headers.first?.value.revealed == "Bearer cli-token")
        #expect(try calls(folder) == ["version --output json", row.call])
    }

    @Test("databricks-cli: the old Python command is passed over; a refusal is told with its words")
    func databricksRefuses() throws {
        let variables = [
            "DATABRICKS_HOST": "https://h.example", "ARM_TENANT_ID": "", "DATABRICKS_AUTH_TYPE": "databricks-cli",
        ]
        let old = try folder("databricks", Self.answer)
        #expect(
            message { try resolve(old, variables).result.get() }.hasPrefix(
                "error: cannot sign in to `https://h.example` with `databricks-cli`: the `databricks` in `PATH` is older than 0.100 and hands out no tokens\n"
            ))
        #expect(try calls(old) == [])
        let refusing = try folder("databricks", "echo 'Error: refresh token is invalid' >&2; exit 1", paddedTo: 1 << 20)
        #expect(
            message { try resolve(refusing, variables).result.get() } == """
                error: cannot sign in to `https://h.example` with `databricks-cli`: `databricks` ended with status 1: Error: refresh token is invalid
                hint: run `databricks auth login --host https://h.example`

                """)
    }

    @Test(
        "databricks-cli: a token of other scopes than the profile wants is not taken",
        arguments: [("sql", true), ("files, sql", false)])
    func scopes(wanted: String, isTaken: Bool) throws {
        // {"scope":"sql offline_access"}
        let token = "a.eyJzY29wZSI6InNxbCBvZmZsaW5lX2FjY2VzcyJ9.c"
        let folder = try folder(
            "databricks", Self.answer.replacing("MINOR", with: "300").replacing("cli-token", with: token),
            paddedTo: 1 << 20)
        try folder.write(
            ".databrickscfg", "[p]\nhost = https://h.example\nscopes = \(wanted)\n", mode: 0o600)
        let (choice, result) = try resolve(
            folder, ["DATABRICKS_HOST": "", "ARM_TENANT_ID": "", "DATABRICKS_CONFIG_PROFILE": "p"])
        #expect(choice.method == (isTaken ? .databricksCLI : nil))
        guard !isTaken else { return }
        #expect(
            message { try result.get() }.contains(
                "`databricks-cli`: the token of `databricks` has the scopes `offline_access sql`, and the profile wants `files sql`"
            ))
    }

    @Test(
        "moments as programs write them",
        arguments: [
            ("2026-11-22T20:31:00Z", 1_795_379_460.0), ("2026-11-22T20:31:00.123456789Z", 1_795_379_460),
            ("2026-11-22T20:31:00+01:30", 1_795_374_060), ("2026-11-22T20:31:00-01:00", 1_795_383_060),
            ("2026-11-22 20:31:00", 1_795_379_460), ("2026-11-22", nil), ("2026-11-22T20:31:00+1", nil),
            ("2026-11-2ZT20:31:00Z", nil),
        ] as [(String, Double?)])
    func moments(text: String, seconds: Double?) {
        #expect(WrittenTime.seconds(text, isLocal: false) == seconds)
    }
}
