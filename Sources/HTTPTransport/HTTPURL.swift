public import Diagnostics

/// Scheme, host and port: the unit to which credentials are bound (RFC 6454).
public struct HTTPOrigin: Sendable, Hashable, CustomStringConvertible {
    /// `http` or `https`.
    public let scheme: String
    /// Lower case; an IPv6 address keeps its brackets.
    public let host: String
    /// The written port, or the scheme's own.
    public let port: Int

    /// `scheme://host`, with `:port` unless it is the scheme's own.
    public var description: String {
        port == Self.defaultPort(scheme) ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }

    static func defaultPort(_ scheme: String) -> Int { scheme == "https" ? 443 : 80 }
}

/// An absolute `http` or `https` URL whose path and query are kept byte for byte.
///
/// It prints without its query, which may be a signature; user and password are split off when it is parsed and are
/// no part of it. A fragment is dropped: it is never sent.
public struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host and port.
    public let origin: HTTPOrigin
    /// As it goes on the wire; empty or beginning with `/`.
    public let path: String
    /// What follows `?`, as it goes on the wire; nil when there is no `?`.
    public let query: String?

    init(origin: HTTPOrigin, path: String, query: String?) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    /// Scheme, host, port and path: fit to be shown.
    public var description: String { "\(origin)\(path)" }

    /// The whole URL, query included. Never print it.
    public var exactText: String { query.map { "\(self)?\($0)" } ?? description }

    /// User and password that stood before the host of a parsed URL, percent-decoded.
    public struct UserInformation: Sendable, Equatable {
        /// What stood before the colon.
        public let user: String
        /// What stood after it, empty without a colon.
        public let password: Secret
    }

    /// Reads an absolute URL.
    ///
    /// - Throws: `HTTPError` of kind `.url` for any scheme but `http` and `https`, an empty or non-ASCII host, a port
    ///   outside 1-65535, or characters that a URL cannot hold unescaped. The error shows `text` without user
    ///   information and query.
    public init(_ text: String) throws(HTTPError) {
        self = try Self.parse(text).url
    }

    /// Reads an absolute URL and the user information that it may carry.
    ///
    /// - Throws: as `init(_:)`.
    public static func parse(_ text: String) throws(HTTPError) -> (url: HTTPURL, user: UserInformation?) {
        let shown = escaped(withoutSecrets(text))
        func refuse(_ reason: String) -> HTTPError { HTTPError(.url(text: shown, reason: reason)) }

        guard let colon = text.firstRange(of: "://") else {
            throw refuse("it does not begin with `http://` or `https://`")
        }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw refuse("its scheme is not `http` or `https`")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !#""<>\^`{|}"#.utf8.contains($0) }) else {
            throw refuse("it holds a space or another character that must be percent-encoded")
        }
        var rest = text[colon.upperBound...]
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        let tail = rest[authorityEnd...]

        var user: UserInformation?
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let password = parts.count > 1 ? PercentEncoding.decode(String(parts[1])) : ""
            guard let name = PercentEncoding.decode(String(parts[0])), let password else {
                throw refuse("its user name or password is not percent-encoded UTF-8")
            }
            user = UserInformation(user: name, password: Secret(password))
            authority = authority[authority.index(after: at)...]
        }
        guard let (host, port) = hostAndPort(authority, scheme: scheme) else {
            throw refuse("`\(escaped(String(authority)))` is not a host name or address with an optional port")
        }
        let question = tail.firstIndex(of: "?")
        let url = HTTPURL(
            origin: HTTPOrigin(scheme: scheme, host: host, port: port),
            path: String(tail[..<(question ?? tail.endIndex)]),
            query: question.map { String(tail[tail.index(after: $0)...]) })
        return (url, user)
    }

    private static func hostAndPort(_ authority: Substring, scheme: String) -> (String, Int)? {
        var host = authority
        var port = HTTPOrigin.defaultPort(scheme)
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            if !digits.isEmpty {
                guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
                    (1...65_535).contains(number)
                else { return nil }
                port = number
            }
        }
        let isAddress = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        let letters = isAddress ? host.dropFirst().dropLast() : host
        let allowed: (Character) -> Bool = { character in
            character.isASCII
                && (character.isLetter || character.isNumber || "-._".contains(character)
                    || (isAddress && (character == ":" || character == "%")))
        }
        guard !letters.isEmpty, letters.allSatisfy(allowed) else { return nil }
        return (host.lowercased(), port)
    }

    /// `text` without user information, query and fragment: for messages about text that need not be a URL.
    public static func withoutSecrets(_ text: String) -> String {
        var shown = text[..<(text.firstIndex { $0 == "?" || $0 == "#" } ?? text.endIndex)]
        if let start = shown.firstRange(of: "://")?.upperBound {
            let end = shown[start...].firstIndex(of: "/") ?? shown.endIndex
            if let at = shown[start..<end].lastIndex(of: "@") {
                shown = shown[..<start] + shown[shown.index(after: at)...]
            }
        }
        return String(shown)
    }
}

extension HTTPURL {
    /// This URL with `segments` added to its path, each percent-encoded once, and `query` in place of its own.
    ///
    /// Names and values of the query are percent-encoded (a space as `%20`, `+` as `%2B`); an empty list means no `?`.
    public func appending(segments: [String], query: [(name: String, value: String)] = []) -> HTTPURL {
        let start = path.hasSuffix("/") ? String(path.dropLast()) : path
        let added = segments.map { "/" + PercentEncoding.encode($0) }.joined()
        let pairs = query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        return HTTPURL(
            origin: origin, path: start + added, query: pairs.isEmpty ? nil : pairs.joined(separator: "&"))
    }

    /// The URL that `location`, the value of a `Location` header, means when this one answered with it (RFC 3986 5.2).
    ///
    /// - Throws: `HTTPError` of kind `.url` when it is neither `http` nor `https`.
    func resolving(_ location: String) throws(HTTPError) -> HTTPURL {
        if location.hasPrefix("//") { return try HTTPURL("\(origin.scheme):\(location)") }
        let head = location[..<(location.firstIndex { "/?#".contains($0) } ?? location.endIndex)]
        if head.contains(":") { return try HTTPURL(location) }
        if location.hasPrefix("/") { return try HTTPURL("\(origin)\(location)") }
        if location.hasPrefix("?") { return try HTTPURL("\(self)\(location)") }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/"
        return try HTTPURL("\(origin)\(folder)\(location)")
    }
}
