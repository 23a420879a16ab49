import Arguments
import Audit
import Contexts
import Diagnostics

/// `skiff verify CONTEXT`.
enum VerifyCommand: Command {
    static let specification = CommandSpec(
        "verify", abstract: "check that a context is what its manifest says",
        discussion: """
            Reads every file again and compares path, size, mode and SHA-256 with audit/manifest.json. Exit status 1: \
            something was changed, added or removed; each path is named.
            """,
        arguments: [ArgumentSpec("CONTEXT", help: "a folder that `skiff pack` made", completion: .folders)],
        examples: [.init("skiff verify context", "after copying it to another machine")])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        let report = VerifyReport(try ContextFolder.read(context.arguments.positional[0]))
        if context.console.isJSON {
            try context.console.output(report.json)
        } else {
            try context.console.output(report.text)
        }
        return report.isVerified ? .done : .wanting
    }
}
