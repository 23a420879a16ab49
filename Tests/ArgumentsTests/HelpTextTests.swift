import Arguments
import Testing

@Test("the help of a program lists its commands")
func programHelp() {
    #expect(
        HelpText.text(for: [sample], width: 60) == """
            OVERVIEW: Carry things over the water

            A boat carries what it is given. It does not ask why.

            Nothing is thrown overboard.

            USAGE: boat COMMAND [OPTIONS]

            COMMANDS:
              carry  Carry cargo to a shore
              list   List what is on board

            OPTIONS:
                  --json           answer as JSON
                  --[no-]progress  show how far the boat is
                  --cache DIR      where to keep the cargo: a folder
              -h, --help           show this help
                  --version        show the version

            `boat help COMMAND` explains one of them.

            """)
}

@Test("the help of a command has its own options first, choices, defaults and examples")
func commandHelp() {
    #expect(
        HelpText.text(for: [sample, sample.subcommands[0]], width: 60) == """
            OVERVIEW: Carry cargo to a shore

            USAGE: boat carry CARGO [SHORE] [OPTIONS]

            ARGUMENTS:
              CARGO  what to carry
              SHORE  where to (near, far)

            OPTIONS:
              -o, --output DIR       the folder that receives the
                                     [cargo]
                  --speed KIND       how fast the boat goes when there
                                     is a lot of wind from behind (slow,
                                     fast; default: slow)
              -l, --label KEY=VALUE  a label; don't repeat one
                  --json             answer as JSON
                  --[no-]progress    show how far the boat is
                  --cache DIR        where to keep the cargo: a folder
              -h, --help             show this help
                  --version          show the version

            EXAMPLES:
              boat carry goat far -o shore
                  Carries the goat to the far shore

            """)
}

@Test("a long name gets a line of its own, and narrow terminals are kept readable")
func longNames() {
    let command = CommandSpec(
        "x", abstract: "Do", arguments: [ArgumentSpec("A", count: .oneOrMore, help: "one two three four five six")],
        options: [OptionSpec("a-very-long-option-name", .value("WITH-A-VALUE"), help: "long")])
    #expect(
        HelpText.text(for: [command], width: 1) == """
            OVERVIEW: Do

            USAGE: x A... [OPTIONS]

            ARGUMENTS:
              A  one two three four five six

            OPTIONS:
                  --a-very-long-option-name WITH-A-VALUE
                                        long
              -h, --help                show this
                                        help
                  --version             show the
                                        version

            """)
}
