import CloudStorage
import Diagnostics
import HTTPTransport
import JSONText

/// What a registry lends so that the files of one model version can be read in their storage.
struct CloudCredential: Equatable {
    /// By the storage that accepts it.
    enum Keys: Equatable {
        case aws(AWSCredential)
        /// Cloudflare's, of the same form.
        case r2(AWSCredential)
        /// A shared access signature, without the `?`.
        case azureSAS(Secret)
        /// An OAuth token of Google's.
        case googleToken(Secret)
    }

    let keys: Keys
    /// Milliseconds since 1970; nil when the registry does not say.
    let expiration: Int?

    /// Everything that must not be shown.
    let secrets: [Secret]

    init(_ keys: Keys, expiration: Int?) {
        self.keys = keys
        self.expiration = expiration
        secrets =
            switch keys {
            case .aws(let keys), .r2(let keys): [keys.secretAccessKey, keys.sessionToken]
            case .azureSAS(let signature): [signature] + Self.signatures(signature)
            case .googleToken(let token): [token]
            }
    }

    /// The part of a shared access signature that signs, as it was lent and as a server may say it.
    private static func signatures(_ query: Secret) -> [Secret] {
        query.revealed.split(separator: "&").filter { $0.hasPrefix("sig=") }.flatMap { part in
            let encoded = String(part.dropFirst(4))
            return [encoded, PercentEncoding.decode(encoded)].compactMap { $0.map { Secret($0) } }
        }
    }

    /// Reads the registry's answer: `aws_temp_credentials`, `r2_temp_credentials`, `azure_user_delegation_sas` or
    /// `gcp_oauth_token`, and `expiration_time` (`protos/databricks_uc_registry_messages.proto`, mlflow 3.17).
    ///
    /// - Returns: nil when it holds none of these in full.
    init?(answer: JSONObject) {
        let keys: Keys
        if let lent = answer["aws_temp_credentials"].flatMap(Self.accessKeys) {
            keys = .aws(lent)
        } else if let lent = answer["r2_temp_credentials"].flatMap(Self.accessKeys) {
            keys = .r2(lent)
        } else if let text = answer["azure_user_delegation_sas"]?["sas_token"]?.stringValue, !text.isEmpty {
            keys = .azureSAS(Secret(text.hasPrefix("?") ? String(text.dropFirst()) : text))
        } else if let text = answer["gcp_oauth_token"]?["oauth_token"]?.stringValue, !text.isEmpty {
            keys = .googleToken(Secret(text))
        } else {
            return nil
        }
        let time = answer["expiration_time"]
        self.init(keys, expiration: time?.intValue ?? time?.stringValue.flatMap { Int($0) })
    }

    private static func accessKeys(_ value: JSONValue) -> AWSCredential? {
        guard let id = value["access_key_id"]?.stringValue, let secret = value["secret_access_key"]?.stringValue,
            let token = value["session_token"]?.stringValue, !id.isEmpty, !secret.isEmpty, !token.isEmpty
        else { return nil }
        return AWSCredential(accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: Secret(token))
    }
}
