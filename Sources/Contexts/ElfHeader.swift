/// What the first bytes of an executable say about where it runs (System V ABI, "ELF Header" and "Program Header").
enum ElfHeader: Equatable {
    /// Runs without an interpreter; the machine is nil when it is none of ours.
    case executable(Machine?)
    /// Asks for an interpreter (PT_INTERP): dynamically linked.
    case dynamic
    /// Not a 64-bit little-endian Linux executable; in words.
    case other(String)

    private static let interpreter = 3
    private static let executableTypes = [2, 3]

    static func parse(_ bytes: [UInt8]) -> ElfHeader {
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]), bytes.count >= 64 else {
            return .other("it is not an ELF executable")
        }
        guard bytes[4] == 2, bytes[5] == 1 else { return .other("it is not a 64-bit little-endian executable") }
        guard executableTypes.contains(integer(bytes, 16, 2)) else {
            return .other("it is an ELF file but not executable")
        }
        let start = integer(bytes, 32, 8)
        let size = integer(bytes, 54, 2)
        let count = integer(bytes, 56, 2)
        guard size >= 56, start >= 64, start <= bytes.count, count > 0, count * size <= bytes.count - start else {
            return .other("its program headers are out of reach")
        }
        for index in 0..<count where integer(bytes, start + index * size, 4) == interpreter { return .dynamic }
        switch integer(bytes, 18, 2) {
        case 62: return .executable(.amd64)
        case 183: return .executable(.arm64)
        default: return .executable(nil)
        }
    }

    private static func integer(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> Int {
        var value: UInt64 = 0
        for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        return Int(clamping: value)
    }
}
