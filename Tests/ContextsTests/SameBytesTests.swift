import Contexts
import FileTrees
import Glibc
import Hashing
import Platform
import Registry
import TestKit
import Testing

@Suite struct SameBytesTests {
    @Test("the same model from two folders gives the same bytes", arguments: ["credit-default", "credit-monitor"])
    func anyFolder(_ name: String) throws {
        let folder = TemporaryDirectory()
        let copy = try run("cp", ["-r", Checkout.example(name + "/model"), folder.file("another name")])
        #expect(copy.isSuccess)
        let one = try LocalFolder.read(Checkout.example(name + "/model"))
        let two = try LocalFolder.read(folder.file("another name"))
        let contexts = try [one, two].map { local in
            try Workbench.context(
                DescribedModel(local.tree, shownName: local.tree.digest.hex, identity: local.identity))
        }
        #expect(contexts[0].tree == contexts[1].tree)
        #expect(contexts[0].digest == contexts[1].digest)
        let manifest = try Workbench.text(Manifest.path, of: contexts[1].tree)
        #expect(!manifest.contains("another name"))
        #expect(!manifest.contains(folder.path))
    }

    @Test("folder and archive hold the same tree")
    func archive() throws {
        let folder = TemporaryDirectory()
        let context = try Workbench.context()
        try context.writeFolder(at: folder.file("out"), replacing: false, time: 0)
        try context.writeTar(at: folder.file("out.tar"), time: 0)
        try folder.write("unpacked/keep", "")
        #expect(try run("tar", ["-C", folder.file("unpacked"), "-xf", folder.file("out.tar")]).isSuccess)
        #expect(try DirectoryReader.read(folder.file("out")) == context.tree)
        let unpacked = try DirectoryReader.read(folder.file("unpacked")).filter { $0.text != "keep" }
        #expect(unpacked == context.tree)
    }

    @Test("the digest of the context is that of all files but the manifest, and the manifest records it")
    func digest() throws {
        let context = try Workbench.context()
        #expect(context.tree.filter { $0 != Manifest.path }.digest == context.digest)
        let manifest = try Manifest.parse(#require(context.tree[Manifest.path]).region(), file: "manifest.json")
        #expect(manifest.contextDigest == context.digest)
        #expect(try manifest.tree().digest == context.digest)
    }
}
