import Glibc
import Platform
import TestKit
import Testing

@Test("an interruption removes the folder that is being written, and ends with 130, 143 or 129")
func interruption() async throws {
    let folder = TemporaryDirectory()
    let path = folder.file("out")
    await #expect(processExitsWith: .exitCode(130)) { [path = path as String] in
        try interrupt(SIGINT, whileWriting: path)
    }
    await #expect(processExitsWith: .exitCode(143)) { [path = path as String] in
        try interrupt(SIGTERM, whileWriting: path)
    }
    await #expect(processExitsWith: .exitCode(129)) { [path = path as String] in
        try interrupt(SIGHUP, whileWriting: path)
    }
    #expect(try folder.names() == [])
}

@Test("an interruption after the end of writing leaves what was written")
func interruptionAfterwards() async throws {
    let folder = TemporaryDirectory()
    let path = folder.file("out")
    await #expect(processExitsWith: .exitCode(130)) { [path = path as String] in
        try Interruption.watch()
        try AtomicOutput.writeFile(at: path, existing: .refuse, bytes: [1])
        kill(getpid(), SIGINT)
        while true { pause() }
    }
    #expect(try folder.names() == ["out"])
}

private func interrupt(_ signal: Int32, whileWriting path: String) throws {
    try Interruption.watch()
    try AtomicOutput.writeDirectory(at: path, existing: .refuse, isDurable: false) { folder in
        try folder.makeDirectory("sub").createFile("half").write([1])
        kill(getpid(), signal)
        // Goes on writing until the process ends, as other threads of the tool would.
        for number in 0... { try folder.createFile("more\(number)").write([1]) }
    }
}
