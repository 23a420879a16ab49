/// How a program runs: its operators, but one-hot columns and categorical splits that only trees read are not made.
///
/// The file says nothing of it, and the answers are the same bits: the trees take the ranks of such slots from the category.
enum TreeFusion {
    /// What runs in place of `operators`.
    ///
    /// - Parameters:
    ///   - inputs: per operator, the slots that it reads.
    ///   - answer: the slots that are answered.
    ///   - slotCount: of the whole program.
    static func steps(_ operators: [any Operator], inputs: [[Slot]], answer: [Slot], slotCount: Int) -> [any Operator] {
        guard operators.contains(where: { $0 is OneHot || $0 is CategorySplits }) else { return operators }
        let readers = readers(inputs, answer, slotCount)
        var steps = operators
        var unneeded: Set<Int> = []
        for (number, step) in operators.enumerated() {
            if let oneHot = step as? OneHot, let reader = single(readers[oneHot.outputs]),
                let fused = (steps[reader] as? TreeEnsemble)?.fusing(oneHot)
            {
                steps[reader] = fused
                steps[number] = OneHotCheck(oneHot: oneHot)
            } else if let splits = step as? CategorySplits, let reader = single(readers[splits.outputs]),
                let fused = (steps[reader] as? TreeEnsemble)?.fusing(splits)
            {
                steps[reader] = fused
                unneeded.insert(number)
            }
        }
        return steps.indices.filter { !unneeded.contains($0) }.map { steps[$0] }
    }

    private static let nobody: Int32 = -1
    private static let several: Int32 = -2

    /// Per slot the operator that reads it, `nobody`, or `several` when others or the answer do too.
    private static func readers(_ inputs: [[Slot]], _ answer: [Slot], _ slotCount: Int) -> [Int32] {
        var readers = Array(repeating: nobody, count: slotCount)
        for (number, slots) in inputs.enumerated() {
            for slot in slots where readers[slot] != Int32(number) {
                readers[slot] = readers[slot] == nobody ? Int32(number) : several
            }
        }
        for slot in answer { readers[slot] = several }
        return readers
    }

    private static func single(_ readers: ArraySlice<Int32>) -> Int? {
        var found = nobody
        for reader in readers where reader != nobody {
            guard reader != several, found == nobody || found == reader else { return nil }
            found = reader
        }
        return found == nobody ? nil : Int(found)
    }
}

/// What is left of an encoder whose columns are not made: it refuses the categories that it does not take.
private struct OneHotCheck: Operator {
    static let name = OneHot.name
    let oneHot: OneHot

    init(oneHot: OneHot) { self.oneHot = oneHot }

    init(_ fields: inout OperatorFields) throws(ScoringError) { oneHot = try OneHot(&fields) }

    func run(_ block: RowBlock) throws(ScoringError) { try oneHot.check(block) }
}
