enum FileTreesPlaceholder {}
