/// Scripts that let a shell complete the words of a command line.
public enum Completions {
    /// A shell that we know.
    public enum Shell: String, CaseIterable, Sendable {
        /// bash, from version 4.
        case bash
        /// zsh
        case zsh
        /// fish
        case fish
    }

    /// The script for the program `root`, ending with a line feed.
    public static func script(for root: CommandSpec, shell: Shell) -> String {
        switch shell {
        case .bash: BashCompletion.script(root)
        case .zsh: ZshCompletion.script(root)
        case .fish: FishCompletion.script(root)
        }
    }

    /// All commands below and including `root`, each with the way to it.
    static func paths(_ root: CommandSpec) -> [[CommandSpec]] { paths(below: [root]) }

    private static func paths(below path: [CommandSpec]) -> [[CommandSpec]] {
        [path] + (path.last?.subcommands ?? []).flatMap { paths(below: path + [$0]) }
    }

    /// The options that hold for the last command of a path.
    static func options(_ path: [CommandSpec]) -> [OptionSpec] {
        path.reversed().flatMap(\.options) + [.help, .version]
    }
}

extension OptionSpec {
    /// Everything that can be typed for it.
    var spellings: [String] {
        (short.map { ["-\($0)"] } ?? []) + ["--\(name)"] + (kind == .switchable ? ["--no-\(name)"] : [])
    }
}

extension [CommandSpec] {
    /// `skiff pack`, joined by something else than a blank for function names.
    func joined(_ separator: String) -> String { map(\.name).joined(separator: separator) }
}
