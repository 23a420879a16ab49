import JSONText

/// Checks the `params` of a request against the declared ones, as strictly as MLflow does.
struct ParameterChecker: Sendable {
    let declared: [ServingConfiguration.Parameter]

    /// The parameters to pass: the declared ones in their order, given or default. Unknown names are dropped, as MLflow does.
    ///
    /// - Returns: nil when none are declared.
    func check(_ given: JSONValue?) throws(RequestError) -> JSONObject? {
        guard !declared.isEmpty else { return nil }
        let members: JSONObject
        switch given {
        case nil, .null?: members = JSONObject()
        case .object(let object)?: members = object
        case .bool?, .number?, .string?, .array?:
            throw RequestError(
                .invalidParameterValue,
                "Parameters must be a dictionary. /params: expected an object, got \(given?.kindInWords ?? "null").")
        }
        var checked = JSONObject()
        var problems = RequestProblems()
        for parameter in declared {
            guard let value = members[parameter.name] else {
                checked[parameter.name] = parameter.default
                continue
            }
            do throws(RequestError) { checked[parameter.name] = try check(value, parameter) } catch {
                problems.add(error)
            }
        }
        if let error = problems.error { throw error }
        return checked
    }

    private func check(
        _ value: JSONValue, _ parameter: ServingConfiguration.Parameter
    ) throws(RequestError) -> JSONValue {
        let path = "/params/\(escapedForPointer(parameter.name))"
        guard parameter.isList else {
            guard let fitting = converted(value, parameter.type) else {
                throw wrong(parameter, path, parameter.type.words, value)
            }
            return fitting
        }
        guard let elements = value.arrayValue else { throw wrong(parameter, path, "an array", value) }
        var fitting: [JSONValue] = []
        for (index, element) in elements.enumerated() {
            guard let item = converted(element, parameter.type) else {
                throw wrong(parameter, "\(path)/\(index)", parameter.type.words, element)
            }
            fitting.append(item)
        }
        return .array(fitting)
    }

    private func wrong(
        _ parameter: ServingConfiguration.Parameter, _ path: String, _ expected: String, _ value: JSONValue
    ) -> RequestError {
        let got =
            switch value {
            case .number(let number): quoted(String(number.text.prefix(40)))
            case .string(let text): "the string '\(quoted(String(text.prefix(40))))'"
            case .null, .bool, .array, .object: value.kindInWords
            }
        var error = RequestError(
            .invalidParameterValue,
            "Invalid parameters found: ('\(quoted(parameter.name))', \"\(path): expected \(expected), got \(got)\").")
        error.details = [
            RequestProblem(place: .pointer(path), column: nil, expected: expected, got: got)
        ]
        return error
    }

    /// The value as the model gets it, or nil when it does not fit: a whole number is taken for a float or double, nothing else
    /// is changed.
    private func converted(_ value: JSONValue, _ type: CellType) -> JSONValue? {
        let fits: Bool
        switch (type, value) {
        case (.boolean, .bool), (.string, .string), (.binary, .string), (.any, _): fits = true
        case (.datetime, .string(let text)): fits = isDateTime(text)
        case (.integer, .number(let number)): fits = number.int64.flatMap { Int32(exactly: $0) } != nil
        case (.long, .number(let number)): fits = number.int64 != nil
        case (.float, .number(let number)), (.double, .number(let number)):
            // A float in JSON text, so that Python reads a float and not an int.
            return number.double.map(JSONValue.double)
        default: fits = false
        }
        // Not by `?:`, where `nil` would be the value `null`.
        guard fits else { return nil }
        return value
    }
}
