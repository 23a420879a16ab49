import CCurl

/// The owner of one libcurl multi handle: the transfers that run at once, and the connections that they leave behind.
struct CurlMulti: ~Copyable {
    private let handle: UnsafeMutableRawPointer

    private init(handle: UnsafeMutableRawPointer) { self.handle = handle }

    deinit { curl_multi_cleanup(handle) }

    /// A new handle.
    ///
    /// - Parameter connectionsPerHost: HTTP/1.1 connections to one host; HTTP/2 transfers share one.
    static func make(connectionsPerHost: Int) throws(HTTPError) -> CurlMulti {
        try CurlHandle.startLibrary()
        guard let handle = curl_multi_init() else {
            throw HTTPError(.settings(reason: "libcurl does not start: it is out of memory"))
        }
        let multi = CurlMulti(handle: handle)
        try multi.set(CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        try multi.set(CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
        try multi.set(CURLMOPT_MAXCONNECTS, 2 * connectionsPerHost)
        return multi
    }

    private func set(_ option: CURLMoption, _ value: Int) throws(HTTPError) {
        try Self.check(skiff_curl_multi_set_long(handle, option, value))
    }

    /// Begins the transfer that `easy` is set up for.
    func add(_ easy: borrowing CurlHandle) throws(HTTPError) {
        try Self.check(curl_multi_add_handle(handle, easy.identity))
    }

    /// Ends the transfer of `easy`, if it runs still; its callbacks are not called any more.
    func remove(_ easy: borrowing CurlHandle) throws(HTTPError) {
        try Self.check(curl_multi_remove_handle(handle, easy.identity))
    }

    /// Moves every transfer on as far as it goes without waiting.
    func perform() throws(HTTPError) {
        var running: Int32 = 0
        try Self.check(curl_multi_perform(handle, &running))
    }

    /// The next transfer that is over, and how it ended.
    func nextEnd() -> (easy: UnsafeMutableRawPointer, code: CURLcode)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            return (easy, message.pointee.data.result)
        }
        return nil
    }

    /// Waits until a transfer can move on, somebody wakes us up or the time is over.
    func wait(atMostSeconds seconds: Double) throws(HTTPError) {
        let milliseconds = Int32((max(0, min(seconds, 60)) * 1000).rounded(.up))
        try Self.check(curl_multi_poll(handle, nil, 0, milliseconds, nil))
    }

    /// See `HTTPEngine.Waker`.
    var waker: HTTPEngine.Waker { HTTPEngine.Waker(multi: handle) }

    private static func check(_ code: CURLMcode) throws(HTTPError) {
        guard code != CURLM_OK else { return }
        throw HTTPError(.settings(reason: "libcurl cannot go on: \(String(cString: curl_multi_strerror(code)))"))
    }
}

extension HTTPEngine {
    /// Ends the waiting of an engine from another thread. It must not be used once the engine is gone.
    public struct Waker: Sendable {
        // libcurl allows this one call from any thread (curl_multi_wakeup(3)).
        nonisolated(unsafe) fileprivate let multi: UnsafeMutableRawPointer

        /// Makes the engine look at once whether what it runs for is done.
        public func wake() {
            // It can only report that the pipe behind it is gone; the engine looks again within its own interval anyhow.
            _ = curl_multi_wakeup(multi)
        }
    }
}
