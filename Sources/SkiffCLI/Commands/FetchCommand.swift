import Arguments
import Diagnostics
import FileTrees
import Hashing
import JSONText
import Registry

/// `skiff fetch MODEL DIR`: download only.
enum FetchCommand: Command {
    static let specification = CommandSpec(
        "fetch", abstract: "download a registered model, or unpack an archive, into a new folder",
        discussion: """
            The folder appears complete or not at all; every file has the size and the digest that its storage states. An \
            interrupted download goes on with what has come when the same command is given again.

            What is in the cache is not downloaded; what is downloaded goes into the cache only when one is named.
            """,
        arguments: [
            ModelRequest.argument("the model: registered, or an archive"),
            ArgumentSpec("DIR", count: .optional, help: "the folder to make", completion: .folders),
        ],
        options: ModelRequest.specifications,
        examples: [
            .init("skiff fetch models:/churn/3 ./churn-3", "the third version"),
            .init("skiff fetch runs:/0123456789abcdef0123456789abcdef/model ./model", "what a run has logged"),
        ])

    static func run(_ context: CommandContext) throws -> ExitStatus {
        let request = try ModelRequest(context)
        try request.checkRest(atMost: 1, context)
        guard let folder = request.rest.first else {
            throw Diagnostic(
                "cannot run `skiff fetch`: there is no folder to make",
                hints: ["add its name: `skiff fetch MODEL DIR`"],
                status: .misuse)
        }
        let model = try ModelSource.fetch(request, to: folder, context)
        context.console.step("\(model.tree.count) files, \(grouped(model.tree.totalSize)) bytes in \(folder)")
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
