extension FaultServer.Reply {
    /// What an honest storage answers to `request` for an object: 200, 206 or 416, minding `Range` and `If-Range`.
    ///
    /// - Parameter tag: the `ETag`, quotes included; nil for none.
    public static func object(
        _ bytes: [UInt8], to request: FaultServer.Request, tag: String? = "\"v1\"", headers: [String: String] = [:]
    ) -> FaultServer.Reply {
        var headers = headers
        headers["Accept-Ranges"] = "bytes"
        if let tag { headers["ETag"] = tag }
        let type = "application/octet-stream"
        let condition = request.headers["if-range"]
        guard let range = range(of: request),
            condition == nil || condition == tag || condition == headers["Last-Modified"]
        else { return answer(200, bytes, type: type, headers: headers) }
        guard range.lowerBound < bytes.count else {
            headers["Content-Range"] = "bytes */\(bytes.count)"
            return answer(416, [], type: type, headers: headers)
        }
        let upper = min(range.upperBound, bytes.count)
        headers["Content-Range"] = "bytes \(range.lowerBound)-\(upper - 1)/\(bytes.count)"
        return answer(206, Array(bytes[range.lowerBound..<upper]), type: type, headers: headers)
    }

    /// The range that `request` asks for; nil without one.
    public static func range(of request: FaultServer.Request) -> Range<Int>? {
        guard let text = request.headers["range"], text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]) else { return nil }
        return first..<(Int(ends[1]).map { $0 + 1 } ?? .max)
    }

    /// This answer up to `count` bytes after its head, then the end of the connection, or its reset.
    public func cut(after count: Int, isReset: Bool = false) -> FaultServer.Reply {
        guard case .bytes(let bytes)? = steps.first, let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            return self
        }
        return FaultServer.Reply(
            steps: [.bytes(Array(bytes.prefix(head.upperBound + count)))] + (isReset ? [.reset] : []))
    }

    /// This answer up to `count` bytes after its head, then nothing more while the connection stays open.
    public func stalled(after count: Int) -> FaultServer.Reply {
        FaultServer.Reply(steps: cut(after: count).steps + [.silence])
    }

    /// This answer with its body in chunks, of which the last, empty one is sent or left out.
    public func chunked(isEnded: Bool) -> FaultServer.Reply {
        guard case .bytes(let bytes)? = steps.first, let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            return self
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let head = lines.filter { !$0.lowercased().hasPrefix("content-length:") }.joined(separator: "\r\n")
        let body = bytes[end.upperBound...]
        var result = Array("\(head)\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        if !body.isEmpty { result += Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n".utf8) }
        return FaultServer.Reply(steps: [.bytes(result + (isEnded ? Array("0\r\n\r\n".utf8) : []))])
    }
}
