enum ArgumentsTestsPlaceholder {}
