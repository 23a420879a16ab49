extension ResolvedModel {
    /// The key of this version in a cache; nil when its files may change, so that it must not be kept, or are on this machine.
    ///
    /// It stands for the identity without the words that asked for it, and for the whole listing: a registry that was made anew under
    /// the same address never gets old bytes.
    public var cacheKey: CacheKey? { isImmutable && local == nil ? CacheKey(fingerprint) : nil }
}
