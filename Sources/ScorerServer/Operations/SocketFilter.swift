import Glibc

/// Keeps newcomers from a listening socket that is about to be closed.
enum SocketFilter {
    /// From now on the kernel drops each SYN that arrives for the listening socket `descriptor`, and nothing else: those who have
    /// begun to connect can end that, and nobody else's connection is completed between the last `accept` and the close, which
    /// would reset it. Those whose SYN is dropped try again a second later, and are refused or sent elsewhere.
    ///
    /// - Returns: whether the kernel does so; where it does not, a connection can be lost in the microseconds before the close.
    static func closeDoor(of descriptor: Int32) -> Bool {
        // A TCP socket's filter sees the segment from its header on, whose byte 13 has the flags (RFC 9293, 3.1).
        var program = [
            instruction(0x30, value: 13),  // BPF_LD | BPF_B | BPF_ABS
            instruction(0x45, otherwise: 1, value: 0x02),  // BPF_JMP | BPF_JSET | BPF_K: SYN, or skip one
            instruction(0x06, value: 0),  // BPF_RET | BPF_K: drops
            instruction(0x06, value: .max),  // BPF_RET | BPF_K: keeps all of it
        ]
        let count = UInt64(program.count).littleEndian
        return program.withUnsafeMutableBufferPointer { instructions in
            // struct sock_fprog { unsigned short len; struct sock_filter *filter; }, with six bytes between them.
            var argument = (count, instructions.baseAddress)
            return setsockopt(
                descriptor, SOL_SOCKET, attach, &argument, socklen_t(MemoryLayout.size(ofValue: argument))) == 0
        }
    }

    /// struct sock_filter { u16 code; u8 jt, jf; u32 k; } of a little-endian machine, the only ones that Swift has.
    private static func instruction(_ code: UInt64, otherwise: UInt64 = 0, value: UInt32) -> UInt64 {
        code | otherwise << 24 | UInt64(value) << 32
    }

    /// SO_ATTACH_FILTER
    private static let attach: Int32 = 26
}
