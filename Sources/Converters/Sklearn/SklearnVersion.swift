/// The version of scikit-learn that fitted an estimator: `_sklearn_version` of its state.
struct SklearnVersion: Comparable {
    let major: Int
    let minor: Int
    let text: String

    /// Nil when `text` does not begin with two numbers.
    init?(_ text: String) {
        let parts = text.split(separator: ".")
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1]) else { return nil }
        self.major = major
        self.minor = minor
        self.text = text
    }

    private init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
        text = "\(major).\(minor)"
    }

    /// The first release of a minor version, to compare with.
    static func release(_ major: Int, _ minor: Int) -> SklearnVersion { SklearnVersion(major: major, minor: minor) }

    /// The newest whose rules are known.
    static let newest = release(1, 9)

    /// The versions whose rules are known.
    var isKnown: Bool { major == 1 && (1...9).contains(minor) }

    static func < (a: SklearnVersion, b: SklearnVersion) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
    static func == (a: SklearnVersion, b: SklearnVersion) -> Bool { (a.major, a.minor) == (b.major, b.minor) }
}
