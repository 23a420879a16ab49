import Diagnostics
import HTTPTransport
import Platform

/// What the environment and `~/.databrickscfg` say about Databricks, read as databricks-sdk 0.156 reads it (`config.py`).
///
/// - Attribute by attribute, the environment counts more than the file.
/// - The file is read only when a profile is named, or when the environment has neither a host, nor an Azure resource, nor any
///   credential: a host from the environment is never combined with a token from `[DEFAULT]`.
/// - Without a name the profile is `default_profile` of `[__settings__]`, else `[DEFAULT]`. Values of `[DEFAULT]` are not
///   inherited by other profiles, and `%` means nothing.
struct DatabricksSettings: CustomStringConvertible, CustomReflectable {
    /// Where a value came from.
    enum Source: Sendable, Equatable {
        case caller
        case environment(EnvironmentVariable)
        case file
    }

    private struct Entry {
        let value: String
        let source: Source
    }

    private var entries: [DatabricksAttribute: Entry] = [:]
    /// The path of the file as a person knows it.
    private(set) var filePath = "~/.databrickscfg"
    /// The profile whose values were taken; nil when the file was not read, or has none for us.
    private(set) var loadedProfile: String?
    /// Why the file was not read, or what is odd about it.
    private(set) var notes: [String] = []

    private static let fileLimit = 1 << 20
    private static let settingsSection = "__settings__"

