enum ConvertersTestsPlaceholder {}
