import JSONText

/// Whether a JSON body asks as language models are asked, in the form that MLflow (since 2.20) calls unified: an object with
/// `messages`, `prompt` or `input` among its members.
///
/// A body that begins with one of MLflow's own four members is not looked at further; anything else costs one pass over it.
func isUnified(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var reader = JSONPullReader(bytes, limits: JSONLimits(maxDepth: 256, maxBytes: .max, maxNumberLength: .max))
    reader.takesNotFinite = true
    guard case .beginObject? = try? reader.next() else { return false }
    // What is no JSON is refused by the decoder, with its place.
    while case .key(let key)? = try? reader.next() {
        switch key {
        case "messages", "prompt", "input": return true
        case "dataframe_split", "dataframe_records", "inputs", "instances": return false
        default: guard (try? reader.skipValue()) != nil else { return false }
        }
    }
    return false
}
