import Foundation
import TestKit
import Testing

@Suite("One code path")
struct SameAnswersTests {
    /// Bodies with their media types; nil lets `skiff predict` look.
    private static let requests: [(body: Data, type: String?)] =
        [
            (#"{"dataframe_split": {"columns": ["a", "b"], "data": [[1.5, 2], [3e-7, 1e22]]}}"#, nil),
            (#"{"dataframe_split": {"columns": ["b", "a"], "index": [7], "data": [[1.5, 2]]}}"#, nil),
            (#"{"dataframe_records": [{"a": 1, "b": 0.1}, {"b": 2, "a": true}]}"#, nil),
            (#"{"inputs": {"a": [1, 2], "b": [3, 4]}}"#, nil),
            (#"{"instances": [{"a": 1, "b": 2}], "params": {}}"#, nil),
            ("\n\t {\"inputs\": [{\"a\": 1, \"b\": 2}]}\n", nil),
            (#"[{"a": 1, "b": 2}]"#, nil),
            ("a,b\n1,2\n0.5,4\n", nil),
            ("a,b\n1,2\n", "text/csv"),
            ("a,b\n1,x\n", nil),
            ("", nil), ("{", nil), ("{}", nil), ("42", nil), ("\u{0}", nil),
            (#"{"inputs": [{"a": 1}]}"#, nil),
            (#"{"inputs": [{"a": "x", "b": 1}]}"#, nil),
            (#"{"inputs": [{"a": 1, "a": 1, "b": 1}]}"#, nil),
            (#"{"inputs": [{"a": NaN, "b": 1}]}"#, nil),
            (#"{"inputs": [{"a": null, "b": 1}]}"#, nil),
            (#"{"inputs": [], "instances": []}"#, nil),
            (#"{"inputs": [{"a": 1, "b": 2}], "params": {"x": 1}}"#, nil),
            (#"{"inputs": [{"a": 1, "b": 2}]}"#, "application/json; charset=utf-8"),
            (#"{"inputs": [{"a": 1, "b": 2}]}"#, "application/json; charset=latin-1"),
            (#"{"inputs": [{"a": 1, "b": 2}]}"#, "text/plain"),
            ("[" + String(repeating: "[", count: 100), nil),
        ].map { (Data($0.0.utf8), $0.1) } + [
            (Data([0xff, 0xfe, 0x7b]), nil), (Data("{".utf8) + Data(repeating: 32, count: 17 << 20), nil),
        ]

    @Test(
        "`skiff-scorer`, `skiff serve` and `skiff predict` give the same bytes to every body, and predict exits 1 for a refusal"
    )
    func answers() throws {
        let folder = TemporaryDirectory()
        let model = folder.file("pair.skiff")
        let converted = try skiff("convert", Checkout.fixture("http/pair"), "-o", model, "--quiet")
        #expect(converted.status == 0, "\(converted.errors)")
        let servers = [
            try RunningCommand(Workshop.scorer(), ["--listen", "127.0.0.1:0", model]),
            try RunningCommand(Workshop.skiff(), ["serve", model, "--port", "0"]),
        ]
        let ports = try servers.map(chosenPort)
        for (server, port) in zip(servers, ports) { try waitUntilReady(server, port: port) }
        var refusals = 0
        for (number, request) in Self.requests.enumerated() {
            let shown = "\(number): \(String(decoding: request.body.prefix(80), as: UTF8.self))"
            let file = folder.file("request")
            try request.body.write(to: URL(fileURLWithPath: file))
            let option = request.type.map { ["--content-type", $0] } ?? []
            let predicted = try run(Workshop.skiff(), ["predict", model, "-i", file] + option)
            let looksLikeJSON = request.body.first { !" \n\t".utf8.contains($0) }.map { "{[".utf8.contains($0) } ?? true
            let type = request.type ?? (looksLikeJSON ? "application/json" : "text/csv")
            for port in ports {
                let answer = try ask("POST", "/invocations", port: port, body: request.body, type: type)
                #expect(predicted.text == answer.body, "\(shown)")
                #expect(
                    predicted.status == (answer.status == 200 ? 0 : 1), "\(shown): \(answer.status) \(predicted.errors)"
                )
                if answer.status != 200 { refusals += 1 }
            }
        }
        #expect(refusals > 20)
    }

    @Test("20 seconds of good, bad and slow traffic, and SIGTERM in the middle of it, are nothing to the server")
    func soak() throws {
        let script = Workshop.checkout.appendingPathComponent("Tests/soak.sh").path
        let result = try run(URL(fileURLWithPath: "/bin/sh"), [script, "20", Workshop.products.path])
        #expect(result.status == 0, "\(result.text)\(result.errors)")
    }
}
