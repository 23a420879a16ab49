/// What a `.skiff` file may ask for. A file beyond a limit is refused with the limit's number.
enum Limits {
    /// Input columns.
    static let columns = 100_000
    /// Slots of a row's workspace, one float64 each.
    static let slots = 1_000_000
    /// Operators of a program.
    static let operators = 20_000
    /// Input slots of all operators of a program together.
    static let inputs = 1 << 22
    /// Sections of a file.
    static let sections = 65_536
    /// Nodes of one tree ensemble.
    static let nodes = 1 << 30
    /// Bytes of one text whose words count.
    static let textBytes = 1 << 20
    /// Words or characters of a term.
    static let termLength = 64
    /// Rows that are evaluated together.
    static let rowsPerBlock = 64
    /// Bytes of slots that are evaluated together, unless one row alone is larger.
    static let workspaceBytes = 4 << 20
}
