import Bytes
import Diagnostics
import Testing

@testable import Pickle

@Suite("PickleMachine")
struct PickleMachineTests {
    @Test(
        "every protocol reads to the value that Python prints",
        arguments: ["p0", "p1", "p2", "p3", "p4", "p5", "pure", "optimized"])
    func values(_ name: String) throws {
        let graph = try read(fixture("values.\(name).pkl"))
        #expect(graph.findings == [])
        #expect(pythonText(graph.root, graph) == String(decoding: fixture("values.txt"), as: UTF8.self))
    }

    @Test("a shared list stays one list")
    func identity() throws {
        let graph = try read(fixture("values.p4.pkl"))
        let shared = try #require(graph.value(forKey: "shared", in: graph.root))
        let items = try #require(graph.elements(shared))
        #expect(items[0] == items[1])
    }

    @Test("of two equal keys the later value counts, as in Python")
    func duplicateKeys() throws {
        let graph = try read("}(X\u{1}\0\0\0aK\u{1}X\u{1}\0\0\0aK\u{2}u.")
        #expect(graph.value(forKey: "a", in: graph.root) == .int(2))
    }

    @Test("integers of every width read exactly; wider ones are known to be wide")
    func integers() throws {
        let graph = try read(
            "(\u{8a}\u{0}\u{8a}\u{1}\u{80}\u{8a}\u{8}\0\0\0\0\0\0\0\u{80}\u{8a}\u{9}\0\0\0\0\0\0\0\0\u{1}t.")
        #expect(graph.elements(graph.root) == [.int(0), .int(-128), .int(.min), .bigInteger])
    }

    @Test("a name knows every way in which it is used")
    func uses() throws {
        let graph = try read("\u{80}\u{4}(cm\nA\n)\u{81}}bcm\nB\n)Rcm\nC\ncm\nD\n)RK\u{1}at.")
        #expect(graph.globals.map(\.qualifiedName) == ["m.A", "m.B", "m.C", "m.D"])
        #expect(graph.globals.map(\.uses) == [[.new, .build], .call, .value, [.call, .fill]])
        #expect(graph.globals.map(\.offset) == [3, 12, 19, 24])
    }

    @Test(
        "a method of an instance is the name of a function that is held; any other use of `getattr` or `_builtin_type` is a call",
        arguments: [
            (
                "cbuiltins\ngetattr\n(cm\nA\n)\u{81}X\u{1}\0\0\0ftR.",
                ["builtins.getattr": .bind, "m.A": .new, "m.A.f": .bind]
            ),
            (
                "ccloudpickle.cloudpickle\n_builtin_type\n(X\u{a}\0\0\0MethodTypetR(cm\nA.f\ncm\nA\n)\u{81}tR.",
                ["cloudpickle.cloudpickle._builtin_type": .bind, "m.A.f": [.bind, .value], "m.A": .new]
            ),
            ("cbuiltins\ngetattr\n(cm\nA\nX\u{1}\0\0\0ftR.", ["builtins.getattr": .call, "m.A": .value]),
            ("cbuiltins\ngetattr\n(cm\nA\n)RX\u{1}\0\0\0ftR.", ["builtins.getattr": .call, "m.A": .call]),
            ("cbuiltins\ngetattr\n(cm\nA\n)\u{81}X\u{3}\0\0\0f.gtR.", ["builtins.getattr": .call, "m.A": .new]),
            ("cbuiltins\ngetattr\n(cm\nA\n)\u{81}X\u{3}\0\0\0__gtR.", ["builtins.getattr": .call, "m.A": .new]),
            (
                "ccloudpickle.cloudpickle\n_builtin_type\n(X\u{8}\0\0\0CodeTypetR.",
                ["cloudpickle.cloudpickle._builtin_type": .call]
            ),
        ] as [(String, [String: PickleUse])])
    func methods(_ bytes: String, _ uses: [String: PickleUse]) throws {
        let graph = try read(bytes)
        #expect(graph.findings == [])
        #expect(Dictionary(uniqueKeysWithValues: graph.globals.map { ($0.qualifiedName, $0.uses) }) == uses)
    }

