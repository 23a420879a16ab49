/// An element of a small document, with all that is in it.
struct XMLElement: Equatable {
    let name: String
    /// All text directly in it, joined.
    private(set) var text = ""
    private(set) var children: [XMLElement] = []

    /// Reads a whole document.
    static func parse(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) throws(XMLError) -> XMLElement {
        var reader = try XMLPullReader(bytes, limits: limits)
        var open: [XMLElement] = []
        while true {
            switch try reader.next() {
            case .start(let name): open.append(XMLElement(name: name))
            case .text(let text): open[open.count - 1].text += text
            case .end:
                let done = open.removeLast()
                if open.isEmpty {
                    // Nothing but comments and space may follow; the reader says so.
                    while try reader.next() != .endOfDocument {}
                    return done
                }
                open[open.count - 1].children.append(done)
            case .endOfDocument:
                throw XMLError("it has no element", at: bytes.count)
            }
        }
    }

    /// The children of that name, in order.
    func children(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The text of the first child of that name; nil without one.
    subscript(_ name: String) -> String? { children.first { $0.name == name }?.text }
}
