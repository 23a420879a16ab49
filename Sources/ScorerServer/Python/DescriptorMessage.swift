import Glibc

/// A message with open descriptors, on a local socket (`SCM_RIGHTS`, unix(7)).
enum DescriptorMessage {
    private static let headerBytes = 16

    /// Sends all of `bytes`, which are few, and copies of `descriptors`; false when the socket does not take them at once.
    static func send(_ bytes: [UInt8], descriptors: [Int32], to socket: Int32) -> Bool {
        // struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; } and the numbers, filled up to 8 bytes; glibc's
        // macros for it do not come into Swift.
        let length = headerBytes + 4 * descriptors.count
        var control = [UInt8](repeating: 0, count: (length + 7) & ~7)
        control.withUnsafeMutableBytes { control in
            control.storeBytes(of: length, toByteOffset: 0, as: Int.self)
            control.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            control.storeBytes(of: Int32(SCM_RIGHTS), toByteOffset: 12, as: Int32.self)
            for (index, descriptor) in descriptors.enumerated() {
                control.storeBytes(of: descriptor, toByteOffset: headerBytes + 4 * index, as: Int32.self)
            }
        }
        let sent = bytes.withUnsafeBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var part = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
                }
            }
        }
        return sent == bytes.count
    }
}
