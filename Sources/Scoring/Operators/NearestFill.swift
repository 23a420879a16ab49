import JSONText

/// Fills missing cells with means of the nearest rows of a table, as scikit-learn's `KNNImputer`.
///
/// scikit-learn finds distances through matrix products, whose rounding depends on the processor and on the number of rows of a
/// request. This finds them directly, with a bound of scikit-learn's error, and refuses a row where the error could choose other
/// neighbours. Whole numbers up to 2^20 have no error. Means weighted by distance would hang on that error near a row of the table.
struct NearestFill: Operator {
    static let name = "nearestFill"
    private let inputs: [Slot]
    private let outputs: Range<Slot>
    // [rows x inputs], NaN is missing.
    private let table: NumberArray<Double>
    private let rowCount: Int
    private let means: NumberArray<Double>
    private let neighbours: Int
    private let needsAll: Bool
    private let isWhole: Bool
    // Per row of the table, the sum of squares.
    private let squares: [Double]
    private let columns: [String?]
    private static let largestWhole = Double(1 << 20)

    init(_ fields: inout OperatorFields) throws(ScoringError) {
        inputs = fields.inputs
        outputs = fields.outputs
        let table = try fields.float64("table")
        let width = inputs.count
        guard width > 0, table.count.isMultiple(of: width), table.count > 0 else {
            throw fields.error("`table` has not one number per input and row")
        }
        guard table.buffer.allSatisfy({ !$0.isInfinite }) else { throw fields.error("`table` is not all finite") }
        self.table = table
        rowCount = table.count / width
        means = try fields.float64("means", count: width)
        neighbours = try fields.integer("neighbours", in: 1...max(1, rowCount))
        needsAll = try fields.flag("needsAll")
        columns = try fields.columns("columns", count: width)
        isWhole = width <= 1000 && table.buffer.allSatisfy { $0.isNaN || Self.isWhole($0) }
        squares = (0..<rowCount).map { row in
            (0..<width).reduce(0) { sum, column in
                let value = table[row * width + column]
                return value.isNaN ? sum : sum + value * value
            }
        }
        try fields.expectOutputs(width)
    }

    private static func isWhole(_ value: Double) -> Bool {
        value.rounded() == value && abs(value) <= largestWhole
    }

    func scratchByteCount(rows: Int) -> Int { (3 * rowCount + neighbours) * MemoryLayout<Double>.stride }

    func run(_ block: RowBlock) throws(ScoringError) {
        for index in 0..<inputs.count {
            let (source, target) = (block[inputs[index]], block[outputs.lowerBound + index])
            for row in 0..<block.rows { target[row] = source[row] }
        }
        for row in 0..<block.rows {
            var isMeasured = false
            for column in 0..<inputs.count where block[inputs[column]][row].isNaN && !means[column].isNaN {
                if !isMeasured { measure(block, row) }
                isMeasured = true
                guard let value = fill(column, block) else {
                    throw ScoringError.rejected(
                        row: block.firstRow + row, column: columns[column],
                        "the value is missing, and the rows of the training table that are nearest are too much alike in "
                            + "distance for one answer on every processor")
                }
                block[outputs.lowerBound + column][row] = value
            }
        }
    }

    private var width: Int { inputs.count }

    /// The distances to all rows of the table: scratch holds the distance, the least and the most that scikit-learn could find; NaN
    /// without a common cell.
    private func measure(_ block: RowBlock, _ row: Int) {
        let distances = block.scratch.bindMemory(to: Double.self, capacity: 3 * rowCount)
        var (own, hasWhole) = (0.0, isWhole)
        for slot in inputs {
            let value = block[slot][row]
            if value.isNaN { continue }
            own += value * value
            if hasWhole, !Self.isWhole(value) { hasWhole = false }
        }
        for other in 0..<rowCount {
            let cells = table.base + other * width
            var (sum, present) = (0.0, 0)
            for column in 0..<width {
                let difference = block[inputs[column]][row] - cells[column]
                if difference.isNaN { continue }
                sum += difference * difference
                present += 1
            }
            guard present > 0 else {
                for part in 0..<3 { distances[part * rowCount + other] = .nan }
                continue
            }
            let scale = Double(width)
            let square = sum / Double(present) * scale
            let error =
                hasWhole
                ? 0
                : (Double(2 * width + 8) * (own + squares[other]) / Double(present) * scale + 4 * square)
                    * Double.ulpOfOne
            distances[other] = square.squareRoot()
            distances[rowCount + other] = max(0, square - error).squareRoot()
            distances[2 * rowCount + other] = (square + error).squareRoot()
        }
    }

