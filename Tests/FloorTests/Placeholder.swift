enum FloorTestsPlaceholder {}
