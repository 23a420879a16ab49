import Arguments
import Diagnostics
import Glibc
import Platform
import ScorerServer

/// Runs the command line, and returns the status to exit with.
func run() throws -> ExitStatus {
    var words = Array(CommandLine.arguments.dropFirst())
    // MLflow's and Sage Maker's way of starting a container.
    if words.first == "serve" { words.removeFirst() }
    let arguments = try ArgumentParser(scorerCommand).parse(words)
    switch arguments.intent {
    case .help(let text):
        print(text + ServerSetting.helpText, terminator: "")
        return .done
    case .version:
        print("skiff-scorer \(scorerVersion)")
        return .done
    case .run: break
    }
    let environment = try Surroundings.current().environment
    if arguments.flag("check") {
        let address = try ServerOptions.address(listen: arguments.value("listen"), environment: environment)
        guard let problem = ScoringServer.check(address) else {
            print("ready")
            return .done
        }
        print("not ready: \(problem)")
        return .wanting
    }
    guard let path = arguments.positional.first else {
        throw Diagnostic(
            "cannot serve: there is no model", hints: ["name a folder with `serving.json`, or a `.skiff` file"],
            status: .misuse)
    }
    let options = try ServerOptions(
        path: path, listen: arguments.value("listen"), threads: arguments.value("threads"),
        workers: arguments.value("workers"), compatibility: arguments.value("compat"), environment: environment)
    return try ScoringServer.run(options)
}

do {
    exit(try run().rawValue)
} catch {
    let problem = Diagnostic.wrapping(error)
    let text = Array(Rendering.text(problem, colour: Terminal.isTerminal(STDERR_FILENO)).utf8)
    _ = write(STDERR_FILENO, text, text.count)
    exit(problem.status.rawValue)
}
