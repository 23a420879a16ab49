import Bytes
public import HTTPTransport
import JSONText

/// What a storage means by an answer that is no success.
///
/// Sources: "Error responses" (S3 API reference), "Blob Storage error codes" and "Data Lake Storage Gen2 Path" (Azure),
/// "HTTP status and error codes for JSON" (Google).
public struct StorageRefusal: Sendable, Equatable {
    /// Who answers.
    public enum Service: Sendable, Equatable {
        /// S3 and what speaks like it.
        case s3
        /// Data Lake Storage Gen2.
        case azure
        /// Google Cloud Storage.
        case google
    }

    /// What a caller can do.
    public enum Meaning: Sendable, Equatable {
        /// The lent credential is too old: ask for another.
        case expired
        /// The bucket is in another region: the one that is named, or one that must be asked for.
        case otherRegion(S3Bucket.Region?)
        /// The time of the request is too far from the storage's clock, which says these seconds since 1970.
        case wrongClock(Int?)
        /// The credential is not accepted at all.
        case unknownCredential
        /// The credential is accepted but gives no right to this.
        case noRight
        /// Who asks stands in a network that is not let in.
        case otherNetwork
        /// The bucket, folder or file is not there.
        case notFound
        /// The request carried two ways to sign in.
        case twoCredentials
        /// The storage's own trouble.
        case trouble
        /// Anything else.
        case other
    }

    /// What it means.
    public let meaning: Meaning
    /// The storage's own code, for instance `AccessDenied`; not escaped.
    public let code: String?
    /// The storage's own words; not escaped.
    public let words: String?

    /// Reads an answer whose status is not 2xx.
    public init(_ answer: HTTPResponse, from service: Service) {
        var code = answer.head["x-ms-error-code"]
        var words: String?
        var region: String?
        if let root = try? XMLElement.parse(answer.body), root.name == "Error" {
            code = root["Code"] ?? code
            words = root["AuthenticationErrorDetail"] ?? root["Message"]
            region = root["Region"]
        } else if let value = try? JSONText.parse(ByteRegion(answer.body), limits: .request)["error"] {
            code = code ?? value["code"]?.stringValue ?? value["errors"]?.arrayValue?.first?["reason"]?.stringValue
            words = value["message"]?.stringValue
        } else if answer.head.mediaType == "text/plain" || service == .google {
            let text = String(decoding: answer.body, as: UTF8.self)
            words = text.isEmpty || text.contains("<") ? nil : text
        }
        self.code = code
        self.words = words
        let facts = Facts(
            status: answer.head.status, code: code ?? "", words: words ?? "",
            region: region ?? answer.head["x-amz-bucket-region"],
            date: answer.head["Date"].flatMap(CalendarTime.init(httpText:))?.seconds)
        meaning =
            switch service {
            case .s3: facts.meaningForS3
            case .azure: facts.meaningForAzure
            case .google: facts.meaningForGoogle
            }
    }
}

private struct Facts {
    let status: Int
    let code: String
    let words: String
    let region: String?
    let date: Int?

    var meaningForS3: StorageRefusal.Meaning {
        switch code {
        case "ExpiredToken", "TokenRefreshRequired": return .expired
        case "AccessDenied" where words.contains("Request has expired"): return .expired
        case "RequestTimeTooSkewed": return .wrongClock(date)
        // Other things than the region may be wrong with the header, but then it is the keys that gave rise to them.
        case "AuthorizationHeaderMalformed" where region == nil && !words.contains("region"): return .unknownCredential
        case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException":
            return .otherRegion(region.flatMap(S3Bucket.Region.init(named:)))
        case "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch": return .unknownCredential
        case _ where words.contains("auth mechanism"): return .twoCredentials
        case "AccessDenied" where words.contains("explicit deny"): return .otherNetwork
        default: break
        }
        // The answer to `HEAD` has no body.
        if status == 301 || status == 307 { return .otherRegion(region.flatMap(S3Bucket.Region.init(named:))) }
        return meaningOfStatus
    }

    var meaningForAzure: StorageRefusal.Meaning {
        switch code {
        case "AuthenticationFailed":
            return words.lowercased().contains("not valid in the specified time frame") ? .expired : .unknownCredential
        case "InvalidAuthenticationInfo" where status == 400: return .twoCredentials
        case "AuthorizationFailure", "AuthorizationSourceIPMismatch", "AuthorizationProtocolMismatch":
            return .otherNetwork
        default: return meaningOfStatus
        }
    }

    var meaningForGoogle: StorageRefusal.Meaning {
        if status == 401 { return .expired }
        let isFenced = ["vpcServiceControls", "organization's policy", "ip filtering", "IP filtering"]
        if status == 403, isFenced.contains(where: words.contains) || code == "vpcServiceControls" {
            return .otherNetwork
        }
        return meaningOfStatus
    }

    private var meaningOfStatus: StorageRefusal.Meaning {
        switch status {
        case 401: .unknownCredential
        case 403: .noRight
        case 404: .notFound
        case 429, 500...599: .trouble
        default: .other
        }
    }
}
