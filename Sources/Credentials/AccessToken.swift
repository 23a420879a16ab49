import Bytes
import Diagnostics
import JSONText
import Platform

/// A token with the time that it lives.
struct AccessToken: Sendable {
    let value: Secret
    /// For instance `Bearer`; a word of letters.
    let type: String
    /// How long it lived when it was issued; nil when nobody said.
    let lifeSeconds: Double?
    private let obtained: UInt64

    /// Azure Databricks refuses tokens that end within 30 seconds, so a new one is asked for 40 seconds before the end
    /// (databricks-sdk 0.156, `oauth.py`, class `Token`); a token that lives shorter than 80 seconds is used for half its life.
    static let marginSeconds = 40.0

    init(_ value: Secret, type: String = "Bearer", lifeSeconds: Double?, obtained: UInt64 = MonotonicClock.nanoseconds)
    {
        self.value = value
        self.type = type
        self.lifeSeconds = lifeSeconds
        self.obtained = obtained
    }

    /// Seconds until it ends; nil when nobody said.
    var remainingSeconds: Double? { lifeSeconds.map { $0 - MonotonicClock.seconds(since: obtained) } }

    /// Whether it can be used without asking for a new one.
    var isFresh: Bool {
        guard let lifeSeconds, let remainingSeconds else { return true }
        return remainingSeconds > min(Self.marginSeconds, lifeSeconds / 2)
    }

    /// Whether the server may still take it.
    var isAlive: Bool { remainingSeconds.map { $0 > 0 } ?? true }

    /// The value of an `Authorization` header.
    var authorization: Secret { Secret("\(type) \(value.revealed)") }
}

/// The claims of a JSON Web Token, unverified: for explanations only (RFC 7519).
struct TokenClaims: Sendable {
    private let object: JSONObject

    /// Nil when `token` is not of three parts, the second of them an object in base 64.
    init?(_ token: Secret) {
        let parts = token.revealed.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var text = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        while !text.utf8.count.isMultiple(of: 4) { text += "=" }
        guard let bytes = Base64.decode(String(text)),
            let object = (try? JSONText.parse(bytes, limits: .request))?.objectValue
        else { return nil }
        self.object = object
    }

    /// Whether there is a claim of that name.
    func has(_ name: String) -> Bool { object[name] != nil }

    /// The claim, fit to be printed: a text, or several joined by a comma; nil for anything else.
    func text(_ name: String) -> String? {
        let value = object[name]
        let words = value?.stringValue.map { [$0] } ?? value?.arrayValue?.compactMap(\.stringValue) ?? []
        return words.isEmpty ? nil : words.map { escaped($0) }.joined(separator: ", ")
    }

    /// The words of a claim that is a text or a list of texts, sorted; nil without it.
    func words(_ name: String) -> [String]? {
        let value = object[name]
        let words =
            value?.stringValue?.split(separator: " ").map(String.init) ?? value?.arrayValue?.compactMap(\.stringValue)
        return words?.sorted()
    }

    /// Who the token says issued it, for whom, for which audience; for the error of an exchange that was refused.
    var summary: String {
        let parts = [("iss", "issuer"), ("sub", "subject"), ("aud", "audience")].compactMap { name, word in
            text(name).map { "\(word) `\($0)`" }
        }
        return parts.joined(separator: ", ")
    }
}
