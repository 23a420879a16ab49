import Platform

/// Credentials that a registry lends for an hour or so; asked for when they are first needed, again before they end,
/// and again after a storage has refused them.
final class VendedCredentials {
    private let ask: () throws(RegistryError) -> CloudCredential
    private let now: () -> Int
    private var held: CloudCredential?
    private var lastGoodTime = Int.max

    /// Seconds before the end in which a credential is not used any more, unless it was lent for less than twice that.
    private static let margin = 120_000

    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - ask: the request to the registry.
    init(now: @escaping () -> Int = WallClock.milliseconds, ask: @escaping () throws(RegistryError) -> CloudCredential)
    {
        self.now = now
        self.ask = ask
    }

    /// A credential that is good for now.
    ///
    /// - Throws: what asking throws.
    func current() throws(RegistryError) -> CloudCredential {
        if let held, now() < lastGoodTime { return held }
        let lent = try ask()
        held = lent
        // One that ends before it begins shows that our clock is wrong: it is used until the storage refuses it.
        let life = lent.expiration.map { $0 - now() } ?? 0
        lastGoodTime = life > 0 ? now() + life - min(Self.margin, life / 2) : .max
        return lent
    }

    /// Has the next `current` ask again, unless another than `refused` is held already; nil for whatever is held.
    func renew(_ refused: CloudCredential? = nil) {
        if refused == nil || refused == held { held = nil }
    }
}
