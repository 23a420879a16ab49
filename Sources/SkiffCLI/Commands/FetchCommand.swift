import Arguments
import Diagnostics
import FileTrees
import Hashing
import JSONText
import Registry

/// `skiff fetch MODEL DIR`: download only.
enum FetchCommand: Command {
    static let specification = CommandSpec(
        "fetch", abstract: "download a registered model into a new folder",
        discussion: "The folder appears complete or not at all; every file has the size that the server lists.",
        arguments: [
            ArgumentSpec("MODEL", help: "the model on a server"),
            ArgumentSpec("DIR", help: "the folder to make", completion: .folders),
        ],
        examples: [
            .init("skiff fetch models:/churn/3 ./churn-3", "the third version"),
            .init("skiff fetch runs:/0123456789abcdef0123456789abcdef/model ./model", "what a run has logged"),
        ])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        let reference = try ModelReference.parse(context.arguments.positional[0])
        if case .folder(let path) = reference {
            throw Diagnostic(
                "cannot download `\(escaped(path, limit: 1000))`: it is a folder, not the address of a model on a server",
                hints: ["write it like `models:/NAME/VERSION`; copy a folder with `cp -r`"], status: .misuse)
        }
        let resolved = try ModelSource.resolve(reference, context)
        let folder = context.arguments.positional[1]
        let model = try ModelSource.fetch(resolved, into: folder, isDurable: true, context)
        context.console.step(
            "downloaded \(model.tree.count) files, \(grouped(model.tree.totalSize)) bytes to \(folder)")
        if context.console.isJSON {
            try context.console.output([
                "source": model.identity.json, "model_digest": .string("sha256:" + model.tree.digest.hex),
                "files": .array(
                    model.tree.files.map { file in
                        [
                            "path": .string(file.path.text), "size": .int(file.entry.size),
                            "sha256": .string(file.entry.digest.hex),
                        ]
                    }),
            ])
        }
        return .done
    }
}
