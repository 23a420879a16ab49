enum ScoringTestsPlaceholder {}
