import Diagnostics
import HTTPTransport
import TestKit
import Testing

@testable import Credentials

@Suite struct MLflowLoginTests {
    static let login = "Basic dXNlcjpwYXNz"  // user:pass

    struct SignIn: CustomTestStringConvertible, Sendable {
        let name: String
        let variables: [String: String]
        var file: String?
        var address = "http://host:5000/ml"
        let header: String?
        let source: String?
        var testDescription: String { name }
    }

    static let signIns = [
        SignIn(name: "nothing", variables: [:], header: nil, source: nil),
        SignIn(
            name: "user and password",
            variables: ["MLFLOW_TRACKING_USERNAME": "user", "MLFLOW_TRACKING_PASSWORD": "pass"],
            file: "[mlflow]\nmlflow_tracking_username = other\nmlflow_tracking_password = other\n",
            header: login, source: "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`"),
        SignIn(
            name: "a token, with the line feed that `cat` left", variables: ["MLFLOW_TRACKING_TOKEN": "abc\n"],
            header: "Bearer abc", source: "`MLFLOW_TRACKING_TOKEN`"),
        SignIn(
            name: "both: the password counts",
            variables: [
                "MLFLOW_TRACKING_USERNAME": "user", "MLFLOW_TRACKING_PASSWORD": "pass", "MLFLOW_TRACKING_TOKEN": "abc",
            ], header: login, source: "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`"),
        SignIn(
            name: "the password in the file counts more than a token", variables: ["MLFLOW_TRACKING_TOKEN": "abc"],
            file: "[mlflow]\nmlflow_tracking_username = user\nmlflow_tracking_password = pass\n", header: login,
            source: "`~/.mlflow/credentials`"),
        SignIn(
            name: "a user without password does not hide the token",
            variables: ["MLFLOW_TRACKING_USERNAME": "user", "MLFLOW_TRACKING_TOKEN": "abc"], header: "Bearer abc",
            source: "`MLFLOW_TRACKING_TOKEN`"),
        SignIn(
            name: "the password from the environment, the user from the file",
            variables: ["MLFLOW_TRACKING_PASSWORD": "pass"],
            file: "[mlflow]\nmlflow_tracking_username=user\nmlflow_tracking_password=old\n", header: login,
            source: "`MLFLOW_TRACKING_PASSWORD` and `~/.mlflow/credentials`"),
        SignIn(
            name: "what is in [DEFAULT] is inherited", variables: [:],
            file: "[DEFAULT]\nmlflow_tracking_username = user\n[mlflow]\nmlflow_tracking_password = pass\n",
            header: login, source: "`~/.mlflow/credentials`"),
        SignIn(
            name: "two percent signs are one", variables: [:],
            file: "[mlflow]\nmlflow_tracking_username = user\nmlflow_tracking_password = a%%b\n",
            header: "Basic dXNlcjphJWI=", source: "`~/.mlflow/credentials`"),
        SignIn(
            name: "a file of others' sections", variables: [:],
            file: "[other]\nmlflow_tracking_username = user\nmlflow_tracking_password = pass\n", header: nil,
            source: nil),
        SignIn(
            name: "in the address", variables: [:], address: "http://user:pass@host:5000/ml/", header: login,
            source: "the user name and password in `MLFLOW_TRACKING_URI`"),
        SignIn(
            name: "in the address: the token counts more", variables: ["MLFLOW_TRACKING_TOKEN": "abc"],
            address: "http://user:pass@host:5000/ml/", header: "Bearer abc", source: "`MLFLOW_TRACKING_TOKEN`"),
    ]

    @Test("who signs in to an MLflow server is read as MLflow's client reads it", arguments: signIns)
    func signIn(_ row: SignIn) throws {
        let home = TemporaryDirectory()
        if let file = row.file { try home.write(".mlflow/credentials", file, mode: 0o600) }
        let (url, user) = try HTTPURL.parse(row.address)
        let mlflow = try MLflowLogin(row.variables.merging(["HOME": home.path]) { $1 })
        let login = mlflow.login(for: url.origin, userInURL: user, variable: "MLFLOW_TRACKING_URI")
        #expect(try login.credential()?.headers.map(\.value.revealed) == row.header.map { [$0] })
        #expect(login.source == row.source)
        #expect(login.isRenewable == false)
        #expect(mlflow.notes == [])
    }

    @Test("a credentials file that others can read is noted")
    func sharedFile() throws {
        let home = TemporaryDirectory()
        try home.write(".mlflow/credentials", "[mlflow]\n", mode: 0o644)
        #expect(
            try MLflowLogin(["HOME": home.path]).notes == [
                "`~/.mlflow/credentials` can be read or changed by other users (mode 644): `chmod 600` keeps its secrets to you"
            ])
    }

    @Test(
        "a way to sign in that is not supported is refused, not passed over",
        arguments: [
            ("MLFLOW_TRACKING_AWS_SIGV4", "true", "signing requests for AWS"),
            ("MLFLOW_TRACKING_AUTH", "my-plugin", "an authentication plugin"),
        ])
    func unsupported(name: String, value: String, meaning: String) {
        #expect(
            message { try MLflowLogin([name: value, "MLFLOW_TRACKING_TOKEN": "abc"]) } == """
                error: cannot sign in as `\(name)` says: \(meaning) is not supported by this version
                hint: use `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`

                """)
    }

    @Test(
        "a line of the credentials file that cannot be read is named, and its words are not",
        arguments: [
            ("[mlflow]\nuser\n", "there is neither `=` nor `:` in this line"),
            ("[mlflow]\nmlflow_tracking_password = a%b\n", "a `%` must be written as `%%`"),
            ("[mlflow]\n= secretly\n", "there is no key before the `=`"),
            ("[mlflow]\n[mlflow]\n", "the section `[mlflow]` comes a second time"),
        ])
    func credentialsFile(text: String, reason: String) {
        #expect(
            message { try MLflowCredentialsFile.parse(Array(text.utf8)) } == """
                error: cannot read `~/.mlflow/credentials`: \(reason)
                  --> ~/.mlflow/credentials:2

                """)
    }
}
