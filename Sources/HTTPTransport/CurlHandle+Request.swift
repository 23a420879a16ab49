import CCurl
import Diagnostics
import Glibc

extension CurlHandle {
    /// Sets every option that `request` and `settings` decide, after a `reset()`; callbacks are set apart.
    func configure(_ request: HTTPRequest, _ settings: HTTPSettings, _ lines: inout CurlList) throws(HTTPError) {
        try set(CURLOPT_URL, request.url.exactText)
        // Dot segments are a name's own characters here; libcurl would remove them.
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        // The largest that libcurl takes: fewer calls, and fewer and larger writes.
        try set(CURLOPT_BUFFERSIZE, 512 * 1024)
        // HTTP/2 where TLS offers it. Requests to such a server wait for its one connection to be there.
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        if request.url.origin.scheme == "https" { try set(CURLOPT_PIPEWAIT, 1) }
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(settings.timeouts.connectSeconds * 1000)))
        try set(CURLOPT_USERAGENT, settings.userAgent)
        try configureMethod(request)
        try configureHeaders(request, &lines)
        try configureProxy(request.url.origin, settings.proxies)
        try configureTrust(request.url.origin, settings.trust)
    }

    private func configureMethod(_ request: HTTPRequest) throws(HTTPError) {
        switch request.method {
        case .get: try set(CURLOPT_HTTPGET, 1)
        case .head: try set(CURLOPT_NOBODY, 1)
        case .post:
            try set(CURLOPT_POST, 1)
            var body = request.body ?? []
            try set(CURLOPT_POSTFIELDSIZE_LARGE, size: body.count)
            try set(CURLOPT_COPYPOSTFIELDS, pointer: &body)
        }
    }

    private func configureHeaders(_ request: HTTPRequest, _ lines: inout CurlList) throws(HTTPError) {
        var headers = request.headers
        for header in request.credential?.headers ?? [] {
            headers.append(HTTPHeader(header.name, header.value.revealed))
        }
        for header in headers {
            let line = "\(header.name): \(header.value)"
            guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw HTTPError(
                    .settings(reason: "the value of the header `\(escaped(header.name))` holds a control character"))
            }
            // libcurl sends a header without a value only when it ends in a semicolon.
            try lines.append(header.value.isEmpty ? "\(header.name);" : line)
        }
        try lines.append("Expect:")  // no waiting for `100 Continue`
        try set(CURLOPT_HTTPHEADER, lines)
    }

    private func configureProxy(_ origin: HTTPOrigin, _ proxies: ProxySettings) throws(HTTPError) {
        let proxy = origin.scheme == "https" ? proxies.https : proxies.http
        // Empty texts keep libcurl from looking into the environment itself.
        try set(CURLOPT_PROXY, proxy?.revealed ?? "")
        try set(CURLOPT_NOPROXY, proxies.none)
    }

    private func configureTrust(_ origin: HTTPOrigin, _ trust: TrustSettings) throws(HTTPError) {
        guard origin.scheme == "https" else { return }
        let isUnchecked = trust.acceptsAnyCertificate || trust.uncheckedOrigins.contains(origin)
        try set(CURLOPT_SSL_VERIFYPEER, isUnchecked ? 0 : 1)
        try set(CURLOPT_SSL_VERIFYHOST, isUnchecked ? 0 : 2)
        if let file = trust.authorityFile {
            guard access(file, R_OK) == 0 else {
                throw HTTPError(
                    .settings(
                        reason: "the certificate authority file `\(escaped(file))` cannot be read: "
                            + String(cString: strerror(errno))))
            }
            try set(CURLOPT_CAINFO, file)
        }
        if let folder = trust.authorityFolder { try set(CURLOPT_CAPATH, folder) }
        if let client = trust.client, client.origin == origin {
            try set(CURLOPT_SSLCERT, client.file)
            try set(CURLOPT_SSLKEY, client.file)
        }
    }

    /// What a failed transfer means.
    func kind(of code: CURLcode, _ settings: HTTPSettings) -> HTTPError.Kind {
        let words = escaped(reason(of: code))
        return switch code {
        case CURLE_COULDNT_RESOLVE_HOST: .connection(reason: "its name cannot be resolved")
        case CURLE_COULDNT_RESOLVE_PROXY: .connection(reason: "the proxy's name cannot be resolved")
        case CURLE_COULDNT_CONNECT:
            .connection(reason: lastSystemError == 0 ? words : Self.text(ofSystemError: lastSystemError))
        case CURLE_OPERATION_TIMEDOUT:
            .timeout(reason: "no connection within \(seconds(settings.timeouts.connectSeconds))")
        case CURLE_GOT_NOTHING: .connection(reason: "it closed the connection without an answer")
        case CURLE_PARTIAL_FILE: .connection(reason: "it closed the connection before the answer was complete")
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            .connection(reason: "the connection broke: \(words)")
        // A connection that is cut during the handshake says nothing about trust.
        case CURLE_SSL_CONNECT_ERROR where words.contains("SSL_ERROR_SYSCALL") || words.contains("reset by peer"):
            .connection(reason: "the connection broke: \(words)")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED:
            .tls(reason: words)
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_OUT_OF_MEMORY,
            CURLE_FAILED_INIT:
            .settings(reason: words)
        // Only `http` and `https` URLs come here, so it is the answer that has no status line.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: .answer(reason: "it does not speak HTTP")
        default: .answer(reason: words)
        }
    }

    /// "connection refused": libc's words, in lower case as our sentences are.
    private static func text(ofSystemError number: Int32) -> String {
        let text = String(cString: strerror(number))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
