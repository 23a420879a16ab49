import CEvent
import Glibc

/// Accepts connections on a listening socket and hands each descriptor on; closes the socket when it is released.
final class ConnectionListener {
    private let loop: EventLoop
    private let accepted: (Int32) -> Void
    private var listener: OpaquePointer?

    /// - Parameter descriptor: a listening, non-blocking socket; owned from here on, also when this throws.
    init(descriptor: Int32, on loop: EventLoop, accepted: @escaping (Int32) -> Void) throws(ServerError) {
        self.loop = loop
        self.accepted = accepted
        // The listener is freed in `deinit`, so the context outlives every call.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let flags = UInt32(LEV_OPT_CLOSE_ON_FREE) | UInt32(LEV_OPT_CLOSE_ON_EXEC)
        listener = evconnlistener_new(
            loop.handle,
            { _, descriptor, _, _, context in
                guard let context else { return }
                Unmanaged<ConnectionListener>.fromOpaque(context).takeUnretainedValue().accepted(descriptor)
            }, context, flags, 0, descriptor)
        guard let listener else {
            close(descriptor)
            throw ServerError(.system, "cannot accept connections: libevent refused the listening socket")
        }
        // Out of descriptors or memory: the connection stays in the backlog, and libevent tries again.
        evconnlistener_set_error_cb(listener) { _, _ in }
    }

    /// Lets nobody begin to connect any more; those who have begun still get in.
    ///
    /// - Returns: whether the kernel can do that.
    func closeDoor() -> Bool {
        guard let listener else { return false }
        return SocketFilter.closeDoor(of: evconnlistener_get_fd(listener))
    }

    /// Accepts whoever has connected already, before the socket is closed: they would be reset.
    func acceptWaiting() {
        guard let listener else { return }
        let descriptor = evconnlistener_get_fd(listener)
        while true {
            let client = accept(descriptor, nil, nil)
            if client < 0, errno == EINTR || errno == ECONNABORTED { continue }
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFL, fcntl(client, F_GETFL) | O_NONBLOCK)
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            accepted(client)
        }
    }

    deinit { if let listener { evconnlistener_free(listener) } }
}
