import Diagnostics
import JSONText

/// Scores the recorded request and compares with the recorded answer, before the first client is served.
enum SelfTest {
    /// - Parameters:
    ///   - tolerance: how much a number may differ, in relation to its size; 0 for exactly.
    ///   - completion: gets the reason why the model must not serve, or nil.
    static func run(
        _ test: ServingConfiguration.SelfTest, on backend: any Backend, tolerance: Double,
        completion: @escaping (ServerError?) -> Void
    ) {
        let expected = test.response["predictions"] ?? test.response
        test.request.withUnsafeBytes { request in
            backend.score(request, isBare: true) { outcome in
                switch outcome {
                case .refusal(let error, _): completion(failed("the recorded request is refused: \(error.message)"))
                case .answer(let bytes, _):
                    guard let answer = try? JSONText.parse(Array(bytes)) else {
                        return completion(failed("the answer is not JSON"))
                    }
                    let place = difference(expected, answer, tolerance, path: "")
                    completion(place.map { failed("the answer differs from the recorded one at `\($0)`") })
                }
            }
        }
    }

    private static func failed(_ reason: String) -> ServerError {
        ServerError(
            .model, "cannot serve the model: \(quoted(reason))",
            hints: [
                "the model, its libraries or this machine's arithmetic are not those that the context was made with"
            ])
    }

    /// The JSON pointer of the first difference.
    private static func difference(_ left: JSONValue, _ right: JSONValue, _ tolerance: Double, path: String) -> String?
    {
        switch (left, right) {
        case (.number(let one), .number(let other)):
            guard let first = one.double, let second = other.double else { return one == other ? nil : path }
            return abs(first - second) <= tolerance * max(abs(first), abs(second)) ? nil : path
        case (.array(let ones), .array(let others)):
            guard ones.count == others.count else { return path }
            for (index, pair) in zip(ones, others).enumerated() {
                if let place = difference(pair.0, pair.1, tolerance, path: "\(path)/\(index)") { return place }
            }
            return nil
        case (.object(let one), .object(let other)):
            guard one.count == other.count else { return path }
            for (key, value) in one.members {
                guard let counterpart = other[key] else { return "\(path)/\(key)" }
                if let place = difference(value, counterpart, tolerance, path: "\(path)/\(key)") { return place }
            }
            return nil
        default: return left == right ? nil : path
        }
    }
}
