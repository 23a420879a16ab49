import Diagnostics
import JSONText

/// Scores the recorded requests and compares with the recorded answers, before the first client is served.
enum SelfTest {
    /// Runs `tests` one after the other, until one fails.
    ///
    /// - Parameters:
    ///   - tolerance: how much a number may differ, in relation to its size; nil for not in one bit.
    ///   - completion: gets the reason why the model must not serve, or nil.
    static func run(
        _ tests: ArraySlice<ServingConfiguration.SelfTest>, on backend: any Backend, tolerance: Double?,
        completion: @escaping (ServerError?) -> Void
    ) {
        guard let test = tests.first else { return completion(nil) }
        run(test, on: backend, tolerance) { problem in
            if let problem { return completion(problem) }
            run(tests.dropFirst(), on: backend, tolerance: tolerance, completion: completion)
        }
    }

    private static func run(
        _ test: ServingConfiguration.SelfTest, on backend: any Backend, _ tolerance: Double?,
        completion: @escaping (ServerError?) -> Void
    ) {
        let expected = test.response["predictions"] ?? test.response
        test.request.withUnsafeBytes { request in
            backend.score(ScoringRequest(request, .bareJSON)) { outcome in
                switch outcome {
                case .refusal(let error, _):
                    completion(failed(test, "the recorded request is refused: \(error.message)"))
                case .answer(let bytes, _):
                    guard let answer = try? JSONText.parse(Array(bytes)) else {
                        return completion(failed(test, "the answer is not JSON"))
                    }
                    let difference = Difference.first(expected, answer, tolerance, path: "")
                    completion(difference.map { failed(test, $0.words) })
                }
            }
        }
    }

    private static func failed(_ test: ServingConfiguration.SelfTest, _ reason: String) -> ServerError {
        ServerError(
            .model, "cannot serve the model: \(quoted(reason))",
            place: Place(file: test.file),
            hints: [
                "the model, its libraries or this machine's arithmetic are not those that the context was made with"
            ])
    }
}

/// Where two answers are not the same.
private struct Difference {
    /// A JSON pointer into the answers.
    let pointer: String
    let expected: JSONValue
    let answered: JSONValue

    var words: String {
        "the answer\(pointer.isEmpty ? "" : " at `\(pointer)`") is \(Self.words(answered)), and \(Self.words(expected)) was recorded"
    }

    // Numbers, texts and the like whole; of a list it is enough that it is one, and how long.
    private static func words(_ value: JSONValue) -> String {
        switch value {
        case .array(let items): "a list of \(items.count)"
        case .object(let object): "an object of \(object.count)"
        default: JSONWriter.text(value, style: .compact)
        }
    }

    /// The first one; nil when there is none.
    static func first(
        _ expected: JSONValue, _ answered: JSONValue, _ tolerance: Double?, path: String
    ) -> Difference? {
        let here = Difference(pointer: path, expected: expected, answered: answered)
        switch (expected, answered) {
        case (.number(let one), .number(let other)):
            return areEqual(one, other, tolerance) ? nil : here
        case (.array(let ones), .array(let others)):
            guard ones.count == others.count else { return here }
            for (index, pair) in zip(ones, others).enumerated() {
                if let found = first(pair.0, pair.1, tolerance, path: "\(path)/\(index)") { return found }
            }
            return nil
        case (.object(let one), .object(let other)):
            guard one.count == other.count else { return here }
            for (key, value) in one.members {
                guard let counterpart = other[key] else { return here }
                if let found = first(value, counterpart, tolerance, path: "\(path)/\(key)") { return found }
            }
            return nil
        default: return expected == answered ? nil : here
        }
    }

    private static func areEqual(_ one: JSONNumber, _ other: JSONNumber, _ tolerance: Double?) -> Bool {
        guard let first = one.double, let second = other.double else { return one == other }
        guard let tolerance else { return first.bitPattern == second.bitPattern }
        return abs(first - second) <= tolerance * max(abs(first), abs(second))
    }
}
