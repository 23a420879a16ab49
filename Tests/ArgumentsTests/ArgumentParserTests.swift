import Arguments
import Diagnostics
import TestKit
import Testing

private func parse(_ words: String...) throws -> ParsedArguments { try ArgumentParser(sample).parse(words) }

@Test("options are read in all their forms, before and after arguments and commands")
func forms() throws {
    for words in [
        ["carry", "goat", "--output", "x", "--json"], ["--json", "carry", "--output=x", "goat"],
        ["carry", "-o", "x", "--json", "goat"], ["carry", "--json", "--json", "-o", "x", "--", "goat"],
    ] {
        let parsed = try ArgumentParser(sample).parse(words)
        #expect(parsed.intent == .run && parsed.command == ["carry"])
        #expect(parsed.positional == ["goat"])
        #expect(parsed.value("output") == "x" && parsed.flag("json"))
        #expect(parsed.value("speed") == nil && parsed.switched("progress") == nil && !parsed.flag("progress"))
    }
}

@Test("values may be empty, contain `=`, or be negative numbers; `-` is an argument; after `--` everything is")
func values() throws {
    #expect(try parse("carry", "-", "--output=").value("output") == "")
    #expect(try parse("carry", "-", "-l", "a=b=c", "--label=d").values("label") == ["a=b=c", "d"])
    #expect(try parse("carry", "-", "-o", "-1.5").value("output") == "-1.5")
    #expect(try parse("carry", "g", "--output=--json").value("output") == "--json")
    #expect(try parse("list", "--", "--json", "-x", "--").positional == ["--json", "-x", "--"])
    #expect(try parse("list", "-").positional == ["-"])
    #expect(try parse("list").positional == [])
    #expect(try parse("carry", "g", "--output", "-").value("output") == "-")
}

@Test("a switchable flag says yes, no or nothing")
func switches() throws {
    #expect(try parse("list", "--progress").switched("progress") == true)
    #expect(try parse("list", "--no-progress").switched("progress") == false)
    #expect(try parse("--no-progress", "list", "--no-progress").switched("progress") == false)
}

@Test("help and version win over what is missing")
func helpAndVersion() throws {
    #expect(try parse("--version").intent == .version)
    #expect(try parse("carry", "--version").intent == .version)
    let help = HelpText.text(for: [sample, sample.subcommands[0]], width: 80)
    for words in [["carry", "--help"], ["carry", "-h"], ["help", "carry"], ["--help", "carry"]] {
        #expect(try ArgumentParser(sample).parse(words).intent == .help(help))
    }
    for words in [["help"], ["help", "help"], ["--json", "help"]] {
        #expect(try ArgumentParser(sample).parse(words).intent == .help(HelpText.text(for: [sample], width: 80)))
    }
    let leaf = CommandSpec("prune", abstract: "remove")
    let cache = CommandSpec("cache", abstract: "keep", subcommands: [leaf])
    let tool = CommandSpec("tool", abstract: "work", subcommands: [cache])
    let inner = ParsedArguments.Intent.help(HelpText.text(for: [tool, cache, leaf], width: 80))
    #expect(try ArgumentParser(tool).parse(["cache", "help", "prune"]).intent == inner)
    #expect(try ArgumentParser(tool).parse(["help", "cache", "prune"]).intent == inner)
}

struct Misuse: Sendable, CustomTestStringConvertible {
    let words: [String]
    let text: String
    var testDescription: String { words.joined(separator: " ") }
    init(_ words: String..., text: String) {
        self.words = words
        self.text = text
    }
}

private let usage = """
    hint: usage: boat carry CARGO [SHORE] [OPTIONS]
    hint: `boat carry --help` explains everything

    """
private let programUsage = """
    hint: usage: boat COMMAND [OPTIONS]
    hint: `boat --help` explains everything

    """

