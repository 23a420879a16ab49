public import Bytes

/// Reads the YAML of model folders into values with marks, under limits.
///
/// Read: one document of block and flow lists and mappings, plain, quoted and block text, comments, anchors and
/// aliases (PyYAML writes `&id001`). Refused, each with its line and column: a key that is not text or that repeats,
/// merge keys, explicit tags, a second document, an alias to a value that contains it, text that is not UTF-8, and
/// whatever passes `YAMLLimits`. Scalars are never typed here.
public enum YAMLText {
    /// - Parameters:
    ///   - file: the name shown in errors.
    /// - Throws: `YAMLError`; an empty text or one of comments only is `.empty`.
    public static func parse(
        _ region: ByteRegion, file: String, limits: YAMLLimits = .standard
    ) throws(YAMLError) -> YAMLNode {
        guard region.count <= limits.maxBytes else {
            throw YAMLError(.tooLarge(limit: limits.maxBytes, count: region.count), file: file)
        }
        guard region.count > 0 else { throw YAMLError(.empty, file: file) }
        var composer = YAMLComposer(limits: limits)
        var parser = try YAMLParser.open(region, file: file)
        return try composer.document(from: &parser)
    }
}
