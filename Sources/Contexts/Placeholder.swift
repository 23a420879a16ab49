enum ContextsPlaceholder {}