@Test(
    "what does not fit is told with the nearest name and the usage",
    arguments: [
        Misuse(text: "error: cannot run `boat`: a command is missing\n" + programUsage),
        Misuse(
            "cary",
            text: "error: cannot run `boat`: there is no command `cary`\nhint: did you mean `carry`?\n" + programUsage),
        Misuse("swim", text: "error: cannot run `boat`: there is no command `swim`\n" + programUsage),
        Misuse(
            "carry", "g", "--ouptut", "x",
            text: "error: cannot run `boat carry`: there is no option `--ouptut`\nhint: did you mean `--output`?\n"
                + usage),
        Misuse(
            "carry", "g", "--no-progres",
            text:
                "error: cannot run `boat carry`: there is no option `--no-progres`\nhint: did you mean `--no-progress`?\n"
                + usage),
        Misuse(
            "carry", "--no-json",
            text: "error: cannot run `boat carry`: there is no option `--no-json`\nhint: did you mean `--json`?\n"
                + usage),
        Misuse(
            "carry", "-oshore",
            text: "error: cannot run `boat carry`: there is no option `-oshore`\nhint: did you mean `-o shore`?\n"
                + usage),
        Misuse("carry", "-z", text: "error: cannot run `boat carry`: there is no option `-z`\n" + usage),
        Misuse(
            "carry", "--secret=\u{1b}x", text: "error: cannot run `boat carry`: there is no option `--secret`\n" + usage
        ),
        Misuse("carry", "-o", text: "error: cannot run `boat carry`: `-o` needs a value, DIR\n" + usage),
        Misuse(
            "carry", "--output", "--json",
            text: "error: cannot run `boat carry`: `--output` needs a value, DIR, but `--json` follows\n"
                + "hint: write `--output=--json` if that is the value\n" + usage),
        Misuse(
            "carry", "--json=yes",
            text: "error: cannot run `boat carry`: `--json` takes no value, but `yes` is given\n" + usage),
        Misuse(
            "carry", "--no-progress=1",
            text: "error: cannot run `boat carry`: `--no-progress` takes no value, but `1` is given\n" + usage),
        Misuse(
            "carry", "g", "--speed", "fats",
            text: "error: cannot run `boat carry`: `--speed` cannot be `fats`; it is one of slow, fast\n"
                + "hint: did you mean `fast`?\n" + usage),
        Misuse(
            "carry", "g", "middle",
            text: "error: cannot run `boat carry`: `SHORE` cannot be `middle`; it is one of near, far\n" + usage),
        Misuse(
            "carry", "g", "-o", "a", "--output", "b",
            text: "error: cannot run `boat carry`: `--output` is given twice\n" + usage),
        Misuse(
            "carry", "g", "--progress", "--no-progress",
            text: "error: cannot run `boat carry`: `--progress` and `--no-progress` contradict each other\n" + usage),
        Misuse("carry", text: "error: cannot run `boat carry`: CARGO is missing: what to carry\n" + usage),
        Misuse(
            "carry", "g", "far", "x*y",
            text: "error: cannot run `boat carry`: `x*y` is one argument too many\nhint: put patterns in quotes\n"
                + usage),
    ])
func misuse(_ row: Misuse) {
    let error = #expect(throws: ArgumentError.self) { try ArgumentParser(sample).parse(row.words) }
    #expect(error.map(message(of:)) == row.text)
    #expect(error?.diagnostic.status == .misuse)
}

@Test(
    "the distance counts insertions, removals, replacements and swaps of neighbours",
    arguments: [
        ("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("pack", "pakc", 1), ("ca", "abc", 3),
    ])
func distance(_ left: String, _ right: String, _ expected: Int) {
    #expect(Suggestion.distance(left, right) == expected)
    #expect(Suggestion.distance(right, left) == expected)
}

@Test("only near names are suggested")
func suggestions() {
    #expect(Suggestion.nearest(to: "insepct", in: ["pack", "inspect", "diff"]) == "inspect")
    #expect(Suggestion.nearest(to: "xyz", in: ["pack", "diff"]) == nil)
    #expect(Suggestion.nearest(to: "a", in: ["b", "c"]) == "b")
    #expect(Suggestion.nearest(to: "pack", in: []) == nil)
    #expect(Suggestion.nearest(to: String(repeating: "x", count: 1_000_000), in: ["x"]) == nil)
}
