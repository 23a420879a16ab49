import Diagnostics
import Platform
import TestKit
import Testing

@Test("the source date is SOURCE_DATE_EPOCH, or 0")
func sourceDate() throws {
    #expect(try Surroundings().sourceDate == 0)
    #expect(try Surroundings(environment: ["SOURCE_DATE_EPOCH": ""]).sourceDate == 0)
    #expect(try Surroundings(environment: ["SOURCE_DATE_EPOCH": "1700000000"]).sourceDate == 1_700_000_000)
}

@Test(
    "a source date that is none ends the program with 64",
    arguments: ["x", "-1", "1.5", " 1", "253402300800", "99999999999999999999", "0x10", "٣"])
func badSourceDate(_ text: String) {
    let error = #expect(throws: Diagnostic.self) { try Surroundings(environment: ["SOURCE_DATE_EPOCH": text]) }
    #expect(error?.status == .misuse)
    #expect(
        error.map { Rendering.text($0, colour: false) } == """
            error: cannot use SOURCE_DATE_EPOCH=`\(text)`: it must be whole seconds from 0 to 253402300799
            hint: unset it, or set it to the time of the commit: `git log -1 --format=%ct`

            """)
}

@Test("colours need a terminal that can, and no NO_COLOR")
func colours() throws {
    var surroundings = try Surroundings(isOutputTerminal: false, isErrorTerminal: true)
    #expect(surroundings.errorColour && !surroundings.outputColour)
    surroundings.environment["NO_COLOR"] = "1"
    #expect(!surroundings.errorColour && surroundings.noColour)
    surroundings.environment = ["NO_COLOR": "", "TERM": "dumb"]
    #expect(!surroundings.errorColour)
}

@Test("an empty variable counts as not set; relative paths begin in the current folder")
func variables() throws {
    let surroundings = try Surroundings(
        environment: ["MLFLOW_TRACKING_URI": "http://x", "HOME": ""], currentDirectory: "/a/b")
    #expect(surroundings[.mlflowTrackingURI] == "http://x" && surroundings[.home] == nil)
    #expect(surroundings.absolute("c") == "/a/b/c" && surroundings.absolute("/c") == "/c")
    #expect(try Surroundings(currentDirectory: "/").absolute("c") == "/c")
    #expect(EnvironmentVariable.allCases.allSatisfy { !$0.help.isEmpty })
}

@Test("the process's own surroundings are what programs see of them")
func current() throws {
    let surroundings = try Surroundings.current()
    #expect(surroundings.environment["PATH"] == (try run("sh", ["-c", "printf %s \"$PATH\""]).outputText))
    #expect(surroundings.currentDirectory == (try run("pwd", ["-P"]).outputText.trimmed()))
    #expect(try ExecutablePath.current().hasPrefix("/"))
    #expect(Terminal.width(-1) == nil && !Terminal.isTerminal(-1))
}

extension String {
    fileprivate func trimmed() -> String { String(prefix { $0 != "\n" }) }
}
