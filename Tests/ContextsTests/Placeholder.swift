enum ContextsTestsPlaceholder {}
