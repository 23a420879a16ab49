import Bytes
import JSONText
import TestKit
import Testing

/// Python's json, made as strict as we are, answers for each line of hexadecimal whether it is JSON, and how it writes it.
private let judge = """
    import json, sys
    def refuse(word): raise ValueError(word)
    def unique(pairs):
        if len(set(k for k, _ in pairs)) < len(pairs): raise ValueError("duplicate")
        return dict(pairs)
    sys.set_int_max_str_digits(0)
    class Number(float):
        def __new__(cls, text): return float.__new__(cls, 0)
    for line in sys.stdin:
        try:
            text = bytes.fromhex(line).decode("utf-8")
            if text.startswith("\\ufeff"): raise ValueError("mark")
            value = json.loads(text, parse_constant=refuse, object_pairs_hook=unique, parse_float=Number, parse_int=Number)
            json.dumps(value, ensure_ascii=False).encode("utf-8")
            print("yes " + json.dumps(value))
        except (ValueError, RecursionError):
            print("no")
    """

@Test("damaged documents are accepted and refused as by Python's json made strict")
func damagedDocuments() throws {
    let seeds = [
        #"{"a":[1,-2.5e+10,0.1,{"b":null}],"c":"x\u00e9\ud83d\ude42\n","d":true,"é":[]}"#,
        #"[[[]],{"":{}},"",0,-0,1E5,false,"\\\"\/\b\f\n\r\t",[1,2,3]]"#,
        "\"é€🙂 plain text of some length, longer than a word\"", " [ 1 , 2 ] ", "NaN", "-Infinity",
        "12345678901234567890123",
    ]
    let pieces: [[UInt8]] =
        ["\"", "\\", "\\u", "d800", ",", ":", "[", "]", "{", "}", "0", "-", "e", ".", " ", "\u{0}", "1", "é"]
        .map { Array($0.utf8) } + [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x80]]
    var random = SplitMix64(seed: 11)
    var documents: [[UInt8]] = seeds.map { Array($0.utf8) }
    for _ in 0..<8000 {
        var document = documents[Int.random(in: 0..<seeds.count, using: &random)]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let index = Int.random(in: 0...document.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where index < document.count: document.remove(at: index)
            case 1: document.removeSubrange(index...)
            case 2 where index < document.count:
                let other = Int.random(in: 0..<document.count, using: &random)
                document.swapAt(index, other)
            default: document.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)], at: index)
            }
        }
        documents.append(document)
    }
    let input = documents.map { Hexadecimal.encode($0) + "\n" }.joined()
    let answers = try python(judge, input: Array(input.utf8))
    let lines = answers.outputText.split(separator: "\n")
    try #require(lines.count == documents.count, "\(answers.errorText)")
    var accepted = 0
    for (document, answer) in zip(documents, lines) {
        let text = String(decoding: document, as: UTF8.self)
        do throws(JSONError) {
            let value = try JSONText.parse(document)
            accepted += 1
            #expect("yes " + JSONWriter.text(withoutNumbers(value), style: .python) == answer, "\(text)")
        } catch {
            #expect(answer == "no", "\(text): \(error.reason) (seed \(random.seed))")
        }
    }
    #expect(accepted > 500)
}

/// Numbers are judged elsewhere; here each becomes 0.0, as in the judge.
private func withoutNumbers(_ value: JSONValue) -> JSONValue {
    switch value {
    case .number: .double(0)
    case .array(let elements): .array(elements.map(withoutNumbers))
    case .object(let object):
        .object(JSONObject(object.members.map { (key: $0.key, value: withoutNumbers($0.value)) }))
    case .null, .bool, .string: value
    }
}
