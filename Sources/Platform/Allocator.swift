import CLinux

/// The C library's allocator, which Swift's arrays use too.
public enum Allocator {
    /// From now on blocks of a mebibyte and more come from the system one by one, grow without a copy and go back when they are
    /// freed. By itself glibc stops doing so after the first large block, and keeps what a burst of large requests took.
    public static func returnLargeBlocks() { _ = mallopt(CInt(SKIFF_M_MMAP_THRESHOLD), 1 << 20) }
}
