import CEvent
import Glibc

/// One libevent base. It belongs to the thread that made it; nothing here may be touched from another.
final class EventLoop {
    fileprivate let base: OpaquePointer

    private init(base: OpaquePointer) { self.base = base }

    deinit { event_base_free(base) }

    static func make() throws(ServerError) -> EventLoop {
        guard let base = event_base_new() else {
            throw ServerError(.system, "cannot start the event loop: libevent found no usable mechanism")
        }
        return EventLoop(base: base)
    }

    /// Handles events until `stop` is called from a handler.
    func run() throws(ServerError) {
        guard event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY) >= 0 else {
            throw ServerError(.system, "cannot wait for events: \(errorText(errno))")
        }
    }

    /// Ends `run` after the handler that is running.
    func stop() { event_base_loopbreak(base) }

    /// The libevent base, for `ConnectionListener`.
    var handle: OpaquePointer { base }
}

/// A descriptor, a signal or a timer that a loop watches; watching ends when this is released.
final class EventWatch {
    enum Subject {
        case readable(Int32)
        case writable(Int32)
        case signal(Int32)
        case timer
    }

    private let loop: EventLoop
    private let handler: () -> Void
    private var event: OpaquePointer?
    private(set) var isArmed = false

    /// Does not start watching: `arm` does.
    init(_ subject: Subject, on loop: EventLoop, handler: @escaping () -> Void) throws(ServerError) {
        self.loop = loop
        self.handler = handler
        let descriptor: Int32
        let kinds: Int32
        switch subject {
        case .readable(let fd): (descriptor, kinds) = (fd, EV_READ | EV_PERSIST)
        case .writable(let fd): (descriptor, kinds) = (fd, EV_WRITE | EV_PERSIST)
        case .signal(let number): (descriptor, kinds) = (number, EV_SIGNAL | EV_PERSIST)
        case .timer: (descriptor, kinds) = (-1, EV_PERSIST)
        }
        // The event is freed in `deinit`, so libevent never calls back after the watch is gone.
        let context = Unmanaged.passUnretained(self).toOpaque()
        event = event_new(
            loop.base, descriptor, Int16(kinds),
            { _, _, context in
                guard let context else { return }
                // Retained during the call, so that a handler may drop its own watch.
                let watch = Unmanaged<EventWatch>.fromOpaque(context).takeUnretainedValue()
                withExtendedLifetime(watch) { watch.handler() }
            }, context)
        guard event != nil else { throw ServerError(.system, "cannot watch descriptor \(descriptor): out of memory") }
    }

    deinit { if let event { event_free(event) } }

    /// Starts watching; a timer fires every `milliseconds`.
    func arm(everyMilliseconds milliseconds: Int? = nil) {
        guard let event, !isArmed else { return }
        var interval = timeval(tv_sec: (milliseconds ?? 0) / 1000, tv_usec: (milliseconds ?? 0) % 1000 * 1000)
        isArmed = (milliseconds == nil ? event_add(event, nil) : event_add(event, &interval)) == 0
    }

    /// Stops watching until `arm` is called again.
    func disarm() {
        guard let event, isArmed else { return }
        event_del(event)
        isArmed = false
    }
}

/// The operating system's words for an `errno` value.
func errorText(_ number: Int32) -> String {
    var text = [CChar](repeating: 0, count: 256)
    guard strerror_r(number, &text, text.count) == 0 else { return "error \(number)" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
