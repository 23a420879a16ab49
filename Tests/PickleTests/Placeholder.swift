enum PickleTestsPlaceholder {}
