import Diagnostics

/// Finds a model in the document that XGBoost writes as JSON or UBJSON.
///
/// Source: `src/learner.cc`, `src/gbm/*.cc`, `src/tree/*.cc` (`LoadModel`, `SaveModel`) of 1.7 to 3.2, and `doc/model.schema`.
enum XGBoostDocument {
    static func model(_ root: BoosterValue, _ limits: BoosterLimits) throws(BoostersError) -> XGBoostModel {
        // A pickle holds a snapshot: the model beside the configuration.
        let document = root["learner"] == nil ? root["Model"] ?? root : root
        let learner = try document.required("learner")
        let parameters = try learner.required("learner_model_param")
        let booster = try learner.required("gradient_booster")
        let version = try document.integers("version")
        guard version.count == 3 else { throw document.refuse("its `version` is not three numbers") }
        var model = XGBoostModel(
            version: XGBoostModel.Version(Int(version[0]), Int(version[1])),
            objective: try learner.required("objective").text("name"),
            baseScores: try baseScores(parameters),
            featureCount: try parameters.parameter("num_feature", in: 1...limits.maxFeatures),
            classCount: try parameters.parameter("num_class", in: 0...limits.maxOutputs),
            targetCount: try parameters.parameter("num_target", in: 0...limits.maxOutputs, default: 1),
            featureNames: try learner.texts("feature_names"), featureTypes: try learner.texts("feature_types"),
            attributes: try attributes(learner), booster: .linear([]))
        model.targetCount = max(1, model.targetCount)
        switch try booster.text("name") {
        case "gbtree": model.booster = .trees(try forest(try booster.required("model"), model, nil, limits))
        case "dart":
            let weights = try booster.numbers("weight_drop")
            let trees = try booster.required("gbtree").required("model")
            model.booster = .trees(try forest(trees, model, weights, limits))
        case "gblinear": model.booster = .linear(try booster.required("model").numbers("weights"))
        case let name:
            throw BoostersError(.unsupported, "its booster `\(escaped(name))` is not known", offset: booster.offset)
        }
        return try model.checked(limits)
    }

