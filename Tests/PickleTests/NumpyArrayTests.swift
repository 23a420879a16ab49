import Testing

@testable import Pickle

@Suite("NumpyArray")
struct NumpyArrayTests {
    static let names = lines("arrays.txt").map { String($0.prefix { $0 != "|" }) }

    @Test("arrays of every type and order read to the elements that NumPy prints", arguments: ["p2", "p3", "p4", "p5"])
    func elements(_ version: String) throws {
        let graph = try read(fixture("arrays.\(version).pkl"))
        for line in lines("arrays.txt") {
            let fields = line.split(separator: "|", maxSplits: 3).map(String.init)
            let value = try #require(graph.value(forKey: fields[0], in: graph.root))
            let array = try NumpyArray.read(value, in: graph)
            #expect(array.type.code == fields[1], "\(fields[0])")
            #expect("\(array.shape)" == fields[2], "\(fields[0])")
            #expect(text(array, graph) == fields[3], "\(fields[0])")
        }
    }

    private func text(_ array: NumpyArray, _ graph: PickleGraph) -> String {
        let items: [String]
        switch array.type.kind {
        case .float: items = (array.numbers ?? []).map(pythonText)
        case .boolean: items = (array.integers ?? []).map { $0 == 1 ? "True" : "False" }
        case .signed, .unsigned: items = (array.integers ?? []).map(String.init)
        case .text: items = (array.texts ?? []).map(pythonText)
        case .object: items = (array.values ?? []).map { pythonText($0, graph) }
        case .record(let fields):
            items = (0..<array.count).map { index in
                let parts = fields.map { field -> String in
                    guard let column = array.field(field.name) else { return "?" }
                    switch field.type.kind {
                    case .float: return pythonText(column.number(index))
                    case .boolean: return column.integer(index) == 1 ? "True" : "False"
                    default: return String(column.integer(index))
                    }
                }
                return "[" + parts.joined(separator: ", ") + "]"
            }
        case .bytes: items = []
        }
        return "[" + items.joined(separator: ", ") + "]"
    }

    @Test("array bytes of protocols 3 to 5 stay in the file", arguments: ["p3", "p4", "p5"])
    func noCopy(_ version: String) throws {
        let graph = try read(fixture("arrays.\(version).pkl"))
        let value = try #require(graph.value(forKey: "f8", in: graph.root))
        #expect(try NumpyArray.read(value, in: graph).region === graph.region)
    }

    @Test("an array whose bytes do not fit its shape is refused")
    func wrongSize() throws {
        let bytes = "cnumpy\ndtype\n(X\u{2}\0\0\0f8tRp0\n0cnumpy.core.multiarray\nscalar\n(g0\nC\u{7}1234567tR."
        let graph = try read(bytes)
        #expect {
            _ = try NumpyArray.read(graph.root, in: graph)
        } throws: { error in
            (error as? PickleError)?.reason == "an array of 1 elements of 8 bytes has 7 bytes"
        }
    }
}