    var description: String { "settings: \(entries.keys.map(\.rawValue).sorted().joined(separator: ", "))" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// - Parameter profile: the profile that the caller names; nil for none.
    /// - Throws: for a profile that is named and does not exist, and a file that breaks the rules of INI files.
    static func read(profile: String?, _ surroundings: Surroundings) throws(CredentialsError) -> DatabricksSettings {
        var settings = DatabricksSettings()
        if let profile, !profile.isEmpty { settings.entries[.profile] = Entry(value: profile, source: .caller) }
        for attribute in DatabricksAttribute.allCases where settings.entries[attribute] == nil {
            for variable in attribute.variables where settings.entries[attribute] == nil {
                guard let value = surroundings[variable] else { continue }
                settings.set(attribute, Entry(value: value, source: .environment(variable)))
            }
        }
        try settings.readFile(surroundings)
        return settings
    }

    private mutating func set(_ attribute: DatabricksAttribute, _ entry: Entry) {
        if attribute.isSecret { Redaction.learn(entry.value) }
        entries[attribute] = entry
    }

    // MARK: The file

    private mutating func readFile(_ surroundings: Surroundings) throws(CredentialsError) {
        let isEnough = DatabricksAttribute.allCases.contains { attribute in
            (attribute.family != nil || attribute == .host || attribute == .azureResourceID) && self[attribute] != nil
        }
        guard self[.profile] != nil || !isEnough else {
            notes.append(
                "`\(escaped(shownPath))` is not read: the environment has a host or a credential, and no profile is named"
            )
            return
        }
        guard let path = path(surroundings), let file = try contents(path) else { return }
        guard let section = try section(file) else { return }
        loadedProfile = section.name
        for key in section.keys {
            guard let attribute = DatabricksAttribute(rawValue: key), entries[attribute] == nil,
                let value = section[key]
            else { continue }
            set(attribute, Entry(value: value, source: .file))
        }
    }

    private var shownPath: String { self[.configFile] ?? filePath }

    /// The path of the file; nil, with a note, when `~` is nowhere.
    private mutating func path(_ surroundings: Surroundings) -> String? {
        filePath = shownPath
        guard filePath == "~" || filePath.hasPrefix("~/") else { return surroundings.absolute(filePath) }
        guard let home = surroundings[.home] else {
            notes.append("`\(escaped(filePath))` is not read: `HOME` is not set")
            return nil
        }
        return surroundings.absolute(home + filePath.dropFirst())
    }

    /// The file; nil, with a note, when there is none.
    private mutating func contents(_ path: String) throws(CredentialsError) -> INIFile? {
        let bytes: [UInt8]
        do {
            let file = try FileDescriptor.open(path)
            notes += SharedFile.note(filePath, mode: try file.status().mode)
            bytes = try file.readAll(limit: Self.fileLimit)
        } catch {
            guard error.isNotFound || error.code == 20 else {
                // The SDK takes a file that it cannot read for an empty one; a person who names a profile should know.
                guard self[.profile] == nil else {
                    throw CredentialsError(
                        .configuration, "cannot read `\(escaped(filePath))`: \(error.reason)",
                        hints: error.diagnostic.hints)
                }
                notes.append("`\(escaped(filePath))` cannot be read: \(error.reason)")
                return nil
            }
            notes.append("there is no file `\(escaped(filePath))`")
            return nil
        }
        return try INIFile.parse(bytes, file: filePath)
    }

    /// The section of the profile; nil, with a note, when none is named and there is no `[DEFAULT]`.
    private mutating func section(_ file: INIFile) throws(CredentialsError) -> INIFile.Section? {
        let chosen = file[Self.settingsSection]?["default_profile"].flatMap { $0.isEmpty ? nil : $0 }
        guard let name = self[.profile] ?? chosen else {
            if file.defaults.keys.isEmpty { notes.append("`\(escaped(filePath))` has no profile `DEFAULT`") }
            return file.defaults.keys.isEmpty ? nil : file.defaults
        }
        guard name != Self.settingsSection else {
            throw CredentialsError(
                .configuration, "cannot use the profile `\(name)`: that section holds settings and is no profile",
                place: Place(file: filePath), hints: profilesHint(file))
        }
        let section = name == "DEFAULT" && !file.defaults.keys.isEmpty ? file.defaults : file[name]
        guard let section else {
            let origin =
                switch entries[.profile]?.source {
                case .environment(let variable)?: "`\(variable.rawValue)` names it"
                case .caller?: "it was named in the command or in a URI"
                case .file?, nil: "`default_profile` in `[\(Self.settingsSection)]` names it"
                }
            throw CredentialsError(
                .configuration, "cannot use the profile `\(escaped(name))`: the file has no such profile",
                place: Place(file: filePath), details: [origin], hints: profilesHint(file))
        }
        if entries[.profile] == nil { entries[.profile] = Entry(value: name, source: .file) }
        return section
    }

    private func profilesHint(_ file: INIFile) -> [String] {
        let names =
            (file.defaults.keys.isEmpty ? [] : ["DEFAULT"])
            + file.sections.map(\.name).filter { $0 != Self.settingsSection }
        guard !names.isEmpty else { return ["it has no profiles; `databricks auth login --profile NAME` makes one"] }
        return ["it has " + names.prefix(20).map { "`\(escaped($0))`" }.joined(separator: ", ")]
    }
}

extension DatabricksSettings {
    /// The value of an attribute; nil when it is not set or empty.
    subscript(_ attribute: DatabricksAttribute) -> String? {
        entries[attribute].flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// The value of a secret attribute.
    func secret(_ attribute: DatabricksAttribute) -> Secret? { self[attribute].map { Secret($0) } }

    /// Where an attribute came from, in words: "`DATABRICKS_TOKEN`", "the profile `dev` of `~/.databrickscfg`".
    func source(of attribute: DatabricksAttribute) -> String? {
        switch entries[attribute]?.source {
        case .caller?: "the command or a URI"
        case .environment(let variable)?: "`\(variable.rawValue)`"
        case .file?: "the profile `\(escaped(loadedProfile ?? "DEFAULT"))` of `\(escaped(filePath))`"
        case nil: nil
        }
    }

    /// Where several attributes came from, each source once, joined by "and"; those that are not set count for nothing.
    func source(of attributes: [DatabricksAttribute]) -> String {
        var words: [String] = []
        for attribute in attributes where self[attribute] != nil {
            if let source = source(of: attribute), !words.contains(source) { words.append(source) }
        }
        return words.joined(separator: " and ")
    }

    /// - Throws: when settings of two families are there and `auth_type` picks none. As in the SDK an empty value in a profile
    ///   counts as there.
    func requireOneFamily() throws(CredentialsError) {
        guard self[.authType] == nil else { return }
        var families: [String: [DatabricksAttribute]] = [:]
        for attribute in DatabricksAttribute.allCases where entries[attribute] != nil {
            if let family = attribute.family { families[family, default: []].append(attribute) }
        }
        let names = families.keys.sorted()
        guard names.count > 1 else { return }
        let details = names.map { name in
            let attributes = families[name] ?? []
            let words = attributes.map { "`\($0.rawValue)` from \(source(of: $0) ?? "nowhere")" }
            return "\(name): \(words.joined(separator: ", "))"
        }
        throw CredentialsError(
            .configuration,
            "cannot sign in to Databricks: more than one authorization method configured: "
                + names.joined(separator: " and "), details: details,
            hints: [
                "name the one that you want in `DATABRICKS_AUTH_TYPE`, as in `pat`, `oauth-m2m`, `file-oidc` or "
                    + "`azure-client-secret`, or unset the settings of the others"
            ])
    }

    /// The address of the workspace, cleaned up as the SDK does: `https` when no scheme is written, no slash and no query at its
    /// end; nil when no host is set.
    func host() throws(CredentialsError) -> HTTPURL? {
        guard let text = self[.host] else { return nil }
        let source = source(of: .host) ?? "nowhere"
        do {
            let written = String(text.withoutOuterSpace)
            return try HTTPURL.parse(written.contains("://") ? written : "https://" + written).url.withoutTail
        } catch {
            let shown = escaped(HTTPURL.withoutSecrets(text))
            throw CredentialsError(
                .configuration, "cannot use `\(shown)` as the Databricks host: \(error.reason)",
                details: ["it comes from \(source)"],
                hints: ["write it as `https://adb-1234567890123456.7.azuredatabricks.net`"])
        }
    }

    /// The scopes to ask for, sorted, separated by spaces.
    var scopes: String {
        let words = Set(self[.scopes]?.split(whereSeparator: { ", ".contains($0) }).map(String.init) ?? [])
        return words.isEmpty ? "all-apis" : words.sorted().joined(separator: " ")
    }
}

extension HTTPURL {
    /// Without query and slashes at the end: what paths are appended to.
    var withoutTail: HTTPURL {
        var base = appending(segments: [])
        while base.path.hasSuffix("/") { base = base.appending(segments: []) }
        return base
    }
}
