import Arguments

/// A small program with everything that a specification can say.
let sample = CommandSpec(
    "boat", abstract: "Carry things over the water",
    discussion: """
        A boat carries what it is given.
        It does not ask why.

        Nothing is thrown overboard.
        """,
    options: [
        OptionSpec("json", .flag, help: "answer as JSON"),
        OptionSpec("progress", .switchable, help: "show how far the boat is"),
        OptionSpec("cache", .value("DIR"), help: "where to keep the cargo: a folder", completion: .folders),
    ],
    subcommands: [
        CommandSpec(
            "carry", abstract: "Carry cargo to a shore",
            arguments: [
                ArgumentSpec("CARGO", help: "what to carry", completion: .files),
                ArgumentSpec("SHORE", count: .optional, help: "where to", choices: ["near", "far"]),
            ],
            options: [
                OptionSpec(
                    "output", .value("DIR"), short: "o", help: "the folder that receives the [cargo]",
                    completion: .folders),
                OptionSpec(
                    "speed", .value("KIND"), choices: ["slow", "fast"], defaultValue: "slow",
                    help: "how fast the boat goes when there is a lot of wind from behind"),
                OptionSpec(
                    "label", .value("KEY=VALUE"), short: "l", isRepeatable: true, help: "a label; don't repeat one"),
            ],
            examples: [CommandSpec.Example("boat carry goat far -o shore", "Carries the goat to the far shore")]),
        CommandSpec(
            "list", abstract: "List what is on board",
            arguments: [ArgumentSpec("NAME", count: .any, help: "only these")]),
    ])
