/// What answers requests inside the image.
public enum Runtime: String, Sendable, CaseIterable {
    /// The model was converted; the scorer evaluates it itself.
    case native
    /// The scorer passes requests on to the model's own Python libraries.
    case python
}

/// What the person asked for.
public enum RuntimeChoice: String, Sendable, CaseIterable {
    /// Native when the model converts exactly, else Python.
    case auto
    /// Native, or not at all.
    case native
    /// Python, even when the model would convert.
    case python
}

/// A processor that images are built for.
public enum Machine: String, Sendable, CaseIterable {
    /// x86-64.
    case amd64
    /// 64-bit ARM.
    case arm64

    /// The platform as container tools write it.
    public var platform: String { "linux/" + rawValue }

    /// The machine named by a platform such as `linux/amd64`; nil for any other text.
    public init?(platform: String) {
        guard let machine = Self.allCases.first(where: { $0.platform == platform }) else { return nil }
        self = machine
    }

    /// The machine that this tool was built for.
    public static var current: Machine {
        #if arch(arm64)
            .arm64
        #else
            .amd64
        #endif
    }
}
