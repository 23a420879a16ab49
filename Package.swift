// swift-tools-version: 6.2
import PackageDescription

// No Swift packages: C libraries come in as system library targets, everything else is written here.
// The targets below stand in floors. A target imports only from floors below it, never sideways;
// `FloorTests` reads every import line and enforces that.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// Not beside C: there Swift 6.3 attributes the members of glibc's structs to whichever module it happens to load first, private
// shims of its own among them, so that no list of imports is right twice.
let memberImports: [SwiftSetting] = [.enableUpcomingFeature("MemberImportVisibility")]

// The same executables whatever folder they are built in: a context carries the scorer and its digest.
let product: [SwiftSetting] =
    strict + [
        .unsafeFlags([
            "-file-prefix-map", "\(Context.packageDirectory)=.", "-Xfrontend", "-disable-incremental-llvm-codegen",
        ])
    ]
// The toolchain's own linker; Debian's warns of each name that a static glibc cannot resolve, which the scorer never asks it to.
let linker: LinkerSetting = .unsafeFlags(["-use-ld=lld"])
let stripped: LinkerSetting = .unsafeFlags(
    ["-Xlinker", "-s", "-Xlinker", "--gc-sections", "-Xlinker", "--build-id=none"], .when(configuration: .release))
// The scorer is most of an image. It goes without the tables of characters' names (`UnicodeNames.swift`), and without those that
// exceptions of C++ and backtraces would need: Swift has no such exceptions, and no names are left to trace.
let small: LinkerSetting = .unsafeFlags(
    [
        "-Xlinker", "--wrap=_swift_stdlib_getScalarName", "-Xlinker", "--no-eh-frame-hdr", "-Xlinker",
        "--script=\(Context.packageDirectory)/Sources/ScorerCLI/small.ld",
    ], .when(configuration: .release))

func cLibrary(_ name: String, pkgConfig: String, debian: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([debian])])
}

func floor(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(name)", exclude: exclude,
        swiftSettings: product + memberImports)
}

func floorBesideC(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: product)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies + ["TestKit"], path: "Tests/\(name)Tests",
        swiftSettings: strict)
}

