import JSONText

/// One tensor while it is read.
struct TensorCursor {
    /// Where its elements go.
    enum Target {
        /// One element a row is the cell.
        case column(Int)
        /// Rows of cells, one for each column.
        case matrix
        /// Rows of elements are the parts of a tensor.
        case tensor(Int, TensorTarget)
        /// Rows of elements are arrays.
        case array(Int)
        /// One text a row is the JSON of an array, an object or a map.
        case text(Int)
    }

    let input: OpenInferenceRequest.Input
    let number: Int
    var target: Target
    /// The number of elements read.
    var position = 0
    /// The JSON of the row so far.
    var row: [UInt8] = []
    /// The number of elements in each array of a row, the outermost first.
    private let blocks: [Int]

    init(input: OpenInferenceRequest.Input, number: Int, target: Target) {
        self.input = input
        self.number = number
        self.target = target
        var blocks: [Int] = []
        for length in input.shape.dropFirst().reversed() { blocks.insert((blocks.first ?? 1) * length, at: 0) }
        self.blocks = blocks
    }

    /// Appends an element to the row, with the brackets that the shape puts around it.
    mutating func append(_ element: UnsafeRawBufferPointer) {
        let index = position % input.rowCount
        if index > 0 { row.append(UInt8(ascii: ",")) }
        for block in blocks where index % block == 0 { row.append(UInt8(ascii: "[")) }
        row.append(contentsOf: element)
        for block in blocks where (index + 1) % block == 0 { row.append(UInt8(ascii: "]")) }
    }
}

/// Which element of which tensor a message is about.
struct TensorPlaces {
    struct Input {
        var shape: [Int]
        var rowCount: Int
        /// Whether its data are arrays of arrays.
        var isNested = false
    }

    var inputs: [Input] = []
    /// Per column, the tensor that holds it.
    var inputOfColumn: [Int] = []
    /// The columns of the one tensor that holds a whole table; 0 when each column has its own.
    var matrixWidth = 0
    /// The element that is being read; nil before and after.
    var leaf: Int?

    init() {}

    init(columnCount: Int) { inputOfColumn = Array(repeating: 0, count: columnCount) }

    mutating func add(_ input: OpenInferenceRequest.Input) {
        inputs.append(Input(shape: input.shape, rowCount: input.rowCount))
    }

    func pointer(row: Int?, column: Int?) -> String {
        guard let row else { return "/inputs" }
        let input = matrixWidth > 0 ? 0 : column.map { inputOfColumn[$0] } ?? 0
        let first = row * inputs[input].rowCount
        return pointer(input: input, index: leaf ?? first + (matrixWidth > 0 ? column ?? 0 : 0))
    }

    /// The JSON pointer of an element; for binary data, of the place where it would stand.
    func pointer(input: Int, index: Int) -> String {
        let start = "/inputs/\(input)/data"
        guard inputs[input].isNested else { return "\(start)/\(index)" }
        var path = ""
        var rest = index
        for length in inputs[input].shape.reversed() {
            path = "/\(rest % length)" + path
            rest /= length
        }
        return start + path
    }
}
