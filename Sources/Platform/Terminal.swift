import CLinux
import Glibc

/// What we ask of terminals.
public enum Terminal {
    /// Whether the descriptor is one.
    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The number of columns; nil when the descriptor is no terminal or does not say.
    public static func width(_ descriptor: Int32) -> Int? {
        let columns = skiff_columns(descriptor)
        return columns > 0 ? Int(columns) : nil
    }
}