    @Test(
        "only SciPy's own template counts as the code of a distribution",
        arguments: [
            ("", "loc=0, scale=1", "loc, scale", true), ("low, high, ", "loc=0", "loc, 1", true),
            ("a=x(), ", "loc=0", "loc, 1", false), ("", "loc=0", "loc, 1; x()", false),
            ("", "loc=0", "loc, scale", false),
        ])
    func distributionCode(_ shapes: String, _ taken: String, _ given: String, _ isGenuine: Bool) {
        let text = """

            def _parse_args(self, \(shapes) \(taken)):
                return (\(shapes)), \(given)

            def _parse_args_rvs(self, \(shapes) \(taken), size=None):
                return self._argcheck_rvs(\(shapes) \(given), size=size)

            def _parse_args_stats(self, \(shapes) \(taken), moments='mv'):
                return (\(shapes)), \(given), moments

            """
        #expect(DistributionCode.isGenuine(text) == isGenuine)
        #expect(!DistributionCode.isGenuine(text + "x()"))
    }

    @Test("old protocols map the names of Python 2")
    func compatibleNames() throws {
        let graph = try read("(c__builtin__\nlong\nccopy_reg\n_reconstructor\ncexceptions\nKeyError\ncurllib2\nx\nt.")
        #expect(
            graph.globals.map(\.qualifiedName) == [
                "builtins.int", "copyreg._reconstructor", "builtins.KeyError", "urllib.request.x",
            ])
        #expect(graph.globals[0].writtenAs == "__builtin__.long")
    }

    @Test("escapes of protocol 0 read as CPython decodes them")
    func escapes() throws {
        let graph = try read("(V\\u0041\u{e9}\\x\\U0001f680\\\\u\nS'a\\x41\\101\\n\\q\\''\nt.")
        #expect(graph.elements(graph.root)?.map { graph.text($0) } == ["A\u{e9}\\x\u{1f680}\\\\u", "aAA\n\\q'"])
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var bytes: String
        var offset: Int
        var reason: String
        var testDescription: String { reason }
    }

    @Test(
        "a damaged stream is refused with the offset of its opcode",
        arguments: [
            Fault(bytes: "", offset: 0, reason: "it ends without the opcode STOP"),
            Fault(bytes: "PK\u{3}\u{4}", offset: 0, reason: "it is not a pickle (it is a zip archive)"),
            Fault(bytes: "P1\n.", offset: 0, reason: "it refers to an object outside of the file (a persistent id)"),
            Fault(bytes: "\u{1f}\u{8b}", offset: 0, reason: "it is not a pickle (it is compressed with gzip)"),
            Fault(bytes: "K\u{1}", offset: 2, reason: "it ends without the opcode STOP"),
            Fault(
                bytes: "NK", offset: 1,
                reason: "it ends inside the argument of BININT1: 1 bytes are announced, 0 are left"),
            Fault(bytes: "N0.", offset: 2, reason: "it takes a value from an empty stack"),
            Fault(bytes: "N(.", offset: 2, reason: "it takes a value from an empty stack"),
            Fault(bytes: "Nt.", offset: 1, reason: "it closes a mark that was never opened"),
            Fault(bytes: "h\u{5}.", offset: 0, reason: "it reads memo entry 5, which was never written"),
            Fault(bytes: "Np-1\n.", offset: 1, reason: "a memo index is not a natural number"),
            Fault(bytes: "N\u{ff}.", offset: 1, reason: "byte 0xff is not a pickle opcode"),
            Fault(
                bytes: "\u{80}\u{6}N.", offset: 0,
                reason: "it announces pickle protocol 6, and 5 is the highest that exists"),
            Fault(bytes: "\u{8b}\u{ff}\u{ff}\u{ff}\u{ff}.", offset: 0, reason: "the length of an integer is negative"),
            Fault(
                bytes: "\u{95}\u{9}\0\0\0\0\0\0\0N.", offset: 0,
                reason: "a frame of 9 bytes is longer than the rest of the file"),
            Fault(
                bytes: "\u{95}\u{1}\0\0\0\0\0\0\0K\u{1}.", offset: 9, reason: "an argument crosses the end of its frame"
            ),
            Fault(
                bytes: "\u{8c}\u{1}\u{ff}.", offset: 0, reason: "a text is not UTF-8, or holds half of a surrogate pair"
            ),
            Fault(bytes: "(Nd.", offset: 2, reason: "a dict has a key without a value"),
            Fault(bytes: "NNa.", offset: 2, reason: "it puts items into something that takes none"),
            Fault(bytes: "NNb.", offset: 2, reason: "it puts a state on something that has none"),
            Fault(bytes: "cm\nA\nNR.", offset: 6, reason: "the arguments of a call are not a tuple"),
            Fault(bytes: "I0x10\n.", offset: 0, reason: "an integer is not written as decimal digits"),
            Fault(
                bytes: "(im\nA\n.", offset: 1,
                reason: "it calls `m.A` by the old opcode INST, which fitted models never use"),
            Fault(
                bytes: "(cm\nA\no.", offset: 6,
                reason: "it makes an object `m.A` by the old opcode OBJ, which fitted models never use"),
            Fault(
                bytes: "\u{82}\u{1}.", offset: 0,
                reason: "it names a class by an extension code, which says nothing outside of one process"),
            Fault(bytes: "\u{97}.", offset: 0, reason: "it refers to a buffer outside of the file"),
        ])
    func faults(_ fault: Fault) {
        #expect {
            _ = try read(fault.bytes)
        } throws: { error in
            guard let error = error as? PickleError else { return false }
            return error.offset == fault.offset && error.reason == fault.reason
        }
    }

    @Test(
        "what loads but no library writes is noted",
        arguments: [
            ("NN.", "1 values and 0 marks are left below the result"),
            ("N.N", "1 bytes follow the end of the pickle"),
            ("cm\nA\n}b.", "it puts a state on `m.A` itself"),
            ("cm\nA\nNa.", "it changes `m.A` itself"),
            ("cm\nA\n)R)R.", "it calls something that is computed while loading"),
            ("NN\u{93}.", "it imports a name that is computed while loading"),
            ("cm\nA\n)\u{81}}b}b.", "an object gets its state twice"),
            ("(cm\nA\n)\u{81}}p0\nb0g0\nK\u{1}K\u{2}s.", "a container is changed after a call has used it"),
            ("cm\nA\n)\u{81}}X\u{9}\0\0\0__class__Nsb.", "a state sets `__class__`"),
            (
                "cm\nA\n)\u{81}}X\u{13}\0\0\0_parse_arg_templateX\u{4}\0\0\0evilsb.",
                "a state sets `_parse_arg_template` to code that is not SciPy's, which would run when it is loaded"
            ),
            (
                "cbuiltins\ngetattr\n(cm\nA\n)\u{81}X\u{1}\0\0\0ftR)R.",
                "it calls something that is computed while loading"
            ),
            (
                "ccloudpickle.cloudpickle\n_builtin_type\n(X\u{a}\0\0\0MethodTypetR(cos\nsystem\nNtR.",
                "it calls something that is computed while loading"
            ),
            ("cm\nA B\n.", "a name is not printable ASCII"),
            ("\u{80}\u{4}\u{80}\u{2}N.", "the protocol is announced again"),
        ])
    func findings(_ bytes: String, _ words: String) throws {
        let graph = try read(bytes)
        #expect(graph.findings.map(\.words).contains(words), "\(graph.findings)")
    }

    @Test("limits stop with their name and number")
    func limits() {
        func reason(_ text: String, _ change: (inout PickleLimits) -> Void) -> String? {
            var limits = PickleLimits()
            change(&limits)
            do throws(PickleError) {
                _ = try PickleMachine.read(
                    .init(text.unicodeScalars.map { UInt8($0.value) }), limits: limits, file: "x")
                return nil
            } catch { return error.reason }
        }
        #expect(reason("NNN.") { $0.opcodes = 3 } == "it exceeds the limit of 3 opcodes")
        #expect(reason("NNN.") { $0.stack = 2 } == "it exceeds the limit of 2 values on the stack")
        #expect(reason("(((.") { $0.marks = 2 } == "it exceeds the limit of 2 open marks")
        #expect(
            reason(")\u{85}\u{85}\u{85}.") { $0.depth = 2 } == "it exceeds the limit of 2 containers inside containers")
        #expect(reason("Np9\n.") { $0.memoGap = 5 } == "it exceeds the limit of 5 unused memo entries")
        #expect(reason("I123\n.") { $0.digits = 2 } == "it exceeds the limit of 2 digits of an integer")
        #expect(reason("cm\nA\ncm\nB\n.") { $0.globals = 1 } == "it exceeds the limit of 1 names")
        #expect(reason("I1234567\n.") { $0.line = 4 } == "it exceeds the limit of 4 bytes in a line")
    }

    @Test("the whole message names the file, the byte, the opcode and what came before")
    func message() {
        do throws(PickleError) {
            _ = try read("cos\nsystem\n(X\u{2}\0\0\0idtR")
            Issue.record("it was read")
        } catch {
            #expect(error.diagnostic.summary == "cannot read `model.pkl`: it ends without the opcode STOP")
            #expect(error.diagnostic.place?.byteOffset == 21)
            #expect(error.diagnostic.details == ["before that it names `os.system`"])
        }
    }
}