let package = Package(
    name: "skiff",
    products: [
        .executable(name: "skiff", targets: ["SkiffCLI"]),
        .executable(name: "skiff-scorer", targets: ["ScorerCLI"]),
    ],
    targets: [
        // Floor 0: C, module maps and shims only.
        cLibrary("CCurl", pkgConfig: "libcurl", debian: "libcurl4-openssl-dev"),
        cLibrary("CYAML", pkgConfig: "yaml-0.1", debian: "libyaml-dev"),
        cLibrary("CCrypto", pkgConfig: "libcrypto", debian: "libssl-dev"),
        cLibrary("CArchive", pkgConfig: "libarchive", debian: "libarchive-dev"),
        cLibrary("CEvent", pkgConfig: "libevent", debian: "libevent-dev"),
        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),

        // Floor 1: bedrock.
        floor("Diagnostics"),
        floor("Bytes"),

        // Floor 2: tools.
        floor("JSONText", ["Diagnostics", "Bytes"]),
        floor("Arguments", ["Diagnostics"]),
        floorBesideC("Platform", ["Diagnostics", "Bytes", "CLinux"]),
        floorBesideC("Hashing", ["Diagnostics", "Bytes", "CCrypto"]),
        floorBesideC("YAMLText", ["Diagnostics", "Bytes", "CYAML"]),
        floor("Pickle", ["Diagnostics", "Bytes"]),
        floorBesideC("HTTPTransport", ["Diagnostics", "Bytes", "CCurl"]),

        // Floor 3: shapes.
        floorBesideC("FileTrees", ["Diagnostics", "Bytes", "JSONText", "Hashing", "Platform", "CArchive"]),
        floor("MLmodelFormat", ["Diagnostics", "Bytes", "JSONText", "YAMLText"]),
        .target(
            name: "Templates", path: "templates",
            resources: [.embedInCode("native"), .embedInCode("python"), .embedInCode("shared")],
            swiftSettings: product),
        floor("Scoring", ["Diagnostics", "Bytes", "JSONText", "Platform"], exclude: ["Format.md"]),
        floor("OpenAPI", ["JSONText"]),
        floor("Boosters", ["Diagnostics", "Bytes", "JSONText"]),
        floor("SQLiteFiles", ["Diagnostics", "Platform"]),
        floor("Transfers", ["Diagnostics", "Bytes", "Platform", "Hashing", "HTTPTransport"]),
        floor("Credentials", ["Diagnostics", "Bytes", "JSONText", "Platform", "Hashing", "HTTPTransport"]),
        floor("CloudStorage", ["Diagnostics", "Bytes", "JSONText", "Platform", "Hashing", "HTTPTransport"]),

        // Floor 4: work.
        floor(
            "Registry",
            [
                "Diagnostics", "Bytes", "JSONText", "YAMLText", "Platform", "Hashing", "HTTPTransport", "FileTrees",
                "MLmodelFormat", "SQLiteFiles", "Transfers", "Credentials", "CloudStorage",
            ]),
        floor(
            "Converters",
            [
                "Diagnostics", "Bytes", "JSONText", "Hashing", "Pickle", "FileTrees", "MLmodelFormat", "Boosters",
                "Scoring",
            ]),
        floorBesideC(
            "ScorerServer", ["Diagnostics", "Bytes", "JSONText", "Platform", "OpenAPI", "Scoring", "CEvent"]),

        // Floor 5: assembly.
        floor(
            "Contexts",
            [
                "Diagnostics", "Bytes", "JSONText", "Platform", "Hashing", "FileTrees", "MLmodelFormat", "Templates",
                "OpenAPI", "Scoring", "Registry", "Converters",
            ]),

        // Floor 6: judgement.
        floor(
            "Audit",
            [
                "Diagnostics", "Bytes", "JSONText", "Hashing", "FileTrees", "MLmodelFormat", "Scoring", "Registry",
                "Converters", "Contexts",
            ]),

        // Floor 7: doors.
        .executableTarget(
            name: "SkiffCLI",
            dependencies: [
                "Diagnostics", "Bytes", "JSONText", "Arguments", "Platform", "Hashing", "HTTPTransport", "FileTrees",
                "MLmodelFormat", "Scoring", "Credentials", "Registry", "Converters", "Contexts", "Audit",
            ],
            swiftSettings: product,
            linkerSettings: [.unsafeFlags(["-static-stdlib"]), stripped, linker]),
        .executableTarget(
            name: "ScorerCLI",
            dependencies: ["Diagnostics", "Bytes", "JSONText", "Arguments", "Platform", "Scoring", "ScorerServer"],
            exclude: ["small.ld"], swiftSettings: product,
            // Static: the executable runs in an empty root file system (FROM scratch).
            linkerSettings: [.unsafeFlags(["-static-executable"]), stripped, small, linker]),

        // Measured by examples/benchmarks/scoring.sh; no product.
        .executableTarget(
            name: "scoring-benchmark", dependencies: ["Bytes", "JSONText", "Platform", "Scoring"],
            path: "examples/benchmarks/scoring", exclude: ["requirements.txt"], swiftSettings: strict),

        // Measured by examples/benchmarks/decoding.sh; no product.
        .executableTarget(
            name: "decoding-benchmark", dependencies: ["Bytes", "JSONText", "Platform", "Scoring", "ScorerServer"],
            path: "examples/benchmarks/decoding", exclude: ["requirements.txt"], swiftSettings: strict),

        // Tests: one target per target, named after it.
        .target(
            name: "TestKit", dependencies: ["Diagnostics", "Bytes", "JSONText", "Platform"], path: "Tests/TestKit",
            swiftSettings: strict),
        tests("Floor", ["Platform"]),
        tests("Diagnostics", ["Diagnostics"]),
        tests("Bytes", ["Bytes"]),
        tests("JSONText", ["JSONText", "Diagnostics", "Bytes"]),
        tests("Arguments", ["Arguments", "Diagnostics"]),
        tests("Platform", ["Platform", "Diagnostics", "Bytes"]),
        tests("Hashing", ["Hashing", "Bytes"]),
        tests("YAMLText", ["YAMLText", "Diagnostics", "Bytes"]),
        tests("Pickle", ["Pickle", "Diagnostics", "Bytes"]),
        tests("HTTPTransport", ["HTTPTransport", "Diagnostics", "Bytes"]),
        tests("FileTrees", ["FileTrees", "Diagnostics", "Bytes", "Hashing", "Platform"]),
        tests("MLmodelFormat", ["MLmodelFormat", "Diagnostics", "Bytes", "JSONText"]),
        tests("Scoring", ["Scoring", "Diagnostics", "Bytes", "JSONText", "Platform"]),
        tests("OpenAPI", ["OpenAPI", "JSONText"]),
        tests("Boosters", ["Boosters", "Diagnostics", "Bytes", "JSONText", "Platform"]),
        tests("SQLiteFiles", ["SQLiteFiles", "Diagnostics", "Bytes", "JSONText", "Platform"]),
        tests("Transfers", ["Transfers", "Diagnostics", "Bytes", "Hashing", "HTTPTransport", "Platform"]),
        tests("Credentials", ["Credentials", "Diagnostics", "Bytes", "JSONText", "HTTPTransport", "Platform"]),
        tests(
            "CloudStorage",
            ["CloudStorage", "Diagnostics", "Bytes", "JSONText", "Hashing", "HTTPTransport", "Platform"]),
        tests(
            "Registry",
            [
                "Registry", "Diagnostics", "Bytes", "JSONText", "YAMLText", "Hashing", "HTTPTransport", "FileTrees",
                "Platform", "SQLiteFiles", "Transfers", "Credentials", "CloudStorage",
            ]),
        tests(
            "Converters",
            [
                "Converters", "Diagnostics", "Bytes", "JSONText", "Pickle", "FileTrees", "MLmodelFormat", "Boosters",
                "Scoring",
                "Platform",
            ]),
        tests("ScorerServer", ["ScorerServer", "Diagnostics", "Bytes", "JSONText", "Platform", "Scoring"]),
        tests(
            "Contexts",
            [
                "Contexts", "Diagnostics", "Bytes", "JSONText", "Platform", "Hashing", "FileTrees", "MLmodelFormat",
                "Scoring", "Registry", "Converters", "Templates",
            ]),
        tests("Audit", ["Audit", "Diagnostics", "JSONText", "Contexts", "Registry", "FileTrees"]),
        tests(
            "EndToEnd", ["Diagnostics", "Bytes", "JSONText", "Platform", "HTTPTransport", "FileTrees", "Registry"]),
    ],
    swiftLanguageModes: [.v6]
)
