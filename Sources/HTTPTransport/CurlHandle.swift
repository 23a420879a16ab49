import CCurl
import Glibc

/// The owner of one libcurl easy handle, of its connections and of its error text.
///
/// A handle is used by one thread at a time. Options hold until `reset()`; connections belong to the `CurlMulti`.
struct CurlHandle: ~Copyable {
    private let handle: UnsafeMutableRawPointer
    private let words: UnsafeMutablePointer<CChar>

    // libcurl wants to be initialised once, before any other thread of it runs; a static does just that.
    private static let library = skiff_curl_global_init()

    private init(handle: UnsafeMutableRawPointer) {
        self.handle = handle
        words = .allocate(capacity: Int(CURL_ERROR_SIZE))
        words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        words.deallocate()
    }

    /// Starts libcurl, once.
    static func startLibrary() throws(HTTPError) {
        guard library == CURLE_OK else {
            throw HTTPError(.settings(reason: "libcurl does not start: \(text(of: library))"))
        }
    }

    /// A new handle without options.
    static func make() throws(HTTPError) -> CurlHandle {
        try startLibrary()
        guard let handle = curl_easy_init() else {
            throw HTTPError(.settings(reason: "libcurl does not start: it is out of memory"))
        }
        return CurlHandle(handle: handle)
    }

    /// What libcurl calls the handle; valid while it lives.
    var identity: UnsafeMutableRawPointer { handle }

    /// Forgets all options, keeps connections.
    func reset() throws(HTTPError) {
        curl_easy_reset(handle)
        words[0] = 0
        try set(CURLOPT_ERRORBUFFER, pointer: words)
        try check(skiff_curl_allow_only_http(handle), CURLOPT_PROTOCOLS)
    }

    func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try check(skiff_curl_set_long(handle, option, value), option)
    }

    func set(_ option: CURLoption, size: Int) throws(HTTPError) {
        try check(skiff_curl_set_size(handle, option, curl_off_t(size)), option)
    }

    /// libcurl copies `value`.
    func set(_ option: CURLoption, _ value: String) throws(HTTPError) {
        try check(skiff_curl_set_text(handle, option, value), option)
    }

    /// The memory behind `pointer` must live until the next `reset()` or, for `COPYPOSTFIELDS`, until the return.
    func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer?) throws(HTTPError) {
        try check(skiff_curl_set_pointer(handle, option, pointer), option)
    }

    /// The callback for header lines or for the body.
    func set(_ option: CURLoption, callback: @escaping curl_write_callback) throws(HTTPError) {
        try check(skiff_curl_set_data(handle, option, callback), option)
    }

    /// The list must live until the next `reset()`.
    func set(_ option: CURLoption, _ list: borrowing CurlList) throws(HTTPError) {
        try check(skiff_curl_set_list(handle, option, list.head), option)
    }

    /// libcurl's own words about the last failure, without the full stop.
    func reason(of code: CURLcode) -> String {
        let own = String(cString: words)
        return own.isEmpty ? Self.text(of: code) : own
    }

    /// The `errno` of the last failed connect; 0 when there was none.
    var lastSystemError: Int32 {
        var value = 0
        return skiff_curl_get_long(handle, CURLINFO_OS_ERRNO, &value) == CURLE_OK ? Int32(truncatingIfNeeded: value) : 0
    }

    private func check(_ code: CURLcode, _ option: CURLoption) throws(HTTPError) {
        guard code != CURLE_OK else { return }
        throw HTTPError(.settings(reason: "libcurl refuses option \(option.rawValue): \(Self.text(of: code))"))
    }

    private static func text(of code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }
}

/// The owner of a libcurl list of header lines.
struct CurlList: ~Copyable {
    private(set) var head: UnsafeMutablePointer<curl_slist>?

    deinit {
        curl_slist_free_all(head)
    }

    /// Appends a copy of `line`.
    mutating func append(_ line: String) throws(HTTPError) {
        guard let longer = curl_slist_append(head, line) else {
            throw HTTPError(.settings(reason: "libcurl is out of memory"))
        }
        head = longer
    }
}

/// Seconds on a clock that never goes back.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
