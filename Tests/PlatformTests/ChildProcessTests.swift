import Glibc
import Platform
import TestKit
import Testing

private let environment = ["PATH": "/usr/bin:/bin", "GREETING": "hello"]

private func shell(_ script: String) -> ChildProcess.Request {
    ChildProcess.Request("sh", ["-c", script], environment: environment)
}

@Test("both streams, the status and the environment come through")
func running() throws {
    let finished = try ChildProcess.run(shell("printf $GREETING; printf oops >&2; env | wc -l; exit 3"))
    #expect(finished.outcome == .exited(3) && !finished.isSuccess)
    // GREETING, PATH, and what the shell adds itself: PWD.
    #expect(finished.outputText == "hello3\n")
    #expect(finished.errorText == "oops")
}

@Test("more than a pipe holds is drained from both streams, and fed to its input")
func large() throws {
    let input = [UInt8](repeating: 120, count: 3_000_000)
    let finished = try ChildProcess.run(shell("tee /dev/stderr"), input: input)
    #expect(finished.output == input && finished.error == input && finished.isSuccess)
    let limited = try ChildProcess.run(shell("cat"), input: input, outputLimit: 1000)
    #expect(limited.output.count == 1000 && limited.isSuccess)
    #expect(try ChildProcess.run(shell("cat; echo end")).outputText == "end\n")
}

@Test("a program whose time is over is killed, also when it closed its streams")
func timeout() throws {
    let start = MonotonicClock.nanoseconds
    // On a machine with much to do the shell may not have come to its first word.
    var texts: [String] = []
    for seconds in [0.2, 2, 20] where texts.last != "a\n" {
        texts.append(try ChildProcess.run(shell("echo a; exec sleep 100"), timeoutSeconds: seconds).outputText)
    }
    #expect(texts.last == "a\n", "\(texts)")
    let silent = try ChildProcess.run(shell("exec >&- 2>&-; exec sleep 100"), timeoutSeconds: 0.2)
    #expect(silent.outcome == nil)
    #expect(MonotonicClock.seconds(since: start) < 90)
}

@Test("signals are sent and told")
func signals() throws {
    let child = try ChildProcess.spawn(shell("kill -TERM $$; sleep 100"))
    #expect(child.wait() == .signalled(SIGTERM))
    #expect(child.wait() == .signalled(SIGTERM) && child.poll() == .signalled(SIGTERM))
    let sleeping = try ChildProcess.spawn(shell("exec sleep 100"))
    #expect(sleeping.poll() == nil && sleeping.wait(seconds: 0.01) == nil)
    sleeping.send(SIGKILL)
    #expect(sleeping.wait(seconds: 100) == .signalled(SIGKILL))
    sleeping.send(SIGKILL)
}

@Test("a program that nobody holds any more is killed and collected")
func abandoned() throws {
    let number: Int32
    do {
        let child = try ChildProcess.spawn(shell("exec sleep 100"))
        number = child.number
        #expect(kill(number, 0) == 0)
    }
    #expect(kill(number, 0) == -1 && errno == ESRCH)
}

@Test("descriptors arrive under their numbers, crossed ones too, and no others do")
func descriptors() throws {
    let folder = TemporaryDirectory()
    let three = try FileDescriptor.open(try folder.write("three", "three"))
    let four = try FileDescriptor.open(try folder.write("four", "four"))
    let leak = open("/dev/null", O_RDONLY)
    defer { close(leak) }
    var request = shell("cat <&3; cat <&4; ls /proc/self/fd | tr '\\n' ' '")
    // Crossed on purpose: each number may be the source of another.
    request.descriptors = [4: four.number, 3: three.number]
    let finished = try ChildProcess.run(request)
    // 0, 1 and 2, the two given, and the one with which ls reads the folder.
    #expect(finished.outputText == "threefour0 1 2 3 4 5 ")
    // Opened anew by their paths in /proc, because their positions are at the end now.
    var crossed = shell("cat /proc/self/fd/\(four.number) /proc/self/fd/\(three.number)")
    crossed.descriptors = [four.number: three.number, three.number: four.number]
    #expect(try ChildProcess.run(crossed).outputText == "threefour")
}

@Test("a conversation by pipes works until either side closes")
func conversation() throws {
    Signals.ignoreBrokenPipes()
    var request = ChildProcess.Request("cat", environment: environment)
    request.input = .pipe
    request.output = .pipe
    request.hasOwnGroup = true
    let child = try ChildProcess.spawn(request)
    #expect(getpgid(child.number) == child.number)
    try child.write(Array("ping".utf8))
    var answer = [UInt8](repeating: 0, count: 4)
    let number = try #require(child.outputNumber)
    #expect(child.errorNumber == nil)
    #expect(read(number, &answer, 4) == 4 && answer == Array("ping".utf8))
    child.closeInput()
    #expect(child.wait() == .exited(0))
    #expect(message { try child.write([1]) }.contains("the reader at the other end is gone"))
}

@Test("what cannot be started says why")
func notStarted() throws {
    let folder = TemporaryDirectory()
    #expect(
        message { try ChildProcess.spawn(ChildProcess.Request("no-such-tool", environment: environment)) } == """
            error: cannot run `no-such-tool`: there is no such file or folder
            hint: install it, or put its folder in PATH

            """)
    let text = try folder.write("data", "not a program", mode: 0o755)
    #expect(
        message { try ChildProcess.spawn(ChildProcess.Request(text, environment: [:])) }
            == "error: cannot run `\(text)`: it is not a program for this machine\n")
    let plain = try folder.write("plain", "#!/bin/sh\n")
    #expect(
        message { try ChildProcess.spawn(ChildProcess.Request(plain, environment: [:])) }.hasPrefix(
            "error: cannot run `\(plain)`: permission denied\n"))
    var lost = shell("true")
    lost.workingDirectory = folder.file("nowhere")
    #expect(
        message { try ChildProcess.spawn(lost) }
            == "error: cannot enter `\(folder.file("nowhere"))`: there is no such file or folder\n")
}

@Test("a program starts in its folder and finds tools by its own PATH")
func folderAndPath() throws {
    let folder = TemporaryDirectory()
    try folder.write("bin/tool", "#!/bin/sh\npwd\n", mode: 0o755)
    let request = ChildProcess.Request(
        "tool", environment: ["PATH": "/nowhere:\(folder.path)/bin:/usr/bin:/bin"], workingDirectory: folder.path)
    #expect(try ChildProcess.run(request).outputText == folder.path + "\n")
}

@Test("signals that are blocked or ignored here are as usual there")
func usualSignals() throws {
    Signals.ignoreBrokenPipes()
    let finished = try ChildProcess.run(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status"))
    let masks = finished.outputText.split(separator: "\n").compactMap { UInt64($0.suffix(16), radix: 16) }
    // glibc's posix_spawn ignores its own two signals, 32 and 33, in the program.
    #expect(masks.map { $0 & 0x7fff_ffff } == [0, 0], "\(finished.outputText)")
}
