import Glibc

/// Keeps newcomers from a listening socket that is about to be closed.
enum SocketFilter {
    /// From now on the kernel drops what arrives for the listening socket `descriptor`: nobody's connection is completed between
    /// the last `accept` and the close, which would reset it. Those whose packets are dropped try again a second later, and are
    /// refused or sent elsewhere.
    ///
    /// - Note: where the kernel does not have it, a connection can still be lost in these microseconds.
    static func closeDoor(of descriptor: Int32) {
        // struct sock_filter { u16 code; u8 jt, jf; u32 k; }: BPF_RET | BPF_K with 0 bytes, which drops.
        var instruction: UInt64 = UInt64(6).littleEndian
        withUnsafeMutablePointer(to: &instruction) { filter in
            // struct sock_fprog { unsigned short len; struct sock_filter *filter; }, with six bytes between them.
            var program: (length: UInt64, filter: UnsafeMutablePointer<UInt64>) = (UInt64(1).littleEndian, filter)
            setsockopt(descriptor, SOL_SOCKET, attach, &program, socklen_t(MemoryLayout.size(ofValue: program)))
        }
    }

    /// SO_ATTACH_FILTER
    private static let attach: Int32 = 26
}
