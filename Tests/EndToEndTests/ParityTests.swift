import Foundation
import TestKit
import Testing

// The build that `pack --parity` adds, with the real libraries. In the suite of images, so that no two builds run at once.
extension ImagesTests {
    private static let parityImage = "localhost/skiff-test-parity:1"

    /// The example with what it needs to be loaded and no more: MLflow whole would take minutes.
    private func smallModel(in folder: TemporaryDirectory) throws -> String {
        let path = folder.file("model")
        try FileManager.default.copyItem(atPath: Example.creditDefault.model, toPath: path)
        let pins = [
            "cloudpickle==3.1.2", "mlflow-skinny==3.17.2", "numpy==2.4.6", "pandas==3.1.1", "scikit-learn==1.9.1",
        ]
        try Data(pins.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path + "/requirements.txt"))
        return path
    }

    private func buildCheck(_ context: String, _ image: String) throws -> CommandResult {
        let script = Workshop.imageScripts.appendingPathComponent("build-context.sh").path
        return try run(URL(fileURLWithPath: "/bin/sh"), [script, context, image], within: 1200)
    }

    @Test(
        "the check of `pack --parity` passes with the original model, and a wrong answer fails it and is shown with its row"
    )
    func parity() throws {
        let folder = TemporaryDirectory()
        let model = try smallModel(in: folder)
        try pack(model, into: folder.file("right"), "--parity")
        let right = try buildCheck(folder.file("right/parity"), Self.parityImage)
        #expect(right.status == 0, "\(right.text)\n\(right.errors)")
        #expect(right.text.contains("\ncomparing 200 rows; numbers may differ in no bit\n"), "\(right.text)")
        #expect(right.text.contains("\n200 rows compared: every answer is the original's\n"), "\(right.text)")

        // The libraries are in the image that was just built: pip has nothing to do.
        try pack(model, into: folder.file("wrong"), "--parity", "--base-image", Self.parityImage)
        let answers = URL(fileURLWithPath: folder.file("wrong/parity/response.json"))
        let text = try String(contentsOf: answers, encoding: .utf8)
        #expect(text.hasPrefix("{\"predictions\": [0, 0, "))
        try Data(text.replacingOccurrences(of: ": [0, 0, ", with: ": [0, 1, ").utf8).write(to: answers)
        let wrong = try buildCheck(folder.file("wrong/parity"), Self.parityImage + "-wrong")
        #expect(wrong.status != 0)
        let shown = wrong.text + wrong.errors
        #expect(shown.contains("\nrow 1, column 0: converted 1, original 0\n    sex=\"male\", "), "\(shown)")
        #expect(shown.contains("error: the converted model is not the original: 1 of 200 answers differ\n"), "\(shown)")
    }
}
