/// The version of this tool, as `skiff --version` and every manifest say it.
public enum ToolVersion {
    /// `-dev` until the release commit.
    public static let text = "0.1.0-dev"
}
