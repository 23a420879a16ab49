import Diagnostics
import JSONText

/// One folder of a listing that comes in pages, however the pages are asked for.
///
/// Each entry must lie directly in the folder that was asked, by its bytes; a file that is asked as a folder lists itself, which
/// is no entry. A folder that lists itself, or a token that comes twice, ends the listing with an error.
struct PagedListing {
    /// The folder, as the server writes it in the paths of its entries; empty for a root whose entries are relative.
    let folder: String
    /// For people: the folder in the model.
    let shown: String
    /// Whether the letters of `folder` may differ in case from those in the listing: names in Unity Catalog have no case.
    let isRootInAnyCase: Bool
    let task: String
    private(set) var entries: [ListedEntry] = []
    private var seen: Set<String> = []
    private var pageCount = 0

    init(_ folder: String, shown: String, isRootInAnyCase: Bool = false, doing task: String) {
        self.folder = folder
        self.shown = shown
        self.isRootInAnyCase = isRootInAnyCase
        self.task = task
    }

    /// How the server names the parts of an entry.
    struct Keys {
        /// The list in the answer.
        let list: String
        let isFolder: String
        /// The time of change; nil when the listing has none.
        let version: String?

        /// MLflow's own listings.
        static let mlflow = Keys(list: "files", isFolder: "is_dir", version: nil)
        /// The Files API.
        static let files = Keys(list: "contents", isFolder: "is_directory", version: "last_modified")
        /// DBFS.
        static let dbfs = Keys(list: "files", isFolder: "is_dir", version: "modification_time")
    }

    /// Takes a page.
    ///
    /// - Parameter endsWhenEmpty: whether a page without entries is the last one, whatever token it has.
    /// - Returns: the token of the next page; nil after the last one.
    mutating func add(_ answer: JSONObject, _ keys: Keys, endsWhenEmpty: Bool) throws(RegistryError) -> String? {
        let list = answer[keys.list] ?? []
        guard let values = list.arrayValue else {
            throw RegistryError(.answer, "cannot \(task): `\(keys.list)` of the server's listing is not a list")
        }
        for value in values {
            guard let entry = try entry(value, keys) else { continue }
            entries.append(entry)
        }
        pageCount += 1
        guard entries.count + pageCount <= Listing.entryLimit else { throw Listing.tooMany(task) }
        let token = answer["next_page_token"]?.stringValue ?? ""
        guard !token.isEmpty, !(values.isEmpty && endsWhenEmpty) else { return nil }
        guard seen.insert(token).inserted else { throw circle }
        return token
    }

    /// - Returns: nil for a file that lists itself.
    private func entry(_ value: JSONValue, _ keys: Keys) throws(RegistryError) -> ListedEntry? {
        guard var path = value["path"]?.stringValue, !path.isEmpty else {
            throw RegistryError(.answer, "cannot \(task): the server lists a file without a path")
        }
        let isFolder = value[keys.isFolder]?.boolValue ?? false
        if isFolder, path.utf8.last == UInt8(ascii: "/") { path = String(Substring(path.utf8.dropLast())) }
        if path.utf8.count == folder.utf8.count, isFolderPrefix(of: path) {
            guard isFolder else { return nil }
            throw circle
        }
        guard let name = name(path) else {
            throw Listing.elsewhere(path, folder, task)
        }
        let size = value["file_size"]
        let bytes = isFolder ? nil : size?.intValue ?? size?.stringValue.flatMap(Listing.byteCount)
        guard isFolder || size == nil || size?.isNull == true || bytes ?? -1 >= 0 else {
            throw Listing.wrongSize(path, task)
        }
        let change = keys.version.flatMap { value[$0] }
        return ListedEntry(
            path: joined(shown, name), isFolder: isFolder, size: bytes,
            version: change?.stringValue ?? change?.intValue.map(String.init))
    }

    /// The name of `path` in the folder; nil when it lies elsewhere.
    private func name(_ path: String) -> String? {
        var rest = path.utf8[...]
        if !folder.isEmpty {
            guard isFolderPrefix(of: path) else { return nil }
            rest = rest.dropFirst(folder.utf8.count)
            if folder.utf8.last != UInt8(ascii: "/") {
                guard rest.popFirst() == UInt8(ascii: "/") else { return nil }
            }
        }
        guard !rest.isEmpty, !rest.contains(UInt8(ascii: "/")) else { return nil }
        return String(Substring(rest))
    }

    /// Whether `path` begins with the folder.
    private func isFolderPrefix(of path: String) -> Bool {
        let start = path.utf8.prefix(folder.utf8.count)
        guard isRootInAnyCase else { return start.elementsEqual(folder.utf8) }
        // The part below the root comes from an earlier page and is compared exactly.
        let below = shown.isEmpty ? 0 : shown.utf8.count + 1
        let root = folder.utf8.count - below
        return start.count == folder.utf8.count
            && start.dropFirst(root).elementsEqual(folder.utf8.dropFirst(root))
            && start.prefix(root).elementsEqual(folder.utf8.prefix(root)) { Self.lowercased($0) == Self.lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }

    private var circle: RegistryError { Listing.circle(shown, task) }
}
