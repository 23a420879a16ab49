import CEvent

public func eventVersion() -> String { String(cString: event_get_version()) }
