public import Platform

/// Runs a program to its end with the environment of the tests and keeps what it writes.
///
/// - Parameters:
///   - executable: a path, or a name in PATH.
///   - environment: added to that of the tests.
public func run(
    _ executable: String, _ arguments: [String] = [], in folder: String? = nil, environment: [String: String] = [:],
    input: [UInt8] = [], timeoutSeconds: Double = 300
) throws -> ChildProcess.Finished {
    let own = try Surroundings.current().environment
    let request = ChildProcess.Request(
        executable, arguments, environment: own.merging(environment) { _, new in new }, workingDirectory: folder)
    return try ChildProcess.run(request, input: input, timeoutSeconds: timeoutSeconds)
}

/// Runs a Python program given as text; what it prints is the result.
public func python(_ program: String, input: [UInt8] = []) throws -> ChildProcess.Finished {
    try run("python3", ["-I", "-c", program], input: input)
}
