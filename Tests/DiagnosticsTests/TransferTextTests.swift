import Testing

@testable import Diagnostics

@Suite struct TransferTextTests {
    /// A transfer of 1.5 GB in 201 files, 10 MB/s from second 0 on.
    static func text(after seconds: Double) -> TransferText {
        var text = TransferText(title: "downloading")
        for quarter in 0...Int(seconds * 4) {
            let now = Double(quarter) / 4
            text.take(
                .init(
                    seconds: now, doneBytes: Int(now * 1e7), totalBytes: 1_500_000_000, doneFiles: Int(now),
                    totalFiles: 201))
        }
        return text
    }

    @Test("the bar has bytes, rate, files and time left, and gives up what matters least on a narrow terminal")
    func bar() {
        let text = Self.text(after: 30)
        #expect(
            text.bar(width: 100)
                == "downloading 20%  [####--------------------]  300 MB of 1.5 GB  30/201 files  10 MB/s  2 min left")
        #expect(
            text.bar(width: 80) == "downloading 20%  300 MB of 1.5 GB  30/201 files  10 MB/s  2 min left")
        #expect(text.bar(width: 50) == "downloading 20%  300 MB of 1.5 GB  10 MB/s")
        for width in 1...120 { #expect(text.bar(width: width).count < width) }
    }

    @Test("a log gets a whole line")
    func line() {
        #expect(
            Self.text(after: 30).line
                == "downloading: 20%, 300 MB of 1.5 GB, 30 of 201 files, 10 MB/s, 2 min left")
    }

    @Test("the rate is that of the last five seconds")
    func rate() {
        var text = Self.text(after: 30)
        for second in 31...40 {
            text.take(
                .init(
                    seconds: Double(second), doneBytes: 300_000_000 + (second - 30) * 1_000_000,
                    totalBytes: 1_500_000_000, doneFiles: 30, totalFiles: 201))
        }
        #expect(text.rate == 1_000_000)
    }

    @Test("before there is a rate, and while nothing comes, none is told")
    func noRate() {
        var text = TransferText(title: "downloading")
        #expect(text.bar(width: 80) == "")
        text.take(.init(seconds: 5, doneBytes: 10, totalBytes: 100, doneFiles: 0, totalFiles: 2))
        #expect(text.line == "downloading: 10%, 10 B of 100 B, 0 of 2 files")
        text.take(.init(seconds: 9, doneBytes: 0, totalBytes: 100, doneFiles: 0, totalFiles: 2))
        #expect(text.line == "downloading: 0%, 0 B of 100 B, 0 of 2 files")
    }

    @Test("a model of empty files is complete")
    func empty() {
        var text = TransferText(title: "downloading")
        text.take(.init(seconds: 0, doneBytes: 0, totalBytes: 0, doneFiles: 1, totalFiles: 1))
        #expect(text.line == "downloading: 100%, 0 B of 0 B, 1 of 1 files")
    }

    @Test(
        "bytes in powers of 1,000",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1549, "1.5 kB"), (9_950, "10 kB"), (999_499, "999 kB"),
            (999_500, "1.0 MB"), (1_500_000_000, "1.5 GB"), (Int.max, "9.2 EB"),
        ])
    func bytes(count: Int, text: String) {
        #expect(byteText(count) == text)
    }

    @Test(
        "durations in two units",
        arguments: [(0, "0 s"), (59, "59 s"), (60, "1 min"), (125, "2 min 5 s"), (3600, "1 h"), (3785, "1 h 3 min")])
    func durations(seconds: Int, text: String) {
        #expect(durationText(seconds) == text)
    }
}
