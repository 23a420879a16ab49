enum MLmodelFormatTestsPlaceholder {}
