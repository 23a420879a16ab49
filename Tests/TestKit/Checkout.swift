/// The folders of this checkout, found by where this file is.
public enum Checkout {
    /// The folder of `Package.swift`.
    public static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    /// A file or folder below `Tests/Fixtures`.
    public static func fixture(_ path: String) -> String { "\(root)/Tests/Fixtures/\(path)" }

    /// A file or folder below `Tests/Golden`.
    public static func golden(_ path: String) -> String { "\(root)/Tests/Golden/\(path)" }

    /// A file or folder below `examples`.
    public static func example(_ path: String) -> String { "\(root)/examples/\(path)" }
}
