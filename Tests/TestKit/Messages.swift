import Diagnostics

/// What a person reads of an error: the whole text, without colours.
public func message(of error: any Error) -> String { Rendering.text(Diagnostic.wrapping(error), colour: false) }

/// What a person reads when `body` throws; "no error" when it does not.
public func message<Result: ~Copyable>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return "no error"
    } catch {
        return message(of: error)
    }
}
