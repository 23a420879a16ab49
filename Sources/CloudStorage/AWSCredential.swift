public import Diagnostics

/// Keys that Amazon's security token service lends (also Cloudflare's, for R2).
public struct AWSCredential: Sendable, Equatable {
    /// `ASIA…`.
    public let accessKeyID: String
    /// Never sent.
    public let secretAccessKey: Secret
    /// Sent and signed with every request.
    public let sessionToken: Secret

    /// States all three.
    public init(accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}
