/// The nearest points that were met so far, the farthest of them on top of a heap.
///
/// Source: `heap_push` of `sklearn/utils/_heap.pyx`, 1.1.3 to 1.9.1.
struct NeighborHeap {
    let count: Int
    let values: UnsafeMutablePointer<Double>
    let points: UnsafeMutablePointer<Int>

    func clear() {
        for index in 0..<count {
            values[index] = .infinity
            points[index] = 0
        }
    }

    /// Puts a point among the nearest when it is nearer than the farthest of them, which is at the top of a heap.
    func push(_ value: Double, _ point: Int) {
        guard value < values[0] else { return }
        var place = 0
        while true {
            let left = 2 * place + 1
            guard left < count else { break }
            let right = left + 1
            let larger = right >= count || values[left] >= values[right] ? left : right
            guard values[larger] > value else { break }
            values[place] = values[larger]
            points[place] = points[larger]
            place = larger
        }
        values[place] = value
        points[place] = point
    }

    /// Takes the heap apart, so that distances ascend.
    func sort() {
        var size = count
        while size > 1 {
            size -= 1
            let (value, point) = (values[size], points[size])
            (values[size], points[size]) = (values[0], points[0])
            var place = 0
            while 2 * place + 1 < size {
                let left = 2 * place + 1
                let larger = left + 1 < size && values[left + 1] > values[left] ? left + 1 : left
                guard values[larger] > value else { break }
                (values[place], points[place]) = (values[larger], points[larger])
                place = larger
            }
            (values[place], points[place]) = (value, point)
        }
    }
}
