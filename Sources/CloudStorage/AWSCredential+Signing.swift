import Diagnostics
public import HTTPTransport

extension AWSCredential {
    /// `request`, which has no body, signed for S3.
    ///
    /// `Range` and `If-Range` may be added afterwards: only `host` and what begins with `x-amz-` is signed. The
    /// signature holds for 15 minutes from `time`.
    ///
    /// - Parameters:
    ///   - region: where the bucket is, for instance `eu-west-1`.
    ///   - time: now, by the storage's clock.
    ///   - source: where the keys came from, for people.
    /// - Returns: the request with two plain headers and a credential for its own origin alone.
    public func signed(_ request: HTTPRequest, region: String, at time: CalendarTime, source: String) -> HTTPRequest {
        var request = request
        request.headers += [
            HTTPHeader("x-amz-content-sha256", SignatureV4.emptyPayload), HTTPHeader("x-amz-date", time.basicText),
        ]
        var signed = request.headers.filter { $0.name.lowercased().hasPrefix("x-amz-") }.map {
            (name: $0.name, value: $0.value)
        }
        signed.append((name: "host", value: SignatureV4.host(request.url.origin)))
        signed.append((name: "x-amz-security-token", value: sessionToken.revealed))
        let signature = SignatureV4(
            accessKeyID: accessKeyID, secretAccessKey: secretAccessKey.revealed, region: region, service: "s3",
            time: time)
        let authorization = signature.authorization(
            request.method.rawValue, request.url, headers: signed, payload: SignatureV4.emptyPayload)
        request.credential = HTTPCredential(
            origin: request.url.origin,
            headers: [
                HTTPCredential.Header("x-amz-security-token", sessionToken),
                HTTPCredential.Header("Authorization", Secret.fleeting(authorization)),
            ], source: source)
        return request
    }
}
