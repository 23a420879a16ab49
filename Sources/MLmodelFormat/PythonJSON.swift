import Bytes
import JSONText

/// The JSON files that MLflow writes with Python's `json.dump`, which has a token `NaN` that JSON does not have.
///
/// MLflow means a missing value by it (`_handle_dataframe_nans` turns NaN into null where pandas allows), so it is read
/// as null. `Infinity` stands for no JSON value and stays an error.
enum PythonJSON {
    /// Whole training tables have been logged as examples; no more than this is read of one.
    static let limits = JSONLimits(maxBytes: 64 << 20)

    static func parse(_ region: ByteRegion, file: String) throws(MLmodelError) -> JSONValue {
        do {
            return try JSONText.parse(region, limits: limits)
        } catch {
            guard error.kind == .notFinite("NaN") else { throw MLmodelError(error, file: file) }
        }
        do {
            return try JSONText.parse(withNulls(region), limits: limits)
        } catch {
            throw MLmodelError(error, file: file)
        }
    }

    /// The text with every `NaN` outside strings written as `null`.
    private static func withNulls(_ region: ByteRegion) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(region.count + region.count / 8)
        var isInString = false
        var index = 0
        while index < region.count {
            let byte = region[index]
            let isNaN = !isInString && byte == UInt8(ascii: "N") && region.startsWithNaN(at: index)
            if isNaN {
                bytes += "null".utf8
                index += 3
                continue
            }
            if byte == UInt8(ascii: "\"") { isInString.toggle() }
            bytes.append(byte)
            if isInString, byte == UInt8(ascii: "\\"), index + 1 < region.count {
                index += 1
                bytes.append(region[index])
            }
            index += 1
        }
        return bytes
    }
}

extension ByteRegion {
    fileprivate func startsWithNaN(at index: Int) -> Bool {
        index + 3 <= count && slice(index..<index + 3).elementsEqual("NaN".utf8)
    }
}
