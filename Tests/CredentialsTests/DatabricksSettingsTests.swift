import Diagnostics
import HTTPTransport
import Platform
import TestKit
import Testing

@testable import Credentials

/// What the environment and `~/.databrickscfg` mean together.
@Suite struct DatabricksSettingsTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        var variables: [String: String] = [:]
        var file: String?
        var profile: String?
        /// "attribute=value" of all that is set, apart from `profile`, in the order of the attributes.
        let expected: String
        var testDescription: String { name }
    }

    static let rows = [
        Row(
            name: "a host in the environment: the file is not read at all",
            variables: ["DATABRICKS_HOST": "https://env"], file: "[DEFAULT]\nhost = https://file\ntoken = t\n",
            expected: "host=https://env"),
        Row(
            name: "a credential in the environment: the file is not read at all",
            variables: ["DATABRICKS_TOKEN": "env"], file: "[DEFAULT]\nhost = https://file\n", expected: "token=env"),
        Row(
            name: "a setting that is no credential: the file is read",
            variables: ["DATABRICKS_AUTH_TYPE": "pat"], file: "[DEFAULT]\nhost = https://file\ntoken = t\n",
            expected: "host=https://file token=t auth_type=pat"),
        Row(
            name: "a profile named by the variable: the environment wins key by key",
            variables: ["DATABRICKS_TOKEN": "env", "DATABRICKS_CONFIG_PROFILE": "dev"],
            file: "[dev]\nhost = https://dev\ntoken = t\n", expected: "host=https://dev token=env"),
        Row(
            name: "a profile named by the caller counts more than that of the variable",
            variables: ["DATABRICKS_CONFIG_PROFILE": "absent"], file: "[dev]\nhost = https://dev\n", profile: "dev",
            expected: "host=https://dev"),
        Row(
            name: "without a name the default of the settings",
            file:
                "[__settings__]\ndefault_profile = dev\n[DEFAULT]\nhost = https://default\n[dev]\nhost = https://dev\n",
            expected: "host=https://dev"),
        Row(
            name: "without that [DEFAULT]", file: "[DEFAULT]\nhost = https://default\n[dev]\nhost = https://dev\n",
            expected: "host=https://default"),
        Row(name: "a file without [DEFAULT] is ignored", file: "[dev]\nhost = https://dev\n", expected: ""),
        Row(
            name: "[DEFAULT] is not inherited", file: "[DEFAULT]\ntoken = t\n[dev]\nhost = https://dev\n",
            profile: "dev", expected: "host=https://dev"),
        Row(
            name: "percent signs, keys in any case, colons, comments, lines that go on",
            file: """
                # one
                [DEFAULT]
                HOST : https://h
                  ; two
                token = a%b%%c=d
                client_id = one
                   two

                unknown = x
                """, expected: "host=https://h token=a%b%%c=d client_id=one\ntwo"),
        Row(
            name: "Windows' line ends and a byte order mark", file: "\u{feff}[DEFAULT]\r\nhost = https://h\r\n",
            expected: "host=https://h"),
        Row(
            name: "the older name of a variable",
            variables: ["DATABRICKS_OIDC_TOKEN_FILE": "/old", "DATABRICKS_HOST": "h"],
            expected: "host=h oidc_token_filepath=/old"),
        Row(
            name: "an empty variable is none", variables: ["DATABRICKS_HOST": ""],
            file: "[DEFAULT]\nhost = https://file\n", expected: "host=https://file"),
        Row(name: "no file", variables: [:], expected: ""),
    ]

    @Test("what counts: the caller, the environment, the file", arguments: rows)
    func precedence(_ row: Row) throws {
        let home = TemporaryDirectory()
        if let file = row.file { try home.write(".databrickscfg", file, mode: 0o600) }
        let settings = try DatabricksSettings.read(profile: row.profile, try surroundings(home, row.variables))
        let found = DatabricksAttribute.allCases.filter { $0 != .profile }.compactMap { attribute in
            settings[attribute].map { "\(attribute.rawValue)=\($0)" }
        }
        #expect(found.joined(separator: " ") == row.expected)
        #expect("\(settings)".contains("=") == false)
    }

    @Test("another file by DATABRICKS_CONFIG_FILE; its mode is looked at")
    func otherFile() throws {
        let home = TemporaryDirectory()
        try home.write("conf/db.ini", "[DEFAULT]\nhost = h\ntoken = t\n", mode: 0o640)
        let settings = try DatabricksSettings.read(
            profile: nil, try surroundings(home, ["DATABRICKS_CONFIG_FILE": "~/conf/db.ini"]))
        #expect(settings[.host] == "h")
        #expect(settings.source(of: [.host, .token]) == "the profile `DEFAULT` of `~/conf/db.ini`")
        #expect(
            settings.notes == [
                "`~/conf/db.ini` can be read or changed by other users (mode 640): `chmod 600` keeps its secrets to you"
            ])
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        let name: String
        var variables: [String: String] = [:]
        let file: String
        var profile: String?
        let message: String
        var testDescription: String { name }
    }

    static let refused = [
        Refused(
            name: "a profile that is not there", file: "[DEFAULT]\nhost=h\n[dev]\nhost=d\n[__settings__]\nx=y\n",
            profile: "prod",
            message: """
                error: cannot use the profile `prod`: the file has no such profile
                  --> ~/.databrickscfg
                  - it was named in the command or in a URI
                hint: it has `DEFAULT`, `dev`

                """),
        Refused(
            name: "a profile that is not there, from the variable",
            variables: ["DATABRICKS_CONFIG_PROFILE": "pr\u{1b}od"], file: "# nothing\n",
            message: """
                error: cannot use the profile `pr\\u{1b}od`: the file has no such profile
                  --> ~/.databrickscfg
                  - `DATABRICKS_CONFIG_PROFILE` names it
                hint: it has no profiles; `databricks auth login --profile NAME` makes one

                """),
        Refused(
            name: "a default that is not there", file: "[__settings__]\ndefault_profile=gone\n[dev]\nhost=d\n",
            message: """
                error: cannot use the profile `gone`: the file has no such profile
                  --> ~/.databrickscfg
                  - `default_profile` in `[__settings__]` names it
                hint: it has `dev`

                """),
        Refused(
            name: "the settings are no profile", file: "[__settings__]\nx=y\n[dev]\nhost=d\n",
            profile: "__settings__",
            message: """
                error: cannot use the profile `__settings__`: that section holds settings and is no profile
                  --> ~/.databrickscfg
                hint: it has `dev`

                """),
        Refused(
            name: "a key twice", file: "[DEFAULT]\ntoken = very-secret\nTOKEN = very-secret\n",
            message: """
                error: cannot read `~/.databrickscfg`: `token` comes a second time in `[DEFAULT]`
                  --> ~/.databrickscfg:3

                """),
        Refused(
            name: "no section", file: "host = h\n",
            message: """
                error: cannot read `~/.databrickscfg`: this line stands before the first section
                  --> ~/.databrickscfg:1
                hint: begin the file with the name of a section, as in `[DEFAULT]`

                """),
    ]

    @Test("a profile or a file that cannot be used is named", arguments: refused)
    func refuses(_ row: Refused) throws {
        let home = TemporaryDirectory()
        try home.write(".databrickscfg", row.file, mode: 0o600)
        let surroundings = try surroundings(home, row.variables)
        #expect(message { try DatabricksSettings.read(profile: row.profile, surroundings) } == row.message)
    }

    @Test(
        "the host is cleaned up as the SDK does",
        arguments: [
            ("adb-1.2.azuredatabricks.net", "https://adb-1.2.azuredatabricks.net"), ("https://h/", "https://h"),
            ("https://h:443/", "https://h"), ("https://h//", "https://h"),
            ("http://127.0.0.1:5110", "http://127.0.0.1:5110"),
            ("https://h/path/", "https://h/path"), ("https://H.Example/?o=123", "https://h.example"),
            ("https://user:pass@h", "https://h"), (" https://h \n", "https://h"),
        ])
    func hosts(written: String, expected: String) throws {
        let settings = try DatabricksSettings.read(
            profile: nil, try surroundings(TemporaryDirectory(), ["DATABRICKS_HOST": written]))
        #expect(try settings.host()?.exactText == expected)
    }

    @Test("two families of credentials are an error that names each of them and where it came from")
    func families() throws {
        let home = TemporaryDirectory()
        try home.write(".databrickscfg", "[dev]\nhost = https://dev\nclient_id = id\n", mode: 0o600)
        let variables = ["DATABRICKS_TOKEN": "token-in-env"]
        let settings = try DatabricksSettings.read(profile: "dev", try surroundings(home, variables))
        #expect(
            message { try settings.requireOneFamily() } == """
                error: cannot sign in to Databricks: more than one authorization method configured: oauth and pat
                  - oauth: `client_id` from the profile `dev` of `~/.databrickscfg`
                  - pat: `token` from `DATABRICKS_TOKEN`
                hint: name the one that you want in `DATABRICKS_AUTH_TYPE`, as in `pat`, `oauth-m2m`, `file-oidc` or `azure-client-secret`, or unset the settings of the others

                """)
        let told = try surroundings(home, variables.merging(["DATABRICKS_AUTH_TYPE": "oauth-m2m"]) { $1 })
        try DatabricksSettings.read(profile: "dev", told).requireOneFamily()
    }
}
