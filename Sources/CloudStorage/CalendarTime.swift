/// A second of the Gregorian calendar in UTC, in the forms that storages write and read.
public struct CalendarTime: Sendable, Equatable {
    /// Seconds since 1970-01-01 00:00 UTC.
    public let seconds: Int

    /// A time from 0 to 253402300799 (the year 9999); what lies outside is moved to the nearest end.
    public init(seconds: Int) {
        self.seconds = min(max(seconds, 0), 253_402_300_799)
    }

    /// `20260102T030405Z`, as Signature Version 4 writes it.
    public var basicText: String {
        let (year, month, day) = date
        return "\(digits(year, 4))\(digits(month, 2))\(digits(day, 2))T"
            + "\(digits(seconds / 3600 % 24, 2))\(digits(seconds / 60 % 60, 2))\(digits(seconds % 60, 2))Z"
    }

    /// `Fri, 02 Jan 2026 03:04:05 GMT` (RFC 9110, section 5.6.7).
    public var httpText: String {
        let (year, month, day) = date
        // 1970-01-01 was a Thursday.
        let weekday = Self.weekdays[(seconds / 86_400 + 4) % 7]
        return "\(weekday), \(digits(day, 2)) \(Self.months[month - 1]) \(digits(year, 4)) "
            + "\(digits(seconds / 3600 % 24, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2)) GMT"
    }

    /// Reads the form of `httpText`, the only one that servers may send; nil for anything else. The name of the day is
    /// not checked.
    public init?(httpText: String) {
        let words = httpText.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[0].utf8.count == 4, words[0].hasSuffix(","),
            let day = number(words[1], 1...31), let month = Self.months.firstIndex(of: String(words[2])),
            let year = number(words[3], 1970...9999)
        else { return nil }
        let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = number(clock[0], 0...23), let minute = number(clock[1], 0...59),
            let second = number(clock[2], 0...60)
        else { return nil }
        let days = Self.days(year, month + 1, day)
        self.init(seconds: ((days * 24 + hour) * 60 + minute) * 60 + second)
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    // Both ways after H. Hinnant, "chrono-compatible low-level date algorithms": years begin in March, eras have 400
    // years.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private var date: (year: Int, month: Int, day: Int) {
        let days = seconds / 86_400 + 719_468
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = days / 146_097 * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

private func digits(_ number: Int, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
}

private func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
    guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
        let value = Int(text), range.contains(value)
    else { return nil }
    return value
}
