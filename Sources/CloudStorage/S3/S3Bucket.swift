public import HTTPTransport

/// A bucket that speaks S3: where its requests go, before they are signed.
///
/// Amazon's buckets stand in their host's name (`BUCKET.s3.REGION.amazonaws.com`) unless their own name would not fit a
/// certificate there; everybody else's stand in the path, as with boto3 when it is told an endpoint.
public struct S3Bucket: Sendable, Equatable {
    /// The bucket's name.
    public let name: String
    /// Another server than Amazon's.
    public let endpoint: HTTPURL?
    /// Whether it is Cloudflare's.
    public let isR2: Bool
    /// The region to begin with.
    public let firstRegion: Region

    /// A region, and whether the bucket is known to be there.
    public struct Region: Sendable, Equatable {
        /// For instance `eu-west-1`.
        public let name: String
        /// False for a guess, with which Amazon's host without a region is asked.
        public let isKnown: Bool

        /// A region that the storage itself named; nil when the text is none: it becomes part of a host's name.
        public init?(named name: String) {
            let isRegion = name.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-")
            }
            guard isRegion, (1...63).contains(name.utf8.count), !name.hasPrefix("-"), !name.hasSuffix("-") else {
                return nil
            }
            self.init(checked: name, isKnown: true)
        }

        init(checked name: String, isKnown: Bool) {
            self.name = name
            self.isKnown = isKnown
        }
    }

    /// A bucket of Amazon, or of the server at `endpoint`.
    ///
    /// - Parameter region: where it probably is (`AWS_REGION`); nil to ask without one.
    public init(amazon name: String, endpoint: HTTPURL?, region: String?) {
        self.name = name
        self.endpoint = endpoint
        isR2 = false
        firstRegion = region.flatMap(Region.init(named:)) ?? Region(checked: "us-east-1", isKnown: false)
    }

    /// A bucket of Cloudflare at `host`, where `auto` is every bucket's region.
    public init(r2 name: String, host: HTTPURL) {
        self.name = name
        endpoint = host
        isR2 = true
        firstRegion = Region(checked: "auto", isKnown: true)
    }

    /// One page of everything below `prefix`.
    ///
    /// - Throws: `CloudStorageError` of kind `.location` when bucket and region make no host.
    public func listRequest(
        prefix: String, token: String?, in region: Region
    ) throws(CloudStorageError) -> HTTPRequest {
        var query = [
            (name: "encoding-type", value: "url"), (name: "list-type", value: "2"), (name: "prefix", value: prefix),
        ]
        if let token { query.insert((name: "continuation-token", value: token), at: 0) }
        return HTTPRequest(.get, try base(region).appending(segments: [isInHost ? "" : name], query: query))
    }

    /// The bytes of an object, with the digest that was stored with it, if any (`x-amz-checksum-…`).
    ///
    /// - Throws: as `listRequest`.
    public func readRequest(_ key: String, in region: Region) throws(CloudStorageError) -> HTTPRequest {
        let segments = segments(of: key)
        let url = try base(region).appending(segments: isInHost ? segments : [name] + segments)
        return HTTPRequest(.get, url, headers: [HTTPHeader("x-amz-checksum-mode", "ENABLED")])
    }

    /// Where the bucket is, when its answers do not say: Amazon's answer of any status has the header
    /// `x-amz-bucket-region`, Cloudflare's is what `S3Answers.region` reads.
    ///
    /// - Throws: as `listRequest`.
    public func regionRequest(in region: Region) throws(CloudStorageError) -> HTTPRequest {
        let base = try base(region)
        guard isR2 else { return HTTPRequest(.head, base.appending(segments: [isInHost ? "" : name])) }
        return HTTPRequest(.get, base.appending(segments: [name], query: [(name: "location", value: "")]))
    }

    private var isInHost: Bool { endpoint == nil && Self.fitsHost(name) }

    private func base(_ region: Region) throws(CloudStorageError) -> HTTPURL {
        if let endpoint { return endpoint }
        let place = region.name.lowercased()
        let host = region.isKnown ? "s3.\(place).\(Self.domain(of: place))" : "s3.amazonaws.com"
        return try url("https://\(isInHost ? "\(name)." : "")\(host)")
    }

    /// Amazon's partitions (botocore, `data/partitions.json`, 1.44).
    private static func domain(of region: String) -> String {
        let domains = [
            ("cn-", "amazonaws.com.cn"), ("eusc-", "amazonaws.eu"), ("us-isob-", "sc2s.sgov.gov"),
            ("us-isof-", "csp.hci.ic.gov"), ("eu-isoe-", "cloud.adc-e.uk"), ("us-iso-", "c2s.ic.gov"),
        ]
        return domains.first { region.hasPrefix($0.0) }?.1 ?? "amazonaws.com"
    }

    /// Lower case without dots, of 3 to 63 letters: the wildcard of Amazon's certificate stands for one label.
    private static func fitsHost(_ name: String) -> Bool {
        (3...63).contains(name.utf8.count) && !name.hasPrefix("-") && !name.hasSuffix("-")
            && name.utf8.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                    || $0 == UInt8(ascii: "-")
            }
    }
}
