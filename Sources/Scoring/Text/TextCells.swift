/// The texts of a block of rows, for the columns whose words count. Memory is kept between requests.
struct TextCells: Sendable {
    /// All texts in UTF-8, one after the other.
    private(set) var bytes: [UInt8] = []
    // [rows x width], row-major.
    private var places: [Place] = []
    /// The number of columns whose texts are kept.
    let width: Int

    private struct Place {
        var start: Int
        /// -1 for a missing text.
        var count: Int
    }

    init(width: Int) { self.width = width }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    /// Adds rows whose texts are missing.
    mutating func appendRows(_ count: Int) {
        if width > 0 { places.append(contentsOf: repeatElement(Place(start: 0, count: -1), count: count * width)) }
    }

    mutating func set(_ text: UnsafeBufferPointer<UInt8>, row: Int, place: Int) {
        places[row * width + place] = Place(start: bytes.count, count: text.count)
        bytes.append(contentsOf: text)
    }

    mutating func setMissing(row: Int, place: Int) { places[row * width + place].count = -1 }

    /// Where the text of a cell lies in `bytes`; nil when it is missing.
    func range(row: Int, place: Int) -> Range<Int>? {
        let place = places[row * width + place]
        return place.count < 0 ? nil : place.start..<place.start + place.count
    }
}

/// What operators need to read texts: the block's, and memory to take them apart, which grows as texts demand it.
final class TextRows {
    var cells = TextCells(width: 0)
    var pieces = TextPieces()
    var counts = TermCounts()
    /// What the fused steps of a program hand on, by their place.
    var sparse: [SparseRows] = []
}
