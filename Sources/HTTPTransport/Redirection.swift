extension HTTPRequest {
    /// The request that follows a redirect to `location`: at most ten, never from `https` to `http`, never for a `POST`;
    /// across origins without the credential and with no header but `Accept`, `Range` and `User-Agent`, for good.
    ///
    /// - Parameter hopCount: how many redirects this makes in a row.
    /// - Throws: `HTTPError` of kind `.redirect`.
    func redirected(to location: String, hopCount: Int) throws(HTTPError) -> HTTPRequest {
        func refuse(_ reason: String, _ location: String?) -> HTTPError {
            HTTPError(.redirect(reason: reason, location: location), request: self)
        }
        let target: HTTPURL
        do {
            target = try url.resolving(location)
        } catch {
            throw refuse("its target is not an `http` or `https` URL", nil)
        }
        guard target.origin.scheme == "https" || url.origin.scheme == "http" else {
            throw refuse("it leads from `https` to `http`", target.description)
        }
        guard method != .post else {
            throw refuse("a `POST` is not repeated at another address", "\(target.origin)")
        }
        var next = self
        next.url = target
        if target.origin != url.origin {
            next.credential = nil
            next.headers.removeAll { !["accept", "range"].contains($0.name.lowercased()) }
        }
        guard hopCount <= HTTPEngine.redirectLimit else {
            throw HTTPError(
                .redirect(reason: "it is the eleventh in a row", location: target.description), request: next)
        }
        return next
    }
}

extension HTTPResponseHead {
    /// Where the answer sends us; nil when it is no redirect.
    var redirection: String? {
        [301, 302, 303, 307, 308].contains(status) ? self["Location"] : nil
    }
}