    /// `5E-1`, or from 3.1 on `[5E-1]`, one number per output.
    private static func baseScores(_ parameters: BoosterValue) throws(BoostersError) -> [Float] {
        var text = try parameters.text("base_score")[...]
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        var scores: [Float] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let score = Float(part.drop { $0 == " " }), score.isFinite else {
                throw parameters.refuse("its `base_score` is not a number or a list of numbers")
            }
            scores.append(score)
        }
        return scores
    }

    private static func attributes(_ learner: BoosterValue) throws(BoostersError) -> [String: String] {
        guard let value = learner["attributes"], case .object(let members) = value.content else { return [:] }
        var attributes: [String: String] = [:]
        for (key, value) in members {
            guard case .text(let text) = value.content else { throw value.refuse("an attribute is not a text") }
            attributes[key] = text
        }
        return attributes
    }

    private static func forest(
        _ value: BoosterValue, _ model: XGBoostModel, _ weights: [Float]?, _ limits: BoosterLimits
    ) throws(BoostersError) -> XGBoostForest {
        let parameters = try value.required("gbtree_model_param")
        let treeCount = try parameters.parameter("num_trees", in: 0...limits.maxTrees)
        let parallel = try parameters.parameter("num_parallel_tree", in: 1...limits.maxTrees, default: 1)
        let objects = try value.objects("trees")
        guard objects.count == treeCount else {
            throw value.refuse("it has \(objects.count) trees instead of \(treeCount)")
        }
        var trees: [XGBoostTree] = []
        trees.reserveCapacity(treeCount)
        for (index, object) in objects.enumerated() {
            // XGBoost puts a tree where its `id` says; it writes them in order.
            guard try object.parameter("id", in: 0...Int(Int32.max)) == index else {
                throw object.refuse("tree \(index) has another `id`")
            }
            trees.append(try tree(object, number: index, model))
        }
        let starts: [Int]
        if value["iteration_indptr"] != nil {
            starts = try value.integers("iteration_indptr").map { Int($0) }
        } else {
            let perIteration = parallel.multipliedReportingOverflow(by: model.outputCount).partialValue
            starts = try XGBoostForest.iterationStarts(
                treeCount: treeCount, perIteration: perIteration, offset: value.offset)
        }
        return XGBoostForest(
            trees: trees, groups: try value.integers("tree_info"), weights: weights, iterationStarts: starts,
            hasCategoryNames: value["cats"]?["enc"].map {
                if case .list(let columns) = $0.content { !columns.isEmpty } else { false }
            } ?? false)
    }

    private static func tree(
        _ value: BoosterValue, number: Int, _ model: XGBoostModel
    ) throws(BoostersError) -> XGBoostTree {
        let parameters = try value.required("tree_param")
        let count = try parameters.parameter("num_nodes", in: 1...Int(Int32.max))
        let width = max(1, try parameters.parameter("size_leaf_vector", in: 0...model.outputCount, default: 0))
        let left = try value.integers("left_children")
        guard left.count == count else {
            throw value.refuse("tree \(number) has \(left.count) nodes instead of \(count)")
        }
        let right = try value.integers("right_children")
        return try XGBoostTree(
            left: left, right: right, feature: try value.integers("split_indices"),
            condition: try value.numbers("split_conditions"), defaultLeft: try value.flags("default_left"),
            categories: try categories(value, number: number, count), leafWidth: width,
            vectors: width == 1 ? [] : try vectors(value, left, right, width), featureCount: model.featureCount,
            number: number, offset: value.offset)
    }

    /// The vectors of all nodes: up to 3.0 the nodes' weights; from 3.1 on a table of their own, into which a leaf's right child
    /// points.
    private static func vectors(
        _ value: BoosterValue, _ left: [Int32], _ right: [Int32], _ width: Int
    ) throws(BoostersError) -> [Float] {
        guard value["leaf_weights"] != nil else { return try value.numbers("base_weights") }
        let weights = try value.numbers("leaf_weights")
        guard weights.count.isMultiple(of: width), right.count == left.count else {
            throw value.refuse("its `leaf_weights` are not vectors of \(width)")
        }
        var vectors = [Float](repeating: 0, count: left.count * width)
        for node in left.indices where left[node] == -1 {
            let leaf = Int(right[node])
            guard leaf >= 0, leaf < weights.count / width else {
                throw value.refuse("leaf \(node) has a vector that does not exist")
            }
            for index in 0..<width { vectors[node * width + index] = weights[leaf * width + index] }
        }
        return vectors
    }

    private static func categories(
        _ value: BoosterValue, number: Int, _ count: Int
    ) throws(BoostersError) -> [Int32: [Int32]] {
        guard value["split_type"] != nil else { return [:] }
        let types = try value.integers("split_type")
        guard types.count == count, types.allSatisfy({ $0 == 0 || $0 == 1 }) else {
            throw value.refuse("the kinds of splits of tree \(number) are not 0 and 1")
        }
        let nodes = try value.integers("categories_nodes")
        let starts = try value.integers("categories_segments")
        let sizes = try value.integers("categories_sizes")
        let all = try value.integers("categories")
        guard starts.count == nodes.count, sizes.count == nodes.count,
            zip(nodes, nodes.dropFirst()).allSatisfy({ $0 < $1 }), all.allSatisfy({ $0 >= 0 && $0 < 1 << 24 })
        else { throw value.refuse("the categories of tree \(number) are not as XGBoost writes them") }
        var table: [Int32: [Int32]] = [:]
        for (index, node) in nodes.enumerated() {
            let (start, size) = (Int(starts[index]), Int(sizes[index]))
            guard node >= 0, node < count, types[Int(node)] == 1, start >= 0, size > 0, start + size <= all.count else {
                throw value.refuse("the categories of tree \(number) are not as XGBoost writes them")
            }
            table[node] = Array(all[start..<start + size])
        }
        guard table.count == types.count(where: { $0 == 1 }) else {
            throw value.refuse("a split of tree \(number) has no categories")
        }
        return table
    }
}
