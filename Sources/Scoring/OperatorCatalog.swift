import JSONText

/// Every operator that a program may name.
enum OperatorCatalog {
    static let all: [any Operator.Type] = [
        Argmax.self,
        Bin.self,
        Blank.self,
        CategorySplits.self,
        CentreDistances.self,
        Elementwise.self,
        Function.self,
        Impute.self,
        Interpolate.self,
        Kernels.self,
        Linear.self,
        LinearLeaves.self,
        Link.self,
        Match.self,
        Merge.self,
        MissingIndicator.self,
        Multiply.self,
        NearestFill.self,
        Neighbors.self,
        OneHot.self,
        Pairs.self,
        PowerTransform.self,
        QuantileMap.self,
        Recode.self,
        RequireAbove.self,
        RequireFinite.self,
        RequirePresent.self,
        Scale.self,
        Spline.self,
        TermWeights.self,
        Threshold.self,
        Tokens.self,
        TreeEnsemble.self,
        UnitNorm.self,
        WeightedMedian.self,
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// Reads operator `number` of a program; its outputs begin at `slotCount`. `columns` are the model's inputs.
    static func decode(
        _ object: JSONObject, number: Int, slotCount: Int, columns: [InputColumn], sections: SectionTable
    ) throws(ScoringError) -> (any Operator, outputs: Range<Slot>, inputs: [Slot]) {
        guard let name = object["op"]?.stringValue, let type = byName[name] else {
            let name = object["op"]?.stringValue ?? ""
            throw ScoringError(.tooNew, "operator \(number) is `\(name)`, which this version does not know")
        }
        var fields = try OperatorFields(
            object, number: number, slotCount: slotCount, columns: columns, sections: sections)
        let result = try type.init(&fields)
        try fields.finish()
        return (result, fields.outputs, fields.inputs)
    }
}
