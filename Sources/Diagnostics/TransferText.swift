/// How far a transfer is, in words: a bar for a terminal, a line for a log.
///
/// The rate is that of the last seconds, so that it follows the network and does not jump with each piece.
public struct TransferText: Sendable {
    /// What is known at one moment.
    public struct Moment: Sendable, Equatable {
        /// Seconds on a clock that only runs forward.
        public var seconds: Double
        /// Bytes that have come; may go back when an answer was void.
        public var doneBytes: Int
        /// Bytes in all.
        public var totalBytes: Int
        /// Files that are complete.
        public var doneFiles: Int
        /// Files in all.
        public var totalFiles: Int

        /// States all.
        public init(seconds: Double, doneBytes: Int, totalBytes: Int, doneFiles: Int, totalFiles: Int) {
            self.seconds = seconds
            self.doneBytes = doneBytes
            self.totalBytes = totalBytes
            self.doneFiles = doneFiles
            self.totalFiles = totalFiles
        }
    }

    private struct Sample {
        let seconds: Double
        let bytes: Int
    }

    private let title: String
    private var samples: [Sample] = []
    private var last: Moment?

    static let windowSeconds = 5.0
    static let samplesPerSecond = 4.0
    static let barWidth = 24

    /// - Parameter title: "downloading".
    public init(title: String) {
        self.title = title
    }

    /// Takes the newest moment.
    public mutating func take(_ moment: Moment) {
        last = moment
        if let newest = samples.last, moment.seconds - newest.seconds < 1 / Self.samplesPerSecond { return }
        samples.append(Sample(seconds: moment.seconds, bytes: moment.doneBytes))
        if let first = samples.firstIndex(where: { moment.seconds - $0.seconds <= Self.windowSeconds }), first > 0 {
            samples.removeFirst(first)
        }
    }

    /// Bytes per second over the last seconds; nil before there are any.
    var rate: Double? {
        guard let last, let first = samples.first, last.seconds - first.seconds >= 1 / Self.samplesPerSecond,
            last.doneBytes > first.bytes
        else { return nil }
        return Double(last.doneBytes - first.bytes) / (last.seconds - first.seconds)
    }

    /// One line for a terminal of `width` columns, without a line feed and never longer; what matters least is left out first.
    public func bar(width: Int) -> String {
        guard let last else { return "" }
        let part = last.totalBytes > 0 ? Double(last.doneBytes) / Double(last.totalBytes) : 1
        let share = min(max(part, 0), 1)
        let filled = Int(share * Double(Self.barWidth))
        let cells =
            String(repeating: "#", count: filled) + String(repeating: "-", count: Self.barWidth - filled)
        let percent = "\(Int(share * 100))%"
        let pieces = [
            "\(title) \(percent)", "[\(cells)]", "\(byteText(last.doneBytes)) of \(byteText(last.totalBytes))",
            "\(last.doneFiles)/\(last.totalFiles) files", rateText, leftText,
        ]
        // In the order of their worth: percent, bytes, rate, time left, files, bar.
        var kept: Set<Int> = []
        var length = 0
        for index in [0, 2, 4, 5, 3, 1] {
            guard let piece = pieces[index], length + piece.count + 2 < width else { continue }
            kept.insert(index)
            length += piece.count + 2
        }
        return pieces.indices.filter(kept.contains).compactMap { pieces[$0] }.joined(separator: "  ")
    }

    /// One line for a log, without a line feed.
    public var line: String {
        guard let last else { return title }
        let part = last.totalBytes > 0 ? Double(last.doneBytes) / Double(last.totalBytes) : 1
        let pieces = [
            "\(title): \(Int(min(max(part, 0), 1) * 100))%, \(byteText(last.doneBytes)) of \(byteText(last.totalBytes))",
            "\(last.doneFiles) of \(last.totalFiles) files", rateText, leftText,
        ]
        return pieces.compactMap { $0 }.joined(separator: ", ")
    }

    private var rateText: String? { rate.map { "\(byteText(Int($0)))/s" } }

    private var leftText: String? {
        guard let last, let rate, rate > 0 else { return nil }
        let seconds = Double(last.totalBytes - last.doneBytes) / rate
        guard seconds.isFinite, seconds < 360_000 else { return nil }
        return "\(durationText(Int(seconds.rounded(.up)))) left"
    }
}

/// `999 B`, `1.5 kB`, `12 MB`, `3.4 GB`: powers of 1,000, two or three digits.
public func byteText(_ count: Int) -> String {
    guard count >= 1000 else { return "\(count) B" }
    var value = Double(count)
    var unit = 0
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    while value >= 999.5, unit < units.count - 1 {
        value /= 1000
        unit += 1
    }
    let tenths = Int((value * 10).rounded())
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\(Int(value.rounded())) \(units[unit])"
}

/// `9 s`, `2 min 5 s`, `1 h 3 min`.
public func durationText(_ seconds: Int) -> String {
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s" }
    return seconds / 60 % 60 == 0 ? "\(seconds / 3600) h" : "\(seconds / 3600) h \(seconds / 60 % 60) min"
}
