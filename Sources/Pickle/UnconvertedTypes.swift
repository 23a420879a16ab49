/// What helps the person whose model holds a type that is not converted: types that do the same and are converted.
enum UnconvertedTypes {
    /// What helps with any type.
    static let otherwise = "`skiff pack` serves the model with its Python environment"

    /// The advice for a type, by its name.
    static let advice: [String: String] = {
        var table: [String: String] = [:]
        for (names, words) in groups {
            for name in names { table[name] = "\(words); or \(otherwise)" }
        }
        return table
    }()

    private static let groups: [(names: [String], words: String)] = [
        (["DictVectorizer", "FeatureHasher"], "encode the columns of a pandas table with OneHotEncoder"),
        (["KernelRidge"], "SVR with the same kernel is converted, and so is Ridge"),
        (["LabelPropagation", "LabelSpreading"], "SelfTrainingClassifier is converted"),
        (["LocalOutlierFactor", "EllipticEnvelope"], "IsolationForest and OneClassSVM are converted"),
        (["RadiusNeighborsClassifier"], "KNeighborsClassifier is converted"),
        (["RadiusNeighborsRegressor"], "KNeighborsRegressor is converted"),
        (
            ["KNeighborsTransformer", "RadiusNeighborsTransformer"],
            "KNeighborsClassifier and KNeighborsRegressor are converted"
        ),
        (["OutputCodeClassifier"], "OneVsRestClassifier and OneVsOneClassifier are converted"),
        (["BisectingKMeans"], "KMeans and MiniBatchKMeans are converted"),
        (
            [
                "DictionaryLearning", "FactorAnalysis", "Isomap", "KernelPCA", "LatentDirichletAllocation",
                "LocallyLinearEmbedding",
                "MiniBatchDictionaryLearning", "MiniBatchNMF", "MiniBatchSparsePCA", "NMF", "SparseCoder", "SparsePCA",
            ], "PCA and TruncatedSVD are converted"
        ),
        (["GaussianRandomProjection", "SparseRandomProjection"], "PCA and TruncatedSVD are converted"),
        (
            ["AdditiveChi2Sampler", "Nystroem", "PolynomialCountSketch", "RBFSampler", "SkewedChi2Sampler"],
            "SVC and SVR with a kernel, PolynomialFeatures and SplineTransformer are converted"
        ),
        (["RandomTreesEmbedding"], "tree ensembles themselves are converted"),
        (["FeatureAgglomeration"], "SelectKBest and PCA are converted"),
        (["BernoulliRBM"], "MLPClassifier and MLPRegressor are converted"),
        (["MultiLabelBinarizer"], "MultiOutputClassifier is converted"),
    ]
}
