public import Hashing

extension FileTree {
    /// One digest of the whole tree: paths, modes and bytes.
    ///
    /// SHA-256 of this text: the line `skiff-tree 1`, then for each file in path order the line
    /// `MODE SHA256 SIZE PATH` (octal mode, lower-case hexadecimal, decimal bytes), each line ended by LF. It can be
    /// computed without skiff from the list of files in the manifest.
    public var digest: SHA256Digest {
        var text = "skiff-tree 1\n"
        for (path, entry) in files {
            text += "\(entry.mode.octal) \(entry.digest.hex) \(entry.size) \(path.text)\n"
        }
        return SHA256Digest(of: text)
    }
}
