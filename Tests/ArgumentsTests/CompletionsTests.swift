import Arguments
import TestKit
import Testing

@Test("the scripts are those that were reviewed", arguments: Completions.Shell.allCases)
func reviewed(_ shell: Completions.Shell) throws {
    let script = Completions.script(for: sample, shell: shell)
    #expect(try differenceFromGolden("completions/boat.\(shell.rawValue)", script) == nil)
}

/// What bash offers after `words`, the last of which is being typed.
private func bashOffers(_ words: String...) throws -> [String] {
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let script =
        Completions.script(for: sample, shell: .bash) + """
            compopt() { :; }
            COMP_WORDS=(boat \(quoted)); COMP_CWORD=\(words.count)
            _boat
            printf '%s\\n' "${COMPREPLY[@]}"
            """
    let result = try run("bash", ["-c", script], in: Checkout.root + "/Tests/ArgumentsTests")
    #expect(result.errorText == "")
    return result.outputText.split(separator: "\n").map(String.init)
}

@Test("bash offers commands, options, choices, files and folders where they belong")
func bash() throws {
    #expect(try bashOffers("c") == ["carry"])
    #expect(
        try bashOffers("") == [
            "carry", "list", "--json", "--progress", "--no-progress", "--cache", "-h", "--help", "--version",
        ])
    #expect(try bashOffers("carry", "--s") == ["--speed"])
    #expect(try bashOffers("--json", "carry", "--speed", "") == ["slow", "fast"])
    #expect(try bashOffers("carry", "--speed", "=", "f") == ["fast"])
    #expect(try bashOffers("carry", "--speed", "=") == ["slow", "fast"])
    #expect(try bashOffers("carry", "Samp") == ["Sample.swift"])
    #expect(try bashOffers("carry", "-o", "Samp") == [])
    #expect(try bashOffers("carry", "--label", "") == [])
    #expect(try bashOffers("list", "--no") == ["--no-progress"])
}

@Test("names and help with quotes, brackets and colons stay words in every shell")
func hostileWords() throws {
    let evil = "it's $(touch x) `y` \"z\" [a]: \\ end"
    let command = CommandSpec(
        "odd-name", abstract: evil, options: [OptionSpec("x", .value(evil), choices: ["a'b"], help: evil)],
        subcommands: [CommandSpec("sub", abstract: evil, arguments: [ArgumentSpec("A", help: evil)])])
    let script = Completions.script(for: command, shell: .bash)
    #expect(try run("bash", ["-n", "-c", script]).errorText == "")
    #expect(try run("bash", ["-c", script + "complete -p odd-name"]).outputText == "complete -F _odd_name odd-name\n")
}
