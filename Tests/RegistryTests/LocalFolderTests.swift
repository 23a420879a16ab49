import FileTrees
import Glibc
import Hashing
import Registry
import TestKit
import Testing

@Suite struct LocalFolderTests {
    @Test("a folder is read with digests, and known by its own name only")
    func read() throws {
        let folder = TemporaryDirectory()
        try folder.write("churn/MLmodel", "flavors: {}\n")
        try folder.write("churn/data/model.pkl", "bytes")
        let model = try LocalFolder.read(folder.file("churn/data/../"))
        #expect(model.tree.paths.map(\.text) == ["MLmodel", "data/model.pkl"])
        #expect(model.tree["data/model.pkl"]?.digest == SHA256Digest(of: "bytes"))
        #expect(model.identity == SourceIdentity(kind: .folder, reference: "churn"))
    }

    @Test("the folder itself may be a link, and is known by its real name")
    func linked() throws {
        let folder = TemporaryDirectory()
        try folder.write("churn/MLmodel", "")
        symlink("churn", folder.file("current"))
        #expect(try LocalFolder.read(folder.file("current")).identity.reference == "churn")
    }

    @Test("what is no model says so, and how to name one")
    func refusals() throws {
        let folder = TemporaryDirectory()
        try folder.write("churn/MLmodel", "")
        try folder.write("empty/readme", "")
        try folder.write("churn.tar", "")
        let path = folder.path
        #expect(
            message { try LocalFolder.read("nowhere/3") } == """
                error: cannot find the model `nowhere/3`: there is no such file or folder
                hint: for a registered model write `models:/nowhere/3`

                """)
        #expect(
            message { try LocalFolder.read("nowhere") } == """
                error: cannot find the model `nowhere`: there is no such file or folder
                hint: for a registered model write `models:/nowhere/VERSION`

                """)
        #expect(
            message { try LocalFolder.read("churn.skiff") }
                == "error: cannot find the model `churn.skiff`: there is no such file or folder\n")
        #expect(
            message { try LocalFolder.read(path + "/x") }
                == "error: cannot find the model `\(path)/x`: there is no such file or folder\n")
        #expect(
            message { try LocalFolder.read(path + "/churn/MLmodel") } == """
                error: cannot use `\(path)/churn/MLmodel` as a model: it is neither a folder with an `MLmodel` nor an archive of one
                hint: name the folder: `\(path)/churn`

                """)
        #expect(
            message { try LocalFolder.read(path + "/churn.tar") } == """
                error: cannot use `\(path)/churn.tar` as a model: it is neither a folder with an `MLmodel` nor an archive of one
                hint: name the folder that `mlflow.MODEL.save_model(…, path)` made, or a .tar, .tar.gz, .tar.zst or .zip of it

                """)
        #expect(
            message { try LocalFolder.read(path + "/empty") } == """
                error: cannot use `\(path)/empty`: it has no file `MLmodel`, so it is no MLflow model
                hint: name the folder that holds `MLmodel`; `mlflow.MODEL.save_model(…, path)` makes one

                """)
    }

    @Test("a link inside is refused, wherever it leads", arguments: ["/etc/passwd", "MLmodel", "nowhere"])
    func innerLink(target: String) throws {
        let folder = TemporaryDirectory()
        try folder.write("churn/MLmodel", "")
        symlink(target, folder.file("churn/data"))
        let path = folder.file("churn")
        #expect(
            message { try LocalFolder.read(path) } == """
                error: cannot use the model in `\(path)`: cannot read `\(path)/data`: it is a symbolic link, which is not followed
                hint: replace it by a plain file: a model and a context hold nothing else

                """)
    }

    @Test("a pipe inside is refused and not waited for")
    func pipe() throws {
        let folder = TemporaryDirectory()
        try folder.write("churn/MLmodel", "")
        #expect(mkfifo(folder.file("churn/pipe"), 0o600) == 0)
        #expect(message { try LocalFolder.read(folder.file("churn")) }.contains("it is neither a file nor a folder"))
    }
}
