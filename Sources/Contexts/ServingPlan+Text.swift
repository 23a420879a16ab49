import Converters
import Diagnostics
import MLmodelFormat

extension ServingPlan {
    /// The plan for a person: a few aligned lines, then reasons, findings and notes; ends with a line feed.
    public var text: String {
        var rows: [(String, String)] = [
            ("model", version.map { "\(name), version \($0)" } ?? name),
            ("flavors", flavors.joined(separator: ", ")),
            ("runtime", runtimeWords), ("image", imageWords), ("requests", schemaWords),
        ]
        if !params.isEmpty { rows.append(("parameters", params.map(\.name).joined(separator: ", "))) }
        if let nullPolicy { rows.append(("nulls", "as \(nullPolicy.rawValue)")) }
        if compatibility != .strict { rows.append(("compat", compatibility.rawValue)) }
        if let parity {
            rows.append(("parity", parity.tolerance.words))
            if let original = parity.original { rows.append(("original", original.baseImage.text)) }
        }
        if let python {
            rows.append(("loader", python.loader))
            let pins = python.unpinned.isEmpty ? "all pinned" : "of which \(python.unpinned.count) not pinned"
            rows.append(("requirements", "\(python.requirements.count), \(pins)"))
        }
        var text = rows.map { Self.row($0.0, escaped($0.1, limit: 1000)) }.joined()
        text += Self.list("why not native", refusals.map(\.sentence))
        text += Self.list("requirements", python?.requirements.map(\.text) ?? [])
        text += Self.list("findings", python?.findings.map(Self.sentence) ?? [])
        text += Self.list("left out of the image", python?.leftOut ?? [])
        text += Self.list("notes", notes)
        return text
    }

    private var runtimeWords: String {
        runtime.rawValue + ": " + reasons.joined(separator: "; ")
    }

    private var imageWords: String {
        "\(python?.baseImage.text ?? "scratch"), \(machine.platform)"
    }

    private var schemaWords: String {
        let source =
            switch schemaSource {
            case .signature: "from the signature"
            case .inputExample: "from the input example"
            case .none: "not known: the model has neither signature nor input example"
            }
        switch schema {
        case .columns(let columns)?: return "\(columns.count) \(columns.count == 1 ? "column" : "columns") \(source)"
        case .tensors(let tensors)?: return "\(tensors.count) \(tensors.count == 1 ? "tensor" : "tensors") \(source)"
        case nil: return source
        }
    }

    private static func row(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(1, 14 - name.count)) + value + "\n"
    }

    private static func list(_ title: String, _ items: [String]) -> String {
        guard !items.isEmpty else { return "" }
        return "\n\(title)\n" + items.map { "  - \(escaped($0, limit: 1000))\n" }.joined()
    }

    private static func sentence(_ finding: PythonEnvironment.Finding) -> String {
        "\(finding.kind.rawValue): \(lastComponent(finding.file)):\(finding.line) `\(escaped(finding.text))`: \(finding.reason)"
    }
}
