import Arguments
import Diagnostics
import JSONText
import Registry

/// `skiff cache list|prune|verify`.
enum CacheCommand: Command {
    static let specification = CommandSpec(
        "cache", abstract: "show, shrink or check the cache of downloaded models",
        discussion: """
            Versions of registered models are kept by their contents in the folder of --cache, of SKIFF_CACHE, or in \
            ~/.cache/skiff, and are not downloaded twice. The folder may be removed at any time, and can be carried from one \
            machine to another.
            """,
        options: [
            OptionSpec(
                "cache", .value("DIR"),
                help: "the cache's folder; else SKIFF_CACHE, $XDG_CACHE_HOME/skiff or ~/.cache/skiff",
                completion: .folders)
        ],
        subcommands: [
            CommandSpec(
                "list", abstract: "show which versions it holds",
                examples: [.init("skiff cache list", "each version with its size and when it was last used")]),
            CommandSpec(
                "prune", abstract: "remove versions, and what no version needs",
                discussion: """
                    Without options only unfinished downloads and files of no version are removed. A version that another \
                    process is using stays.
                    """,
                options: [
                    OptionSpec(
                        "older-than", .value("TIME"), help: "versions not used for so long: `30d`, `12h`, `45m` or `2w`"
                    ),
                    OptionSpec(
                        "max-size", .value("SIZE"),
                        help: "the versions used longest ago, until the rest is no larger: `10GB`, `500MiB`"),
                    OptionSpec("all", .flag, help: "all versions"),
                    OptionSpec("dry-run", .flag, help: "only say what would be removed"),
                ],
                examples: [
                    .init("skiff cache prune --older-than 30d --max-size 10GB", "after a job in a CI system"),
                    .init("skiff cache prune --all --dry-run", "see what it would free"),
                ]),
            CommandSpec(
                "verify", abstract: "hash every file again",
                discussion: "Exit status 1: something is damaged; each file is named.",
                options: [
                    OptionSpec(
                        "repair", .flag, help: "remove what is damaged; it is downloaded again when it is needed")
                ],
                examples: [.init("skiff cache verify --repair", "after trouble with a disk")]),
        ])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        guard let path = ModelCache.location(context.surroundings, explicit: context.arguments.value("cache")) else {
            throw Diagnostic(
                "cannot find the cache: HOME is not set", hints: ["name its folder: `--cache DIR`"], status: .misuse)
        }
        let cache = try ModelCache.openExisting(path)
        switch context.arguments.command.last {
        case "list":
            let contents = try cache?.contents() ?? CacheContents(nothingAt: path)
            try show(context, contents.text, contents.json)
            return .done
        case "prune":
            let isDryRun = context.arguments.flag("dry-run")
            let policy = try policy(context.arguments)
            let pruning = try cache?.prune(policy, isDryRun: isDryRun) ?? CachePruning(isDryRun: isDryRun)
            try show(context, pruning.text, pruning.json)
            return .done
        case "verify":
            let repairs = context.arguments.flag("repair")
            let verification = try cache?.verify(repairs: repairs) ?? CacheVerification(isRepaired: repairs)
            try show(context, verification.text, verification.json)
            return verification.isSound || repairs ? .done : .wanting
        default: return .misuse
        }
    }

    private static func show(_ context: CommandContext, _ text: String, _ json: @autoclosure () -> JSONObject) throws {
        if context.console.isJSON { try context.console.output(json()) } else { try context.console.output(text) }
    }

    private static func policy(_ arguments: ParsedArguments) throws(Diagnostic) -> CachePolicy {
        var policy = CachePolicy()
        policy.removesAll = arguments.flag("all")
        if let text = arguments.value("older-than") {
            guard let seconds = Quantity.seconds(text) else {
                throw Diagnostic(
                    "cannot use `--older-than \(escaped(text))`: it is not a time like `30d`, `12h`, `45m` or `2w`",
                    status: .misuse)
            }
            policy.unusedSeconds = seconds
        }
        if let text = arguments.value("max-size") {
            guard let count = Quantity.bytes(text) else {
                throw Diagnostic(
                    "cannot use `--max-size \(escaped(text))`: it is not a size like `10GB`, `500MiB` or `1000000`",
                    status: .misuse)
            }
            policy.byteCount = count
        }
        return policy
    }
}

/// Whole numbers with a unit, as people type them.
enum Quantity {
    private static let times = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
    private static let sizes = [
        "": 1, "b": 1, "k": 1_000, "kb": 1_000, "m": 1_000_000, "mb": 1_000_000, "g": 1_000_000_000,
        "gb": 1_000_000_000,
        "t": 1_000_000_000_000, "tb": 1_000_000_000_000, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    ]

    /// Seconds of `30d`; nil for anything else.
    static func seconds(_ text: String) -> Int? { number(text, times) }

    /// Bytes of `10GB` (10^10) or `10GiB`; nil for anything else.
    static func bytes(_ text: String) -> Int? { number(text, sizes) }

    private static func number(_ text: String, _ units: [String: Int]) -> Int? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let number = Int(digits), let unit = units[text[digits.endIndex...].lowercased()] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
    }
}
