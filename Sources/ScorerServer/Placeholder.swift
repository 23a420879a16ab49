import CEvent

/// libevent version.
public func eventVersion() -> String { String(cString: event_get_version()) }
