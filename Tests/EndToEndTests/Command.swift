import Foundation
import Glibc

/// What a finished command left behind.
struct CommandResult {
    var status: Int32
    var output: Data
    var errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
}

/// A command that runs while a test looks at it. Its output goes to files, so that no full pipe can stop it.
final class RunningCommand {
    let process = Process()
    private let folder: TemporaryFolder
    private let ended = DispatchSemaphore(value: 0)

    init(
        _ executable: URL, _ arguments: [String], environment: [String: String] = [:], folder workingFolder: URL? = nil
    ) throws {
        folder = try TemporaryFolder()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.currentDirectoryURL = workingFolder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.handle(for: folder.path("output"))
        process.standardError = try Self.handle(for: folder.path("errors"))
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    private static func handle(for path: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path))
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    var identifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var output: Data { (try? Data(contentsOf: URL(fileURLWithPath: folder.path("output")))) ?? Data() }
    var errors: String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: folder.path("errors")))) ?? Data(), as: UTF8.self)
    }

    /// Sends `signal` to the command itself.
    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits until it ends by itself; one that does not within `seconds` is killed and reported.
    func finish(within seconds: Int = 120) throws -> CommandResult {
        guard ended.wait(timeout: .now() + .seconds(seconds)) == .success else {
            kill(process.processIdentifier, SIGKILL)
            throw MissingPart(
                description: "\(process.executableURL?.path ?? "the command") still ran after \(seconds) s:\n\(errors)")
        }
        return CommandResult(status: process.terminationStatus, output: output, errors: errors)
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
