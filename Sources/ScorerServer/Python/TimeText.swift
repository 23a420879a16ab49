/// Nanoseconds since 1970 of a text that `isDateTime` accepts, on the proleptic Gregorian calendar, as pandas reads it; nil when
/// there is no such day, or the time is beyond what 64 bits hold.
func nanoseconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64 {
        bytes[range].reduce(0) { $0 * 10 + Int64($1 &- UInt8(ascii: "0")) }
    }
    guard bytes.count >= 10 else { return nil }
    let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard year > 0, (1...12).contains(month), day >= 1, day <= lengths[Int(month) - 1] else { return nil }
    var seconds = daysSince1970(year, month, day) * 86_400
    if bytes.count >= 16 { seconds += number(11..<13) * 3600 + number(14..<16) * 60 }
    if bytes.count >= 19 { seconds += number(17..<19) }
    var fraction: Int64 = 0
    if bytes.count > 20 {
        fraction = number(20..<bytes.count)
        for _ in (bytes.count - 20)..<9 { fraction *= 10 }
    }
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = scaled.addingReportingOverflow(fraction)
    // The least number means that there is no time.
    return overflow || carry || sum == .min ? nil : sum
}

/// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": days_from_civil.
private func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
}
