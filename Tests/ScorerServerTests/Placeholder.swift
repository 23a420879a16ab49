enum ScorerServerTestsPlaceholder {}
