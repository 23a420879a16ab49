import Diagnostics
public import HTTPTransport

/// Who we are to an MLflow server, read as MLflow's client reads it (mlflow 3.17, `utils/credentials.py`,
/// `utils/rest_utils.py`).
///
/// `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, each else from `~/.mlflow/credentials`, give Basic; only when they are
/// incomplete does `MLFLOW_TRACKING_TOKEN` give Bearer; at last comes what stands before the host of the server's address.
public struct MLflowLogin {
    private let user: (name: String, password: Secret, source: String)?
    private let token: Secret?
    /// What a person should know about the file.
    public let notes: [String]

    /// Reads the variables and the file.
    ///
    /// - Throws: when the file cannot be read, and for ways to sign in that are not supported: refused rather than passed over, so
    ///   that nobody is signed in as somebody else.
    public init(_ environment: [String: String]) throws(CredentialsError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        for (name, meaning) in Self.unsupportedVariables
        where ![nil, "false", "0"].contains(value(name)?.lowercased()) {
            throw CredentialsError(
                .unsupported, "cannot sign in as `\(name)` says: \(meaning) is not supported by this version",
                hints: ["use `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`"])
        }
        var name = value("MLFLOW_TRACKING_USERNAME")
        var password = value("MLFLOW_TRACKING_PASSWORD").map { Secret($0) }
        var source = "`MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`"
        var notes: [String] = []
        if name == nil || password == nil, let home = value("HOME"),
            let file = try MLflowCredentialsFile.read(home + "/.mlflow/credentials")
        {
            source =
                switch (name, password) {
                case (nil, nil): "`\(MLflowCredentialsFile.shownPath)`"
                case (nil, _): "`MLFLOW_TRACKING_PASSWORD` and `\(MLflowCredentialsFile.shownPath)`"
                default: "`MLFLOW_TRACKING_USERNAME` and `\(MLflowCredentialsFile.shownPath)`"
                }
            name = name ?? file.user.flatMap { $0.isEmpty ? nil : $0 }
            password = password ?? file.password.flatMap { $0.revealed.isEmpty ? nil : $0 }
            notes = file.notes
        }
        self.notes = notes
        user = name.flatMap { name in password.map { (name, $0, source) } }
        // A line feed at the end is what `$(cat token)` in quotes and many secret stores leave.
        token = value("MLFLOW_TRACKING_TOKEN").map { Secret(String($0.withoutOuterSpace)) }
    }

    private static let unsupportedVariables = [
        ("MLFLOW_TRACKING_AWS_SIGV4", "signing requests for AWS"),
        ("MLFLOW_TRACKING_AUTH", "an authentication plugin"),
    ]

    /// The login for one server, and no other.
    ///
    /// - Parameters:
    ///   - userInURL: what stood before the host of its address.
    ///   - variable: which variable holds that address, for people.
    public func login(
        for origin: HTTPOrigin, userInURL: HTTPURL.UserInformation?, variable: String
    ) -> Login {
        func fixed(_ value: String, _ source: String) -> Login {
            let credential = HTTPCredential(
                origin: origin, headerName: "Authorization", headerValue: Secret(value), source: source)
            return Login(fixed: credential, for: origin)
        }
        if let user { return fixed(basicAuthorization(user.name, user.password), user.source) }
        if let token { return fixed("Bearer " + token.revealed, "`MLFLOW_TRACKING_TOKEN`") }
        guard let userInURL else { return .none(for: origin) }
        return fixed(
            basicAuthorization(userInURL.user, userInURL.password), "the user name and password in `\(variable)`")
    }
}
