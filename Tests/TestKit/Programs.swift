import Platform

/// What a program did that ran to its end.
public struct ProgramResult: Sendable, Equatable {
    /// Its exit status; nil when a signal or the time limit ended it.
    public let status: Int32?
    /// What it wrote to standard output.
    public let output: [UInt8]
    /// What it wrote to standard error.
    public let error: [UInt8]

    /// Whether it ended with status 0.
    public var isSuccess: Bool { status == 0 }
    /// Standard output as text.
    public var outputText: String { String(decoding: output, as: UTF8.self) }
    /// Standard error as text.
    public var errorText: String { String(decoding: error, as: UTF8.self) }
}

/// Runs a program to its end with the environment of the tests and keeps what it writes.
///
/// - Parameters:
///   - executable: a path, or a name in PATH.
///   - environment: added to that of the tests.
public func run(
    _ executable: String, _ arguments: [String] = [], in folder: String? = nil, environment: [String: String] = [:],
    input: [UInt8] = [], timeoutSeconds: Double = 300
) throws -> ProgramResult {
    let own = try Surroundings.current().environment
    let request = ChildProcess.Request(
        executable, arguments, environment: own.merging(environment) { _, new in new }, workingDirectory: folder)
    let finished = try ChildProcess.run(request, input: input, timeoutSeconds: timeoutSeconds)
    var status: Int32?
    if case .exited(let code)? = finished.outcome { status = code }
    return ProgramResult(status: status, output: finished.output, error: finished.error)
}

/// Runs a Python program given as text; what it prints is the result.
public func python(_ program: String, input: [UInt8] = []) throws -> ProgramResult {
    try run("python3", ["-I", "-c", program], input: input)
}
