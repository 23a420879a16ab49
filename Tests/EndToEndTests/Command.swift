import Foundation
import Platform
import TestKit

/// What a finished command left behind.
struct CommandResult {
    /// Its exit status, or 128 and the number of the signal that ended it.
    var status: Int32
    var output: Data
    var errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
}

/// A command that runs while a test looks at it. Its output goes to files, so that no full pipe can stop it. It runs in a process
/// group of its own, and is killed when the test forgets it. Its standard input is empty, or open and silent with `holdsInput`.
final class RunningCommand {
    private let process: ChildProcess
    private let name: String
    private let folder = TemporaryDirectory()

    init(
        _ executable: URL, _ arguments: [String], environment: [String: String] = [:], folder workingFolder: URL? = nil,
        holdsInput: Bool = false
    ) throws {
        name = executable.path
        let all = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        var request = ChildProcess.Request(
            executable.path, arguments, environment: all, workingDirectory: workingFolder?.path)
        request.hasOwnGroup = true
        if holdsInput { request.input = .pipe }
        let anchor = try DirectoryAnchor.open(folder.path)
        let output = try anchor.createFile("output")
        let errors = try anchor.createFile("errors")
        request.output = .descriptor(output.number)
        request.error = .descriptor(errors.number)
        process = try ChildProcess.spawn(request)
        try output.close()
        try errors.close()
    }

    var identifier: Int32 { process.number }
    var isRunning: Bool { process.poll() == nil }
    var output: Data { (try? Data(contentsOf: URL(fileURLWithPath: folder.file("output")))) ?? Data() }
    var errors: String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: folder.file("errors")))) ?? Data(), as: UTF8.self)
    }

    /// Ends its standard input, where it was started with `holdsInput`.
    func closeInput() { process.closeInput() }

    /// Sends `signal` to the command itself.
    func send(_ signal: Int32) { process.send(signal) }

    /// Waits until it ends by itself; one that does not within `seconds` is killed and reported.
    func finish(within seconds: Int = 120) throws -> CommandResult {
        let status: Int32
        switch process.wait(seconds: Double(seconds)) {
        case .exited(let code): status = code
        case .signalled(let signal): status = 128 + signal
        case nil: throw MissingPart(description: "\(name) still ran after \(seconds) s:\n\(errors)")
        }
        return CommandResult(status: status, output: output, errors: errors)
    }
}

/// Runs a command to its end.
func run(
    _ executable: URL, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil,
    within seconds: Int = 120
) throws -> CommandResult {
    try RunningCommand(executable, arguments, environment: environment, folder: folder).finish(within: seconds)
}

/// Runs the built `skiff` to its end.
func skiff(
    _ arguments: String..., environment: [String: String] = [:], within seconds: Int = 120
) throws -> CommandResult {
    try run(Workshop.skiff(), arguments, environment: environment, within: seconds)
}

/// The deepest child of `parent` whose executable is named `name`, as /proc tells.
func descendant(of parent: Int32, named name: String) -> Int32? {
    let tasks = "/proc/\(parent)/task"
    for task in (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? [] {
        let list = (try? String(contentsOfFile: "\(tasks)/\(task)/children", encoding: .utf8)) ?? ""
        for child in list.split(separator: " ").compactMap({ Int32($0) }) {
            if let found = descendant(of: child, named: name) { return found }
            let called = (try? String(contentsOfFile: "/proc/\(child)/comm", encoding: .utf8)) ?? ""
            if called.trimmingCharacters(in: .whitespacesAndNewlines) == name { return child }
        }
    }
    return nil
}
