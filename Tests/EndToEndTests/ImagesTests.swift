import Foundation
import Glibc
import TestKit
import Testing

/// Builds the contexts with buildah and runs the images. Serial: a build takes both cores and a good part of the disk.
@Suite("Images: built by buildah, run by their own entrypoint", .serialized)
struct ImagesTests {
    private func script(_ name: String, _ arguments: String..., within seconds: Int) throws -> CommandResult {
        let file = Workshop.imageScripts.appendingPathComponent(name).path
        let result = try run(URL(fileURLWithPath: "/bin/sh"), [file] + arguments, within: seconds)
        guard result.status == 0 else {
            throw MissingPart(
                description: "\(name) ended with status \(result.status):\n\(result.text)\n\(result.errors)")
        }
        return result
    }

    @Test(
        "the image of an example answers right, runs as a numeric user and ends with status 0 on SIGTERM",
        arguments: Example.all)
    func image(_ example: Example) throws {
        let folder = TemporaryDirectory()
        try pack(example.model, into: folder.file("context"))
        let image = "localhost/skiff-test-\(example.name):1"
        _ = try script("build-context.sh", folder.file("context"), image, within: 1200)

        let port = try Workshop.freePort()
        let container = try RunningCommand(
            URL(fileURLWithPath: "/bin/sh"),
            [Workshop.imageScripts.appendingPathComponent("run-image.sh").path, image, "\(port)"])
        try waitUntilReady(container, port: port, path: "/ready", within: 180)
        try example.expectRight(ask("POST", "/invocations", port: port, body: example.request()))

        // The image's own health check, in a container of its own beside the server.
        _ = try script("check-image.sh", folder.file("context"), image, "\(port)", "0", within: 60)

        let scorer = try #require(descendant(of: container.identifier, named: "skiff-scorer"))
        let status = try String(contentsOfFile: "/proc/\(scorer)/status", encoding: .utf8)
        #expect(status.contains("\nUid:\t10001\t"), "\(status)")
        kill(scorer, SIGTERM)
        #expect(try container.finish(within: 60).status == 0, "\(container.errors)")
        _ = try script("check-image.sh", folder.file("context"), image, "\(port)", "1", within: 60)
    }
}
