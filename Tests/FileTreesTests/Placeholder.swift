enum FileTreesTestsPlaceholder {}
