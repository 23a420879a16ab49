import Glibc
import Platform
import TestKit
import Testing

@Test("no core dump and no reading by others; the process still finds itself, and its children are as usual")
func forbiddenDumps() throws {
    #expect(ProcessHardening.forbidDumps())
    var limit = rlimit()
    #expect(getrlimit(__rlimit_resource_t(4), &limit) == 0)
    #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
    #expect(try ExecutablePath.current().isEmpty == false)
    #expect(try FileStatus.of("/proc/self/exe") != nil)
    #expect(try run("sh", ["-c", "readlink /proc/self/exe; ulimit -c"]).outputText.hasSuffix("\n0\n"))
}