    /// The value for a missing cell, nil when it is not certain.
    private func fill(_ column: Int, _ block: RowBlock) -> Double? {
        let distances = block.scratch.assumingMemoryBound(to: Double.self)
        let chosen = (block.scratch + 3 * rowCount * MemoryLayout<Double>.stride)
            .bindMemory(to: Int.self, capacity: neighbours)
        var (count, donors, valid) = (0, 0, 0)
        for row in 0..<rowCount where !value(row, column).isNaN {
            donors += 1
            let distance = distances[row]
            if distance.isNaN { continue }
            valid += 1
            if count == neighbours, distance >= distances[chosen[count - 1]] { continue }
            var place = count == neighbours ? count - 1 : count
            while place > 0, distances[chosen[place - 1]] > distance {
                chosen[place] = chosen[place - 1]
                place -= 1
            }
            chosen[place] = row
            if count < neighbours { count += 1 }
        }
        if valid == 0 { return means[column] }
        if needsAll, valid < min(neighbours, donors) { return nil }
        if valid > count, !isCertain(column, chosen, count, distances) { return nil }
        return mean(column, chosen, count)
    }

    private func value(_ row: Int, _ column: Int) -> Double { table[row * width + column] }

    /// No other rows could be the nearest ones, or they hold the same value.
    private func isCertain(
        _ column: Int, _ chosen: UnsafeMutablePointer<Int>, _ count: Int, _ distances: UnsafeMutablePointer<Double>
    ) -> Bool {
        let last = distances[chosen[count - 1]]
        var highest = 0.0
        for index in 0..<count { highest = max(highest, distances[2 * rowCount + chosen[index]]) }
        var lowest = Double.infinity
        for row in 0..<rowCount where !value(row, column).isNaN && !distances[row].isNaN && distances[row] >= last {
            if isAmong(row, chosen, count) { continue }
            lowest = min(lowest, distances[rowCount + row])
        }
        if lowest > highest { return true }
        var common: Double?
        for row in 0..<rowCount where !value(row, column).isNaN && !distances[row].isNaN {
            guard distances[rowCount + row] <= highest, distances[2 * rowCount + row] >= lowest else { continue }
            if let common, common != value(row, column) { return false }
            common = value(row, column)
        }
        return true
    }

    private func isAmong(_ row: Int, _ chosen: UnsafeMutablePointer<Int>, _ count: Int) -> Bool {
        for index in 0..<count where chosen[index] == row { return true }
        return false
    }

    private func mean(_ column: Int, _ chosen: UnsafeMutablePointer<Int>, _ count: Int) -> Double {
        var sum = 0.0
        for index in 0..<count { sum += value(chosen[index], column) }
        return sum / Double(count)
    }

    var details: [OperatorSummary.Detail] {
        [.init(name: "rows", value: rowCount), .init(name: "neighbours", value: neighbours)]
    }
}

extension ModelBuilder {
    /// Fills missing cells with the mean of the nearest rows of a table that have the cell.
    ///
    /// The distance of two rows is the root of the mean of squared differences of the cells that both have, times the number of
    /// columns.
    /// - Parameters:
    ///   - table: [rows x slots], NaN is missing.
    ///   - means: per slot, the value where no row has a cell in common; NaN leaves the slot as it is.
    ///   - neighbours: how many rows count, from 1 to the number of rows.
    ///   - needsAll: refuse a row that has cells in common with fewer rows.
    /// - Returns: one slot per input, in order.
    public mutating func nearestFill(
        _ slots: [Slot], table: [Double], means: [Double], neighbours: Int, needsAll: Bool
    ) throws(ScoringError) -> [Slot] {
        let parameters: JSONObject = [
            "table": addArray(table), "means": addArray(means), "neighbours": .int(neighbours),
            "needsAll": .bool(needsAll), "columns": columnNumbers(slots),
        ]
        return try add(NearestFill.name, inputs: slots, outputCount: slots.count, parameters, origin: .oneToOne)
    }
}
